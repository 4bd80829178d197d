"""Models on a Hugging Face hub: `hf:<org>/<repo>:<quantization or file>`, kept in the hub's own cache.

Only `download` needs the network. HF_ENDPOINT, HF_TOKEN, HF_HOME and HF_HUB_CACHE are the hub's own variables.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

from bench import gguf
from bench.console import print_line, size
from bench.errors import BenchError, DownloadError
from bench.files import user_path
from bench.locks import locked
from bench.progress import Progress, live
from bench.text import plain

PREFIX = "hf:"
FORM = "hf:<org>/<repo>:<quantization, or a file of the repository>"
REFERENCE = re.compile(r"hf:([\w.-]+/[\w.-]+):([\w./-]+)")
NO_MODEL = ("mmproj", "imatrix")
"""Beginnings of the names of files that belong to a model, and are none."""


class AbsentError(Exception):
    """A repository lacks the chosen file; a phrase with those that it has."""


@dataclass(frozen=True)
class Reference:
    """A model of a repository: all files of a quantization, or one file with its further parts."""

    repository: str
    chosen: str

    @classmethod
    def parse(cls, model: str) -> "Reference | None":
        """The model that `hf:…` names; None for another form."""
        match = REFERENCE.fullmatch(model)
        return cls(match[1], match[2]) if match and ".." not in match[1] + match[2] else None

    def select(self, files: Iterable[str]) -> list[str]:
        """The model's files, in order, among those of a repository. Raises AbsentError."""
        models: dict[str, list[str]] = {}
        for file in sorted(file for file in files if file.endswith(".gguf")):
            if not PurePosixPath(file).name.lower().startswith(NO_MODEL):
                models.setdefault(gguf.PART.sub("", file), []).append(file)
        if self.chosen.endswith(".gguf"):
            name = gguf.PART.sub("", self.chosen)
            matches = [model for model in models if name in (model, PurePosixPath(model).name)]
        else:
            matches = [model for model in models if quantization(model).lower() == self.chosen.lower()]
        if len(matches) == 1:
            return models[matches[0]]
        if matches:
            raise AbsentError(f"has several files of {self.chosen}; name one of {', '.join(matches)}")
        names = dict.fromkeys(quantization(model) or model for model in models)
        if self.chosen.endswith(".gguf"):
            names = dict.fromkeys(models)
        raise AbsentError(f"has no {self.chosen}; it has {', '.join(names) or 'no GGUF file at all'}")


def quantization(file: str) -> str:
    """The quantization of a repository's file, by its name, or by the folder in which it lies."""
    path = PurePosixPath(file)
    return gguf.quantization_in(path.name) or gguf.quantization_in(path.parent.name)


def cache(environment: Mapping[str, str] = os.environ, home: Path = Path("~")) -> Path:
    """The folder where Hugging Face's programs keep their downloads, in a home folder and environment."""
    named = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return user_path(named)
    base = Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "huggingface"
    return user_path(environment.get("HF_HOME") or base) / "hub"


def cached(model: str) -> Path:
    """The model's (first) file where all of it is in the cache; else a path there that does not exist."""
    reference = Reference.parse(model)
    assert reference is not None, "profiles/file.py lets no other one in"
    folder = _folder(reference)
    for snapshot in _snapshots(folder):
        files = [str(path.relative_to(snapshot)) for path in snapshot.rglob("*.gguf") if path.is_file()]
        try:
            first = snapshot / reference.select(files)[0]
        except AbsentError:
            continue
        if all(part.is_file() for part in gguf.expected(first)):
            return first
    return folder / f"{reference.chosen.removesuffix('.gguf')}.gguf"


def _folder(reference: Reference) -> Path:
    return cache() / f"models--{reference.repository.replace('/', '--')}"


