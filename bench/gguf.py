"""GGUF files: a fingerprint that survives copying and costs milliseconds, the facts in the header, and damage.

The fingerprint covers every part of a split model: its size and a digest over the first 32 MiB, where the header lies
(a vocabulary takes up to 20 MiB, and a chat template may stand behind it), and over 16 sampled blocks. A 60 GB file is
read at 33 MiB, not at 60 GB; a file that was copied or touched keeps its fingerprint. The header is read from those
32 MiB alone, whatever it claims.
"""

import contextlib
import hashlib
import math
import os
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, TypeVar

from bench.console import size as shown_size
from bench.errors import BenchError, MissingPrerequisite
from bench.files import digest, read_table, write_json
from bench.untrusted import items

HEADER = 1 << 25
BLOCK = 1 << 16
SAMPLES = 16

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9
"""Value types of the GGUF format, version 3 (ggml's docs/gguf.md)."""

MOST_TEXTS = 1 << 21
"""Texts of an array; the largest vocabularies have 300,000 words, and twice as many merges."""

VERSIONS = (2, 3)
ALIGNMENT = 32

FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""general.file_type, as llama.cpp numbers it."""

PART = re.compile(r"-\d{5}-of-(\d{5})(?=\.gguf\Z)")
"""The number of a part, in the name of a file of a model that is split."""

QUANTIZATION = re.compile(
    r"(?<![A-Za-z0-9])((?:UD-)?(?:I?Q\d(?:_(?:K|XXS|XS|S|M|L|XL|NL|\d))*|TQ\d_\d|B?F16|F32|FP16|MXFP4(?:_MOE)?))"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
"""A quantization in the name of a file."""

TENSOR_TYPES = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Elements and bytes of a block of each tensor type (ggml.h)."""

BEGINNINGS = {
    b"version https://git-lfs": "a Git LFS pointer (git lfs pull fetches the file)",
    b"<": "a web page, probably an error of the download",
    b"{": "an answer of a web server, probably an error of the download",
    b"PK": "a zip archive, as PyTorch writes",
    b"\x1f\x8b": "a gzip file",
    b"7z": "a 7-Zip archive",
    **dict.fromkeys((b"GGML", b"ggml", b"lmgg", b"fmgg", b"tjgg"), "a model of the formats before GGUF"),
}
"""Files that are mistaken for a GGUF, by their first bytes."""


Location = TypeVar("Location", bound=PurePath)


def expected(model: Location) -> list[Location]:
    """All files that a model consists of, by its (first) file's name, in order."""
    split = PART.search(model.name)
    if not split:
        return [model]
    return [model.with_name(PART.sub(f"-{i:05d}-of-{split[1]}", model.name)) for i in range(1, int(split[1]) + 1)]


def parts(model: Path) -> list[Path]:
    """All files of a model, in order. Raises MissingPrerequisite that names a missing one."""
    files = expected(model)
    for path in files:
        if not path.is_file():
            raise MissingPrerequisite(f"There is no model file {path}; download it, or fix model in profiles.toml.")
    return files


def fingerprint(model: Path, cache: Path) -> str:
    """The model's name by content; `cache` is a folder that remembers it by path, size and time.

    Raises MissingPrerequisite where a file is missing or cannot be read.
    """
    return digest_of_parts(contents(parts(model), cache))


def contents(paths: Iterable[Path], cache: Path) -> list[str]:
    """The digest of each file, whole up to 32 MiB, sampled beyond; `cache` as for `fingerprint`.

    Raises MissingPrerequisite where a file cannot be read.
    """
    try:
        return _remembered(cache / "gguf.json", paths, _sampled)
    except OSError as error:
        raise _unreadable(error.filename, error) from None


