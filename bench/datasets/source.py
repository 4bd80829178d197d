"""Where a dataset's files are on this machine, and how they come here: resumed downloads, checked by their sha256."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.datasets.declared import Declaration
from bench.errors import BenchError, DatasetError
from bench.files import digest, user_path, write_atomic
from bench.locks import locked
from bench.progress import Progress, live

BUNDLED = Path(__file__).parents[1] / "demo"
CHUNK = 1 << 20
LARGE = 1 << 24
"""Bytes of a file from which its digest is kept."""

STALLED = 60.0
"""Seconds without a byte after which a download is given up; the next one goes on from there."""


def folder() -> Path:
    """Where downloaded datasets lie: BENCH_DATASETS, or the user's cache folder."""
    named = os.environ.get("BENCH_DATASETS")
    return user_path(named) if named else _cache("bench") / "datasets"


def override(declaration: Declaration) -> str:
    """The file that the environment names instead; "" for none."""
    return os.environ.get(declaration.variable, "") if declaration.variable else ""


def locations(declaration: Declaration) -> tuple[Path, ...]:
    """The dataset's files, whether or not they are there."""
    if named := override(declaration):
        return (Path(named),)
    if declaration.md5:
        return (_cache("evalplus") / declaration.files[0],)
    base = BUNDLED if declaration.name in ("demo", "demo-mbpp") else folder()
    return tuple(base / file for file in declaration.files)


def fingerprint(declaration: Declaration) -> str | None:
    """One digest of all its files, or None where one is not on this machine or cannot be read.

    That of a single file is its md5, the name that EvalPlus gives a dataset.
    """
    try:
        found = [_tasks(path) if declaration.format == "tasks" else _digest(path) for path in locations(declaration)]
    except OSError:
        return None
    return found[0] if len(found) == 1 else hashlib.md5(" ".join(found).encode(), usedforsecurity=False).hexdigest()


def published(declaration: Declaration) -> bool:
    """Whether its files, which are here, are those that the declaration has the checksums of."""
    sums = declaration.sha256
    return bool(sums) and all(hashlib.sha256(path.read_bytes()).hexdigest() in sums for path in locations(declaration))


def fetch(declaration: Declaration) -> None:
    """Download what is missing. Raises DatasetError, which names the file to put where, if that fails."""
    for number, path in enumerate(locations(declaration)):
        if path.exists():
            continue
        if path == Path(override(declaration)):
            raise DatasetError(
                f"The dataset {declaration.title} is not at {path}, which {declaration.variable} names; put it there, "
                "or unset it."
            )
        if number >= len(declaration.urls):
            raise DatasetError(
                f"The dataset {declaration.title} is not at {path}; put its file there, or name another folder in "
                "BENCH_DATASETS (docs/reference/datasets.md says where each comes from)."
            )
        with locked(path.with_name(f".{path.name}.lock"), what=f"The download of {path.name}", wait=True):
            if not path.exists():
                _download(declaration, path, declaration.urls[number], declaration.sha256[number])


def _download(declaration: Declaration, path: Path, url: str, sha256: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _receive(declaration.title, url, part)
    except Exception as error:
        kept = f"; {part.stat().st_size:,} bytes are kept and the next try goes on from there" if part.exists() else ""
        raise DatasetError(
            f"The dataset {declaration.title} is not at {path} and cannot be downloaded ({_reason(error, url)}{kept}); "
            f"connect this machine, or put {url} there."
        ) from error
    found = hashlib.sha256(part.read_bytes()).hexdigest()
    if found != sha256:
        part.unlink()
        raise DatasetError(
            f"{url} has the sha256 {found[:16]}… where {sha256[:16]}… is expected, and was removed; get the file of "
            f"the version that docs/reference/datasets.md names, and put it at {path}."
        )
    part.replace(path)


def _reason(error: Exception, url: str) -> str:
    """Why a download failed, as a phrase."""
    import requests  # noqa: PLC0415 - it is loaded by now

    host = urlsplit(url).hostname
    if isinstance(error, requests.HTTPError):
        return f"{host} answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"{host} sent nothing for {STALLED:g} s"
    if isinstance(error, requests.ConnectionError):
        return f"there is no connection to {host}"
    return f"{type(error).__name__}: {error}"[:160]


def _receive(title: str, url: str, part: Path) -> None:
    """Append what is missing of `url` to the file."""
    import requests  # noqa: PLC0415 - heavy, and only for a download

    had = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={had}-"} if had else {}
    with requests.get(url, headers=headers, stream=True, timeout=STALLED) as answer:
        if answer.status_code == 416:
            return
        answer.raise_for_status()
        goes_on = answer.status_code == 206
        total = int(answer.headers.get("Content-Length", 0)) + (had if goes_on else 0)
        progress = Progress(f"{title}, KiB", max(1, total >> 10), had=(had >> 10) if goes_on else 0)
        with live(progress, stays=False), part.open("ab" if goes_on else "wb") as file:
            for size in _written(answer, file):
                progress.reach(size >> 10, progress.total)


def _written(answer: Any, file: Any) -> Iterator[int]:
    done = 0
    for chunk in answer.iter_content(CHUNK):
        file.write(chunk)
        done += len(chunk)
        yield done


def _tasks(folder: Path) -> str:
    """One digest of a folder's files and their names."""
    files = sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith("."))
    found = [f"{one.relative_to(folder)} {_digest(one)}" for one in files or [folder / "task"]]
    return hashlib.md5("\n".join(found).encode(), usedforsecurity=False).hexdigest()


def _digest(path: Path) -> str:
    status = path.stat()
    return _md5(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=512)
def _md5(path: Path, size: int, mtime: int) -> str:
    if size < LARGE:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    # Each doit asks for it, and reading a gigabyte takes a second.
    memo = folder() / "read" / f"{digest(f'{path.absolute()} {size} {mtime}')}.md5"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if len(known := memo.read_text(encoding="ascii")) == 32:
            return known
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    with contextlib.suppress(BenchError):
        write_atomic(memo, found)
    return found


def _cache(name: str) -> Path:
    from appdirs import user_cache_dir  # noqa: PLC0415 - only here, and evalplus brings it

    return Path(user_cache_dir(name))
