"""Files on the disk → their content, unpacked within bounds; archives are folders.

The first bytes of a file decide on its type, not its name.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path, PurePath
from typing import IO, Any

from bench.errors import SamplesError
from bench.layout import SAMPLES
from bench.untrusted import TooLargeError, bounded

MAX_SIZE = 1 << 29
"""Bytes of one file or archive, unpacked."""
MAX_MEMBERS = 200_000
ARCHIVES = (".zip", ".eval", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
"""Endings of the names of archives; an inspect log is a zip."""
EXPORTED = "export.json"
"""The member of an archive that `doit export` has written."""
PACKED = (".gz", ".bz2", ".xz")
_PACKERS: Mapping[bytes, tuple[str, Callable[..., Any]]] = {
    b"\x1f\x8b": ("gzip file", partial(gzip.GzipFile, None, "rb", 9)),
    b"BZh": ("bzip2 file", bz2.BZ2File),
    b"\xfd7zXZ\x00": ("xz file", lzma.LZMAFile),
}
AS_JSON_LINES = 'save it as JSON lines, in Python by pandas.read_{}(…).to_json(…, orient="records", lines=True)'
_UNREADABLE = {
    b"\x28\xb5\x2f\xfd": ("a zstd file", "unpack it (zstd -d)"),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "unpack it (7z x)"),
    b"Rar!": ("a RAR archive", "unpack it (unrar x)"),
    b"PAR1": ("a Parquet file", AS_JSON_LINES.format("parquet")),
    b"ARROW1": ("an Arrow file", "save it as JSON lines"),
    b"SQLite format 3\0": ("a SQLite database", "save its rows as JSON lines"),
    **{bytes([128, version]): ("a pickle", "save its rows as JSON lines") for version in range(2, 6)},
    b"\x93NUMPY": ("a NumPy file", "save its rows as JSON lines"),
    b"\x04\x22\x4d\x18": ("an LZ4 file", "unpack it (lz4 -d)"),
    b"%PDF": ("a PDF", "save its text"),
}


@dataclass(frozen=True)
class Source:
    """A file that may hold solutions: `path` on the disk, or the `member` of the archive at `path`."""

    path: Path
    member: str = ""

    @property
    def place(self) -> Path:
        """Its path, an archive being a folder."""
        return self.path / self.member if self.member else self.path

    def read(self, name: str) -> bytes:
        """Its content, unpacked; `name` is for the sentence of a SamplesError."""
        if self.member or is_archive(self.path):
            return unpacked(_members(self.path, name)[self.member], name)
        return unpacked(_bytes(self.path, name), name)


def is_archive(path: Path) -> bool:
    """Whether a file is an archive by its name, and a zip, a tar or a compressed file by its content."""
    if not path.name.casefold().endswith(ARCHIVES):
        return False
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError:
        return False
    return start.startswith((b"PK\3\4", *_PACKERS)) or start[257:262] == b"ustar"


def members(path: Path, name: str) -> list[str]:
    """The names of the files in an archive, of an exported one only of its samples; `name` is for a SamplesError."""
    paths = list(_members(path, name))
    return [path for path in paths if PurePath(path).name == SAMPLES] if EXPORTED in paths else paths


def sibling(source: Source, name: str) -> bytes:
    """The content of the file with that name beside a member of an exported archive; empty for any other file."""
    contents = _members(source.path, source.path.name) if source.member else {}
    return contents.get(str(PurePath(source.member).with_name(name)), b"") if EXPORTED in contents else b""


def archive_of(path: Path) -> Path | None:
    """The archive that contains a path, None where there is none."""
    return next((parent for parent in path.parents if parent.is_file() and is_archive(parent)), None)


def unpacked(data: bytes, name: str) -> bytes:
    """The content of a gzip, bzip2 or xz file, or `data` itself. Raises SamplesError for a damaged or unknown file."""
    data = _unpacked(data, name)
    for magic, (kind, remedy) in _UNREADABLE.items():
        if data.startswith(magic):
            raise SamplesError(f"{name} is {kind}, which is not read; {remedy}.")
    if data.startswith(b"PK\3\4") and b"[Content_Types].xml" in data[:64]:
        raise SamplesError(f"{name} is an Office document, which is not read; {AS_JSON_LINES.format('excel')}.")
    if data.startswith(b"PK\3\4") or data[257:262] == b"ustar":
        kind = "zip" if data.startswith(b"PK") else "tar"
        raise SamplesError(f"{name} is a {kind} archive by another name; let its name end in .{kind}.")
    return data


def _unpacked(data: bytes, name: str) -> bytes:
    for magic, (kind, open_packed) in _PACKERS.items():
        if data.startswith(magic):
            try:
                with open_packed(io.BytesIO(data)) as file:
                    return bounded(iter(lambda: file.read(1 << 20), b""), size=MAX_SIZE)
            except TooLargeError:
                raise SamplesError(
                    f"{name} is larger than {MAX_SIZE >> 20} MiB, unpacked; import a part of it."
                ) from None
            except (EOFError, OSError, zlib.error, lzma.LZMAError):
                raise SamplesError(f"{name} is a damaged {kind}; copy or write it again.") from None
    return data


def _bytes(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > MAX_SIZE:
            raise SamplesError(f"{name} is larger than {MAX_SIZE >> 20} MiB; import a part of it.")
        return path.read_bytes()
    except OSError as error:
        raise SamplesError(f"{name} cannot be read ({error.strerror}); make it readable.") from None


def _members(path: Path, name: str) -> Mapping[str, bytes]:
    try:
        status = path.stat()
    except OSError as error:
        raise SamplesError(f"{name} cannot be read ({error.strerror}); make it readable.") from None
    return _read(path, name, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, name: str, _size: int, _mtime: int) -> Mapping[str, bytes]:
    data = _bytes(path, name)
    try:
        return _contents(_zip_members(data) if data.startswith(b"PK") else _tar_members(_unpacked(data, name)))
    except TooLargeError as error:
        raise SamplesError(f"{name} is too large an archive ({error}); import a part of it.") from None
    except NotImplementedError:
        raise SamplesError(f"{name} is packed in a way that Python does not read; unpack it.") from None
    except RuntimeError:
        raise SamplesError(f"{name} is an encrypted archive; unpack it.") from None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError):
        raise SamplesError(f"{name} is a damaged archive; copy or write it again.") from None


def _zip_members(data: bytes) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as file:
                    yield info.filename, file


def _tar_members(data: bytes) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for info in archive:
            if info.isfile() and (file := archive.extractfile(info)):
                yield info.name, file


def _contents(members: Iterator[tuple[str, IO[bytes]]]) -> dict[str, bytes]:
    """The contents of the first members, within bounds: a sparse file in a tar may have any size."""
    contents: dict[str, bytes] = {}
    remaining = MAX_SIZE
    for name, file in islice(members, MAX_MEMBERS):
        contents[name] = bounded(iter(partial(file.read, 1 << 20), b""), size=remaining)
        remaining -= len(contents[name])
    return contents