def _remembered(memo_file: Path, paths: Iterable[Path], compute: Callable[[Path, int], str]) -> list[str]:
    """`compute` of each file and its size, remembered by path, size and time. Raises OSError."""
    memo, values, known = read_table(memo_file), [], True
    for path in paths:
        status = path.stat()
        state = [status.st_size, status.st_mtime_ns]
        entry = items(memo.get(str(path)))
        if len(entry) != 3 or entry[:2] != state or not isinstance(entry[2], str):
            entry, known = [*state, compute(path, status.st_size)], False
            memo[str(path)] = entry
        values.append(entry[2])
    if not known:
        # If it cannot be written, the files are read again: milliseconds.
        with contextlib.suppress(BenchError):
            write_json(memo_file, memo)
    return values


def digest_of_parts(digests: Iterable[str]) -> str:
    """The fingerprint of a model from those of its parts, in order."""
    return digest("\n".join(digests))


def _sampled(path: Path, size: int) -> str:
    """SHA-256 over size, header and sampled blocks: servers/remote_models.py has another machine compute it, too."""
    sha256 = hashlib.sha256(str(size).encode())
    try:
        with path.open("rb") as file:
            sha256.update(file.read(HEADER))
            for i in range(SAMPLES):
                file.seek(max(0, (size - BLOCK) * (i + 1) // SAMPLES))
                sha256.update(file.read(BLOCK))
    except OSError as error:
        raise _unreadable(path, error) from None
    return sha256.hexdigest()


def _unreadable(path: Path | str, error: OSError) -> MissingPrerequisite:
    return MissingPrerequisite(f"The file {path} cannot be read ({error.strerror}); make it readable.")


def damage(model: Path, cache: Path) -> str:
    """The reason why a model cannot be loaded, in a phrase that names the file; "" where none is found.

    `cache` is as for `fingerprint`. A part that is missing is no damage (see `parts`).
    """
    present = [path for path in expected(model) if os.path.exists(path)]  # noqa: PTH110 - pathlib's may raise
    problems = _remembered(cache / "gguf-damage.json", present, file_damage)
    return next((f"{path.name} {problem}" for path, problem in zip(present, problems, strict=True) if problem), "")


def file_damage(path: Path, size: int) -> str:
    """The damage of a GGUF file of that many bytes, as a phrase; "" where none is found."""
    if size == 0:
        return "is empty"
    try:
        header = read_header(path)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not header.magic:
        with path.open("rb") as file:
            first = file.read(64).lstrip()
        kind = next((description for beginning, description in BEGINNINGS.items() if first.startswith(beginning)), "")
        return f"is no GGUF file{f' but {kind}' if kind else ''}"
    if header.version and not header.version & 0xFFFF:
        return "is for big-endian machines"
    if header.version and header.version not in VERSIONS:
        return f"has version {header.version} of the GGUF format, which llama.cpp does not read"
    if header.damaged or not header.version or (size < HEADER and not header.whole):
        return "has a damaged header"
    if size < header.bytes:
        return f"is truncated ({shown_size(size)} of {shown_size(header.bytes)})"
    if path.with_name(f"{path.name}.aria2").exists():
        return f"is not yet downloaded as a whole, as {path.name}.aria2 beside it says"
    written = path.stat().st_blocks * 512
    if written < 0.9 * size and _has_hole(path, size):
        return (
            f"has holes, as a download that was not finished ({shown_size(written)} of {shown_size(size)} are written)"
        )
    return ""


def _has_hole(path: Path, size: int) -> bool:
    """Whether a part was never written; a file that its file system compresses has no such part."""
    with path.open("rb") as file, contextlib.suppress(OSError):
        return os.lseek(file.fileno(), 0, os.SEEK_HOLE) < size
    return False


def facts(model: Path) -> dict[str, Any]:
    """Name, family, architecture, quantization, training context, template digest, files, bytes; empty where unread.

    Raises MissingPrerequisite where a file is missing.
    """
    files = parts(model)
    meta = metadata(files[0])
    architecture = _text(meta, "general.architecture")
    template = _text(meta, "tokenizer.chat_template")
    context = meta.get(f"{architecture}.context_length")
    return {
        "file": model.name,
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "name": _text(meta, "general.name"),
        "basename": _text(meta, "general.basename"),
        "size_label": _text(meta, "general.size_label"),
        "architecture": architecture,
        "quantization": quantization(meta),
        "context_train": context if type(context) is int and 0 < context < 1 << 31 else None,
        "chat_template": digest(template) if template else "",
    }


def quantization_in(name: str) -> str:
    """The quantization in a file's name; "" for none."""
    match = QUANTIZATION.search(name)
    return match[1] if match else ""


def quantization(meta: dict[str, Any]) -> str:
    """The quantization of most of a model's weights, by its header; "" where it has none."""
    kind = meta.get("general.file_type")
    return FILE_TYPES.get(kind, "") if type(kind) is int else ""


def _text(meta: dict[str, Any], key: str) -> str:
    value = meta.get(key)
    return value if isinstance(value, str) else ""


def metadata(path: Path) -> dict[str, Any]:
    """The scalars and texts of a header, as far as it can be read; {} for another file."""
    try:
        return read_header(path).metadata
    except OSError:
        return {}


@dataclass
class Header:
    """The contents of the first 32 MiB of a file; `bytes` is the length that the file should have, where `whole`.

    `damaged` means that it cannot be read, even if the file is complete.
    """

    magic: bool = False
    version: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)
    whole: bool = False
    damaged: bool = False
    bytes: int = 0


def read_header(path: Path) -> Header:
    """The header of a file, as far as it can be read. Raises OSError."""
    with path.open("rb") as file:
        reader = _Reader(file.read(HEADER))
    header = Header()
    try:
        header.magic = reader.take(4) == b"GGUF"
        if header.magic:
            header.version, tensors, entries = reader.unpack("<IQQ")
            for _ in range(entries):
                key = reader.text()
                header.metadata[key] = reader.value(reader.scalar("<I"))
            header.bytes = _length(reader, tensors, header.metadata)
            header.whole = True
    except EOFError:
        pass
    except (ValueError, KeyError, OverflowError, struct.error):
        header.damaged = True
    return header


def _length(reader: "_Reader", tensors: int, meta: dict[str, Any]) -> int:
    """Bytes of a file by its last tensor; of a tensor of an unknown type, up to its beginning."""
    end = 0
    for _ in range(tensors):
        reader.text()
        shape = reader.unpack(f"<{reader.scalar('<I')}Q")
        kind, offset = reader.unpack("<IQ")
        elements, block = TENSOR_TYPES.get(kind, (1, 0))
        end = max(end, offset + math.prod(shape) // elements * block)
    alignment = meta.get("general.alignment", ALIGNMENT)
    if not isinstance(alignment, int) or alignment <= 0:
        raise ValueError(alignment)
    return -(-reader.place // alignment) * alignment + end if tensors else reader.place


class _Reader:
    """Reads GGUF values from bytes; raises EOFError where the bytes end too early, ValueError for invalid ones."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.place:
            raise EOFError
        self.place += count
        return self.data[self.place - count : self.place]

    def unpack(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def scalar(self, form: str) -> Any:
        return self.unpack(form)[0]

    def text(self) -> str:
        return self.take(self.scalar("<Q")).decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        """A value of that type; None for an array, which is skipped."""
        if kind == STRING:
            return self.text()
        if kind != ARRAY:
            return self.scalar(SCALARS[kind])
        inner, count = self.unpack("<IQ")
        if count > MOST_TEXTS:
            raise ValueError(count)
        if inner != STRING:
            self.take(struct.calcsize(SCALARS[inner]) * count)
            return None
        data, place = self.data, self.place
        for _ in range(count):
            if place + 8 > len(data):
                raise EOFError
            (length,) = struct.unpack_from("<Q", data, place)
            place += 8 + length
        self.place = place
        return None
