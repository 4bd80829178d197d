"""GGUF files in the folders where programs keep them."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bench import hub
from bench.discovery import SPLIT, Candidate, Places, UnusableError, candidate
from bench.text import plain
from bench.untrusted import parse_json, read_file, table, word

DEPTH = 8
"""Folders below each other in which files are looked for."""

Found = tuple[list[Candidate], list[str]]
"""Candidates, and a line for each file that is none."""


def models(places: Places) -> Found:
    """The folder of models that this project uses."""
    return below(places.models, f"in {places.models.name}/")


def hugging_face(places: Places) -> Found:
    """The cache of Hugging Face: models--<org>--<repo>/snapshots/<commit>/…, links into blobs/."""
    home = places.named("HF_HOME", ".cache", "huggingface")
    cache = places.named("HF_HUB_CACHE") if places.environment.get("HF_HUB_CACHE") else home / "hub"
    found, left_out = below(cache, "in Hugging Face's cache", within="snapshots")
    return [replace(one, model=repository_name(Path(one.model), cache)) for one in found], left_out


def repository_name(path: Path, cache: Path) -> str:
    """What a file of Hugging Face's cache is called on the hub: `hf:…`, by its quantization where that is enough."""
    repository, _, commit, *_ = path.relative_to(cache).parts
    snapshot = cache / repository / "snapshots" / commit
    files = [str(each.relative_to(snapshot)) for each in snapshot.rglob("*.gguf")]
    name = repository.removeprefix("models--").replace("--", "/", 1)
    file = str(path.relative_to(snapshot))
    with contextlib.suppress(hub.AbsentError):
        reference = hub.Reference(name, hub.quantization(file))
        if reference.chosen and reference.select(files)[0] == file:
            return f"{hub.PREFIX}{name}:{reference.chosen}"
    return f"{hub.PREFIX}{name}:{file}"


def lm_studio(places: Places) -> Found:
    """LM Studio's folder: <publisher>/<repo>/…; its settings may name another than the usual ones."""
    roots = [places.home / ".lmstudio", places.home / ".cache" / "lm-studio"]
    folders = [root / "models" for root in roots]
    for root in roots:
        try:
            settings = table(parse_json(read_file(root / "settings.json", 1 << 20)))
        except (OSError, ValueError):
            continue
        if named := word(settings.get("downloadsFolder")):
            folders.append(Path(named))
    return joined(below(folder, "in LM Studio's folder") for folder in folders)


def llama_cpp(places: Places) -> Found:
    """llama.cpp's own cache of what `-hf` has downloaded."""
    folders = [places.named("LLAMA_CACHE", ".cache", "llama.cpp"), places.home / "Library" / "Caches" / "llama.cpp"]
    return joined(below(folder, "in llama.cpp's cache") for folder in folders)


def joined(several: Iterable[Found]) -> Found:
    """What was found in several places, as one."""
    candidates: list[Candidate] = []
    left_out: list[str] = []
    for found, unusable in several:
        candidates += found
        left_out += unusable
    return candidates, left_out


def below(folder: Path, source: str, *, within: str = "") -> Found:
    """The models below a folder, in the order of their names; only below a folder called `within`, if one is named."""
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
        if real in seen or len(Path(root).relative_to(folder).parts) > DEPTH:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(root, name) for name in names if name.endswith(".gguf"))
