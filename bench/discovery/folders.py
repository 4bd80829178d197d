"""GGUF files in the folders of other programs."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bench import hub
from bench.discovery import SPLIT, Candidate, Places, UnusableError, candidate
from bench.text import plain
from bench.untrusted import parse_json, read_file, table, word

MAX_DEPTH = 8
"""Depth to which folders are searched."""

Models = tuple[list[Candidate], list[str]]
"""Candidates, and a line for each unusable file."""


def models(places: Places) -> Models:
    """The folder of models that this project uses."""
    return below(places.models, f"in {places.models.name}/")


def hugging_face(places: Places) -> Models:
    """The cache of Hugging Face: models--<org>--<repo>/snapshots/<commit>/…, links into blobs/."""
    home = places.environment_folder("HF_HOME", ".cache", "huggingface")
    cache = places.environment_folder("HF_HUB_CACHE") if places.environment.get("HF_HUB_CACHE") else home / "hub"
    candidates, left_out = below(cache, "in Hugging Face's cache", within="snapshots")
    return [replace(model, model=repository_name(Path(model.model), cache)) for model in candidates], left_out


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


def lm_studio(places: Places) -> Models:
    """LM Studio's folders: <publisher>/<repo>/…, the default ones and the one in its settings."""
    roots = [places.home / ".lmstudio", places.home / ".cache" / "lm-studio"]
    folders = [root / "models" for root in roots]
    for root in roots:
        try:
            settings = table(parse_json(read_file(root / "settings.json", 1 << 20)))
        except (OSError, ValueError):
            continue
        if folder_name := word(settings.get("downloadsFolder")):
            folders.append(Path(folder_name))
    return merge(below(folder, "in LM Studio's folder") for folder in folders)


def llama_cpp(places: Places) -> Models:
    """llama.cpp's own cache, into which `-hf` downloads."""
    cache = places.environment_folder("LLAMA_CACHE", ".cache", "llama.cpp")
    folders = [cache, places.home / "Library" / "Caches" / "llama.cpp"]
    return merge(below(folder, "in llama.cpp's cache") for folder in folders)


def merge(parts: Iterable[Models]) -> Models:
    """The candidates and unusable files of several places."""
    candidates: list[Candidate] = []
    left_out: list[str] = []
    for usable, unusable in parts:
        candidates += usable
        left_out += unusable
    return candidates, left_out


def below(folder: Path, source: str, *, within: str = "") -> Models:
    """The models below a folder, sorted by path; with `within`, only those below a folder of that name."""
    candidates, left_out = [], []
    for path in sorted(_files(folder)):
        split = SPLIT.search(path.stem)
        if (split and split[1] != "00001") or (within and within not in path.parts):
            continue
        if path.name.startswith(("mmproj", "ggml-vocab")):
            continue
        try:
            candidates.append(candidate(path, source))
        except (UnusableError, OSError) as error:
            left_out.append(f"{plain(str(path))}: {error.strerror if isinstance(error, OSError) else error}")
    return candidates, left_out


def _files(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen or len(Path(root).relative_to(folder).parts) > MAX_DEPTH:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(root, name) for name in names if name.endswith(".gguf"))
