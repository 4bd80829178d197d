"""The files of datasets on this machine, and their download: resumed where it broke off, checked by sha256."""

import contextlib
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from bench.console import size
from bench.datasets.declared import Declaration
from bench.errors import BenchError, DatasetError
from bench.files import digest, user_path, write_atomic
from bench.locks import locked
from bench.progress import Progress, live

BUNDLED = Path(__file__).parents[1] / "demo"
CHUNK = 1 << 20
LARGE = 1 << 24
"""Bytes of a file whose digest is cached."""

STALLED = 60.0
"""Seconds without data after which a download fails; the next one resumes it."""


def folder() -> Path:
    """The folder of downloaded datasets: BENCH_DATASETS, or one in the user's cache."""
    path = os.environ.get("BENCH_DATASETS")
    return user_path(path) if path else _cache("bench") / "datasets"


def override(declaration: Declaration) -> str:
    """The file that the dataset's environment variable names, or ""."""
    return os.environ.get(declaration.variable, "") if declaration.variable else ""


def locations(declaration: Declaration) -> tuple[Path, ...]:
    """The paths of the dataset's files, which may be missing."""
    if path := override(declaration):
        return (Path(path),)
    if declaration.md5:
        return (_cache("evalplus") / declaration.files[0],)
    base = BUNDLED if declaration.name in ("demo", "demo-mbpp") else folder()
    return tuple(base / file for file in declaration.files)


def fingerprint(declaration: Declaration) -> str | None:
    """One digest of all files of a dataset, None where one is missing or cannot be read.

    For a single file it is its md5, by which EvalPlus names a dataset.
    """
    try:
        digests = list(map(_folder_digest if declaration.format == "tasks" else _digest, locations(declaration)))
    except OSError:
        return None
    return digests[0] if len(digests) == 1 else _combined(" ".join(digests))


def published(declaration: Declaration) -> bool:
    """Whether the dataset's files, which must be here, have the declared checksums."""
    sums = declaration.sha256
    return bool(sums) and all(hashlib.sha256(path.read_bytes()).hexdigest() in sums for path in locations(declaration))


def fetch(declaration: Declaration) -> None:
    """Download missing files. Raises DatasetError, with the file and its path, if that fails."""
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
        with locked(path.with_name(f".{path.name}.lock"), subject=f"The download of {path.name}", wait=True):
            if not path.exists():
                _download(declaration, path, declaration.urls[number], declaration.sha256[number])


def _download(declaration: Declaration, path: Path, url: str, sha256: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _receive(declaration.title, url, part)
    except Exception as error:
        note = f"; {part.stat().st_size:,} bytes are kept and the next try goes on from there" if part.exists() else ""
        raise DatasetError(
            f"The dataset {declaration.title} is not at {path} and cannot be downloaded ({_reason(error, url)}{note}); "
            f"connect this machine, or put {url} there."
        ) from error
    actual = hashlib.sha256(part.read_bytes()).hexdigest()
    if actual != sha256:
        part.unlink()
        raise DatasetError(
            f"{url} has the sha256 {actual[:16]}… where {sha256[:16]}… is expected, and was removed; get the file of "
            f"the version that docs/reference/datasets.md names, and put it at {path}."
        )
    part.replace(path)


def _reason(error: Exception, url: str) -> str:
    """The reason why a download failed, as a phrase."""
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
    """Append the missing rest of `url` to the file."""
    import requests  # noqa: PLC0415 - heavy, and only for a download

    offset = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    with requests.get(url, headers=headers, stream=True, timeout=STALLED) as response:
        if response.status_code == 416:
            return
        response.raise_for_status()
        resumed = response.status_code == 206
        had = offset if resumed else 0
        progress = Progress(title, had + int(response.headers.get("Content-Length", 0)), had=had, unit=size)
        with live(progress, stays=False), part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                progress.done += len(chunk)


def _folder_digest(folder: Path) -> str:
    """One digest of a folder's files and their names."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    digests = [f"{file.relative_to(folder)} {_digest(file)}" for file in files or [folder / "task"]]
    return _combined("\n".join(digests))


def _combined(digests: str) -> str:
    return hashlib.md5(digests.encode(), usedforsecurity=False).hexdigest()


def _digest(path: Path) -> str:
    status = path.stat()
    return _md5(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=512)
def _md5(path: Path, size: int, mtime: int) -> str:
    if size < LARGE:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    # Each doit needs it, and reading a gigabyte takes a second.
    cached = folder() / "read" / f"{digest(f'{path.absolute()} {size} {mtime}')}.md5"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if len(md5 := cached.read_text(encoding="ascii")) == 32:
            return md5
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    with contextlib.suppress(BenchError):
        write_atomic(cached, md5)
    return md5


def _cache(name: str) -> Path:
    from appdirs import user_cache_dir  # noqa: PLC0415 - only here, and evalplus brings it

    return Path(user_cache_dir(name))