def _snapshots(folder: Path) -> list[Path]:
    """The downloaded commits of a repository, that of its main branch first, then the newest."""
    try:
        main = (folder / "refs" / "main").read_text().strip()
        newest = sorted((folder / "snapshots").iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    except (OSError, ValueError):
        return []
    return sorted(newest, key=lambda path: path.name != main)


def download(model: str, where: str) -> Path:
    """Download a model's files into the cache; its first file. An interrupted download is resumed.

    `where` names the profile. Raises DownloadError where the hub, the connection or the disk fails.
    """
    reference = Reference.parse(model)
    assert reference is not None, "profiles/file.py lets no other one in"
    endpoint = os.environ.get("HF_ENDPOINT") or None
    try:
        chosen = _listed(reference, endpoint)
        missing = sum(_missing_bytes(reference, file) for file in chosen)
        _check_space(missing)
        print_line(f"  downloads {model} ({size(missing)}) into {cache()}")
        total = sum(int(file.size) for file in chosen)
        progress = Progress(where, total, had=total - missing, unit=size)
        with locked(_folder(reference) / ".bench.lock", subject=f"The download of {model}", wait=True), live(progress):
            paths = [_fetch(reference, file, endpoint, progress) for file in chosen]
    except AbsentError as error:
        raise DownloadError(f"{where}: {reference.repository} {error}; correct model in profiles.toml.") from None
    except BenchError as error:
        raise DownloadError(f"{where}: {error.sentence}") from None
    except Exception as error:
        raise DownloadError(f"{where}: {model} cannot be downloaded: {reason(error, reference.repository)}.") from error
    return paths[0]


def _listed(reference: Reference, endpoint: str | None) -> list[Any]:
    """The model's files as the hub describes them, in order."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    from huggingface_hub import HfApi  # noqa: PLC0415 - only where something is downloaded
    from huggingface_hub.hf_api import RepoFile  # noqa: PLC0415 - as above

    tree = HfApi(endpoint=endpoint).list_repo_tree(reference.repository, recursive=True)
    # Their names and hashes become paths on this machine.
    files = {file.path: file for file in tree if isinstance(file, RepoFile) and ".." not in file.path}
    chosen = [files[name] for name in reference.select(files)]
    for file in chosen:
        if not re.fullmatch(r"[0-9a-f]{40,64}", _hash(file)):
            raise DownloadError(f"the hub names no hash of {plain(file.path)}; name another file in profiles.toml.")
    return chosen


def _hash(file: Any) -> str:
    return str(file.lfs.sha256 if file.lfs else file.blob_id)


def _blob(reference: Reference, file: Any) -> Path:
    return _folder(reference) / "blobs" / _hash(file)


def _part(reference: Reference, file: Any) -> Path:
    """The downloaded part of a file; the hub's own library would begin anew in each run."""
    blob = _blob(reference, file)
    return blob.with_name(f"{blob.name}.part.incomplete")


def _missing_bytes(reference: Reference, file: Any) -> int:
    """Bytes of a file that are not here."""
    if _blob(reference, file).is_file():
        return 0
    part = _part(reference, file)
    return max(0, int(file.size) - (part.stat().st_size if part.is_file() else 0))


def _check_space(needed: int) -> None:
    folder = cache()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise DownloadError(
            f"the model needs {size(needed)} in {folder}, where {size(free)} are free; free space, or let HF_HUB_CACHE "
            "name a folder on another disk."
        )


def _bar(progress: Progress) -> contextlib.nullcontext[Any]:
    """A progress bar for the hub's library, which counts bytes; a negative number where a server starts again."""

    def update(count: int) -> None:
        progress.done += count

    return contextlib.nullcontext(SimpleNamespace(update=update))


def _fetch(reference: Reference, file: Any, endpoint: str | None, progress: Progress) -> Path:
    """A file in the cache; its content is checked against the hash that the hub names."""
    from huggingface_hub import file_download, hf_hub_download, hf_hub_url  # noqa: PLC0415 - as above
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # noqa: PLC0415 - as above

    blob, part = _blob(reference, file), _part(reference, file)
    if file.lfs and not blob.is_file():
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as content:
            url = hf_hub_url(reference.repository, file.path, endpoint=endpoint)
            file_download.http_get(
                url, content, resume_size=content.tell(), headers=build_hf_headers(), expected_size=file.size,
                displayed_filename=PurePosixPath(file.path).name, tqdm_class=lambda **_: _bar(progress),  # type: ignore[arg-type]
            )  # fmt: skip
        with part.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != file.lfs.sha256:
                part.unlink()
                raise DownloadError(
                    f"{file.path} of {reference.repository} did not come as the hub describes it (another SHA-256) and "
                    "was removed; start again, and if it stays so, report it to the repository's owner."
                )
        part.replace(blob)
    # A file under its hash is not downloaded again; the snapshot is made of links to it.
    return Path(hf_hub_download(reference.repository, file.path, endpoint=endpoint, cache_dir=cache()))


def reason(error: Exception, repository: str) -> str:
    """The reason why a download failed, and the remedy, as a phrase."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return (
            f"the hub answers {status} for {repository}, which is private, asks for a consent on its page, or does not "
            "exist; correct the name, or put a token that may read it into HF_TOKEN"
        )
    if status == 404:
        return f"the hub has no repository {repository}, or not this file (404); correct model in profiles.toml"
    if status == 429:
        return "the hub has had too many requests (429); try again later, or with a token in HF_TOKEN"
    if isinstance(error, OSError) and error.errno:
        return (
            f"{plain(error.strerror or str(error))} in {cache()}; free space, or let HF_HUB_CACHE name another folder"
        )
    message = plain(str(error)) or type(error).__name__
    return f"{message.rstrip('.')}; start again to go on where it ended"
