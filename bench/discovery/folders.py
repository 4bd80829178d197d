"""GGUF files in the folders of other programs."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from bench import gguf, hub
from bench.discovery import Candidates, Places, UnusableError, candidate
from bench.files import read_table
from bench.text import plain
from bench.untrusted import word

MAX_DEPTH = 8
"""Depth to which folders are searched."""


def models(places: Places) -> Candidates:
    """The folder of models that this project uses."""
    return below(places.models, f"in {places.models.name}/")


def hugging_face(places: Places) -> Candidates:
    """The cache of Hugging Face: models--<org>--<repo>/snapshots/<commit>/…, links into blobs/."""
    cache = hub.cache(places.environment, places.home)
    for each in below(cache, "in Hugging Face's cache", within="snapshots"):
        yield each if isinstance(each, str) else replace(each, model=repository_name(Path(each.model), cache))


def repository_name(path: Path, cache: Path) -> str:
    """The reference of a file in Hugging Face's cache: `hf:…`, by its quantization where that is unique."""
    repository, _, commit, *_ = path.relative_to(cache).parts
    snapshot = cache / repository / "snapshots" / commit
    files = [str(path.relative_to(snapshot)) for path in snapshot.rglob("*.gguf")]
    name = repository.removeprefix("models--").replace("--", "/", 1)
    file = str(path.relative_to(snapshot))
    with contextlib.suppress(hub.AbsentError):
        reference = hub.Reference(name, hub.quantization(file))
        if reference.chosen and reference.select(files)[0] == file:
            return f"{hub.PREFIX}{name}:{reference.chosen}"
    return f"{hub.PREFIX}{name}:{file}"


def lm_studio(places: Places) -> Candidates:
    """LM Studio's folders: <publisher>/<repo>/…, the default ones and the one in its settings."""
    roots = [places.home / ".lmstudio", places.home / ".cache" / "lm-studio"]
    named = (word(read_table(root / "settings.json").get("downloadsFolder")) for root in roots)
    folders = [*(root / "models" for root in roots), *map(Path, filter(None, named))]
    return chain.from_iterable(below(folder, "in LM Studio's folder") for folder in folders)


def llama_cpp(places: Places) -> Candidates:
    """llama.cpp's own cache, into which `-hf` downloads."""
    cache = places.environment_folder("LLAMA_CACHE", ".cache", "llama.cpp")
    folders = [cache, places.home / "Library" / "Caches" / "llama.cpp"]
    return chain.from_iterable(below(folder, "in llama.cpp's cache") for folder in folders)


def below(folder: Path, source: str, *, within: str = "") -> Candidates:
    """The models below a folder, sorted by path; with `within`, only those below a folder of that name."""
    for path in sorted(_files(folder)):
        further_part = gguf.expected(path)[0] != path
        if further_part or (within and within not in path.parts) or path.name.startswith(("mmproj", "ggml-vocab")):
            continue
        try:
            yield candidate(path, source)
        except (UnusableError, OSError) as error:
            yield f"{plain(str(path))}: {error.strerror if isinstance(error, OSError) else error}"


def _files(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen or len(Path(root).relative_to(folder).parts) > MAX_DEPTH:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(root, name) for name in names if name.endswith(".gguf"))
