"""GGUF files: a fingerprint that survives copying and costs milliseconds, and the facts in the header.

The fingerprint covers every part of a split model: its size and a digest over the first 32 MiB, where the header lies
(a vocabulary takes up to 20 MiB, and a chat template may stand behind it), and over 16 sampled blocks. A 60 GB file is
read at 33 MiB, not at 60 GB; a file that was copied or touched keeps its fingerprint.
"""

import contextlib
import hashlib
import re
import struct
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any, BinaryIO, TypeVar

from bench.errors import BenchError, MissingPrerequisite
from bench.files import digest, read_table, write_json

HEADER = 1 << 25
BLOCK = 1 << 16
SAMPLES = 16

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9
"""Value types of the GGUF format, version 3 (ggml's docs/gguf.md)."""

TEXT_LIMIT = 1 << 24
"""Bytes of a text; a chat template has some 10 kB, and a damaged header may claim any length."""

FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""general.file_type, as llama.cpp numbers it."""


Location = TypeVar("Location", bound=PurePath)


def expected(model: Location) -> list[Location]:
    """All files that a model consists of, by its (first) file's name, in order."""
    split = re.fullmatch(r"(.*)-(\d{5})-of-(\d{5})\.gguf", model.name)
    if not split:
        return [model]
    total = int(split[3])
    return [model.with_name(f"{split[1]}-{i:05d}-of-{total:05d}.gguf") for i in range(1, total + 1)]


def parts(model: Path) -> list[Path]:
    """All files of a model, in order. Raises MissingPrerequisite that names a missing one."""
    found = expected(model)
    for path in found:
        if not path.is_file():
            raise MissingPrerequisite(f"There is no model file {path}; download it, or mend model in profiles.toml.")
    return found


def fingerprint(model: Path, cache: Path) -> str:
    """The model's name by content; `cache` is a folder that remembers it by path, size and time.

    Raises MissingPrerequisite where a file is missing or cannot be read.
    """
    return digest_of_parts(contents(parts(model), cache))


def contents(paths: Iterable[Path], cache: Path) -> list[str]:
    """The digest of each file, whole up to 32 MiB, sampled beyond; `cache` as for `fingerprint`.

    Raises MissingPrerequisite where a file cannot be read.
    """
    memo_file = cache / "gguf.json"
    memo = read_table(memo_file)
    digests, known = [], True
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from None
        state = [status.st_size, status.st_mtime_ns]
        entry = memo.get(str(path))
        if not isinstance(entry, list) or len(entry) != 3 or entry[:2] != state:
            entry, known = [*state, _sampled(path, status.st_size)], False
            memo[str(path)] = entry
        digests.append(str(entry[2]))
    if not known:
        # Where there is no room for it, they are read again: milliseconds.
        with contextlib.suppress(BenchError):
            write_json(memo_file, memo)
    return digests


def digest_of_parts(digests: Iterable[str]) -> str:
    """The fingerprint of a model from those of its parts, in order."""
    return digest("\n".join(digests))


def _sampled(path: Path, size: int) -> str:
    """SHA-256 over size, header and sampled blocks: servers/remote_models.py has another machine compute it, too."""
    found = hashlib.sha256(str(size).encode())
    try:
        with path.open("rb") as file:
            found.update(file.read(HEADER))
            for i in range(SAMPLES):
                file.seek(max(0, (size - BLOCK) * (i + 1) // SAMPLES))
                found.update(file.read(BLOCK))
    except OSError as error:
        raise _unreadable(path, error) from None
    return found.hexdigest()


def _unreadable(path: Path, error: OSError) -> MissingPrerequisite:
    return MissingPrerequisite(f"The file {path} cannot be read ({error.strerror}); make it readable.")


def facts(model: Path) -> dict[str, Any]:
    """Name, architecture, quantization, training context, chat template digest, files and bytes; empty where unread.

    Raises MissingPrerequisite where a file is missing.
    """
    files = parts(model)
    meta = _metadata(files[0])
    architecture = _text(meta, "general.architecture")
    template = _text(meta, "tokenizer.chat_template")
    kind, context = meta.get("general.file_type"), meta.get(f"{architecture}.context_length")
    return {
        "file": model.name,
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "name": _text(meta, "general.name"),
        "architecture": architecture,
        "quantization": FILE_TYPES.get(kind, "") if isinstance(kind, int) else "",
        "context_train": context if isinstance(context, int) else None,
        "chat_template": digest(template) if template else "",
    }


def _text(meta: dict[str, Any], key: str) -> str:
    value = meta.get(key)
    return value if isinstance(value, str) else ""


def _metadata(path: Path) -> dict[str, Any]:
    """What the header says, as far as it can be read."""
    meta: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, OverflowError, struct.error), path.open("rb") as file:
        if file.read(4) != b"GGUF":
            return meta
        _, _, count = struct.unpack("<IQQ", file.read(20))
        for _ in range(min(count, 10_000)):
            key = _string(file)
            meta[key] = _value(file, _scalar(file, "<I"))
    return meta


def _scalar(file: BinaryIO, form: str) -> Any:
    return struct.unpack(form, file.read(struct.calcsize(form)))[0]


def _string(file: BinaryIO) -> str:
    length = _scalar(file, "<Q")
    if length > TEXT_LIMIT:
        raise ValueError(length)
    data = file.read(length)
    if len(data) < length:
        raise ValueError(length)
    return data.decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == STRING:
        return _string(file)
    if kind != ARRAY:
        return _scalar(file, SCALARS[kind])
    inner, count = _scalar(file, "<I"), _scalar(file, "<Q")
    if inner == STRING:
        for _ in range(count):
            file.seek(_scalar(file, "<Q"), 1)
    else:
        file.seek(struct.calcsize(SCALARS[inner]) * count, 1)
    return None
