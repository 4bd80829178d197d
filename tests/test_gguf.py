import os
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter
from gguf.constants import GGML_QUANT_SIZES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import gguf
from bench.errors import MissingPrerequisite

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, *, split: int = 0, n_tokens: int = 1000, size: int = 300_000) -> Path:
    """A GGUF (or the first part of a split one) as llama.cpp's own package writes it; the path of its first file."""
    writer = GGUFWriter(path, "llama", split_max_tensors=split)
    writer.add_name("Tiny")
    writer.add_file_type(18)
    writer.add_context_length(4096)
    writer.add_token_list([f"word {i}" for i in range(n_tokens)])
    writer.add_token_scores([0.5] * n_tokens)
    writer.add_chat_template("{{ messages }}")
    for number in range(3):
        writer.add_tensor(f"t{number}", np.arange(size, dtype=np.float32) + number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return next(iter(sorted(path.parent.glob(f"{path.stem}*.gguf"))))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model in one file, of 3.6 MB."""
    return write(tmp_path / "tiny.gguf")


@pytest.fixture
def split_model(tmp_path: Path) -> Path:
    """A model in three files, by its first."""
    return write(tmp_path / "big.gguf", split=1)


def flip(path: Path, place: int) -> None:
    """Change one byte."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))


def test_facts(model: Path) -> None:
    """The header says name, architecture, quantization and training context; the template is known by its digest."""
    facts = gguf.facts(model)
    assert facts.pop("chat_template")
    assert facts == {
        "file": "tiny.gguf", "files": 1, "bytes": model.stat().st_size, "name": "Tiny",
        "basename": "", "size_label": "", "architecture": "llama",
        "quantization": "Q6_K", "context_train": 4096,
    }  # fmt: skip


def test_facts_of_a_split_model(split_model: Path) -> None:
    """All parts count; the header of the first speaks for them."""
    assert split_model.name == "big-00001-of-00003.gguf"
    facts = gguf.facts(split_model)
    assert (facts["files"], facts["name"]) == (3, "Tiny")
    assert facts["bytes"] == sum(path.stat().st_size for path in split_model.parent.glob("*.gguf"))


@pytest.mark.parametrize("change", [lambda path: path.touch(), lambda path: os.utime(path, (1, 1))])
def test_touching_changes_nothing(model: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    """A file that was touched keeps its fingerprint."""
    before = gguf.fingerprint(model, tmp_path)
    change(model)
    assert gguf.fingerprint(model, tmp_path) == before


def test_copying_changes_nothing(split_model: Path, tmp_path: Path) -> None:
    """A copy elsewhere, under the same names or others, has the same fingerprint."""
    before = gguf.fingerprint(split_model, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    for path in split_model.parent.glob("big-*.gguf"):
        shutil.copy(path, tmp_path / "elsewhere" / path.name.replace("big", "same"))
    assert gguf.fingerprint(tmp_path / "elsewhere" / "same-00001-of-00003.gguf", tmp_path) == before


@pytest.mark.parametrize("place", [0, 5000, gguf.HEADER - 1, -1, -gguf.BLOCK])
def test_a_changed_byte_changes_the_fingerprint(model: Path, tmp_path: Path, place: int) -> None:
    """Header and sampled blocks are read: a byte that changes there makes another model."""
    before = gguf.fingerprint(model, tmp_path)
    flip(model, place % model.stat().st_size)
    assert gguf.fingerprint(model, tmp_path) != before


def test_a_changed_size_changes_the_fingerprint(model: Path, tmp_path: Path) -> None:
    """A file that was cut or grew is another model."""
    before = gguf.fingerprint(model, tmp_path)
    with model.open("r+b") as file:
        file.truncate(model.stat().st_size - 1)
    assert gguf.fingerprint(model, tmp_path) != before


def test_every_part_counts(split_model: Path, tmp_path: Path) -> None:
    """A change in the last part of a split model changes the fingerprint."""
    before = gguf.fingerprint(split_model, tmp_path)
    flip(split_model.with_name("big-00003-of-00003.gguf"), 100)
    assert gguf.fingerprint(split_model, tmp_path) != before


@pytest.mark.parametrize("use", [gguf.parts, gguf.facts, lambda path: gguf.fingerprint(path, path.parent)])
def test_missing_part(split_model: Path, use: Callable[[Path], object]) -> None:
    """A part that is not there is named, with what to do."""
    absent = split_model.with_name("big-00002-of-00003.gguf")
    absent.unlink()
    with pytest.raises(MissingPrerequisite) as caught:
        use(split_model)
    assert caught.value.sentence == (f"There is no model file {absent}; download it, or fix model in profiles.toml.")


def test_a_known_file_is_not_read_again(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Size and time decide whether a file must be read; what was read is remembered."""
    before = gguf.fingerprint(model, tmp_path / "cache")
    monkeypatch.setattr(gguf, "_sampled", lambda *_: pytest.fail("it was read again"))
    assert gguf.fingerprint(model, tmp_path / "cache") == before


def test_no_room_for_the_memory(model: Path, tmp_path: Path) -> None:
    """Where what was read cannot be remembered, it is read again."""
    (tmp_path / "full").touch()
    assert gguf.fingerprint(model, tmp_path / "full") == gguf.fingerprint(model, tmp_path / "cache")


@pytest.mark.parametrize("memo", ["", "[]", "{", '{"%s": 5}', '{"%s": [1]}', '{"%s": [1, 2, 3]}'])
def test_a_damaged_memory_is_none(model: Path, tmp_path: Path, memo: str) -> None:
    """A memory that cannot be understood is made anew."""
    before = gguf.fingerprint(model, tmp_path)
    (tmp_path / "gguf.json").write_text(memo.replace("%s", str(model)))
    assert gguf.fingerprint(model, tmp_path) == before


def test_a_huge_file_costs_little(tmp_path: Path) -> None:
    """Of a file of 60 GB no more than some MB are read, and a template behind a large vocabulary is among them."""
    path = tmp_path / "huge.gguf"
    with path.open("wb") as file:
        file.truncate(60 << 30)
    before = _bytes_read()
    gguf.fingerprint(path, tmp_path)
    assert _bytes_read() - before < 40 << 20
    plain = gguf.fingerprint(path, tmp_path)
    flip(path, 20 << 20)
    assert gguf.fingerprint(path, tmp_path) != plain


def _bytes_read() -> int:
    """What this process has read so far, from disk or cache."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


HEADER = b"GGUF" + struct.pack("<IQQ", 3, 0, 9)


def text(value: bytes, length: int | None = None) -> bytes:
    """A string as GGUF stores it; `length` may lie."""
    return struct.pack("<Q", len(value) if length is None else length) + value


TEXTS = (b"general.name", b"general.architecture", b"tokenizer.chat_template")
KIND = text(b"general.file_type") + struct.pack("<I", 8) + text(b"x")
NUMBER = struct.pack("<II", 4, 7)
NAMED = HEADER + text(b"general.name") + struct.pack("<I", 8) + text(b"Known")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GGUF", b"GGML" + HEADER[4:], HEADER,
        HEADER + text(b"x", 1 << 63), HEADER + text(b"x", (1 << 64) - 1), HEADER + text(b"x", 1 << 40),
        HEADER + text(b"\xff\xfe"), HEADER + text(b"a") + struct.pack("<I", 99),
        HEADER + text(b"a") + struct.pack("<IIQ", 9, 8, (1 << 64) - 1),
        HEADER + text(b"a") + struct.pack("<IIQ", 9, 4, (1 << 64) - 1),
        HEADER + text(b"a") + struct.pack("<IIQQ", 9, 8, 5, (1 << 63) - 1),
        HEADER + text(b"a") + struct.pack("<IIQ", 9, 9, 1),
        b"GGUF" + struct.pack("<IQQ", 3, (1 << 64) - 1, (1 << 64) - 1),
        HEADER + b"".join(text(key) + NUMBER for key in TEXTS) + KIND,
    ],
)  # fmt: skip
def test_a_malformed_header_says_nothing(tmp_path: Path, data: bytes) -> None:
    """A header that lies about lengths, types or counts leaves the facts empty, and is no crash."""
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    facts = gguf.facts(path)
    assert (facts["file"], facts["bytes"]) == ("m.gguf", len(data))
    assert (facts["name"], facts["quantization"], facts["context_train"], facts["chat_template"]) == ("", "", None, "")


def test_what_was_read_before_the_damage_counts(tmp_path: Path) -> None:
    """Facts in front of a damaged entry are kept."""
    path = tmp_path / "m.gguf"
    path.write_bytes(NAMED + text(b"x", 1 << 63))
    assert gguf.facts(path)["name"] == "Known"


@SAME_FOLDER
@given(data=st.binary(max_size=200), place=st.integers(0, 400), byte=st.integers(0, 255))
def test_any_header_is_survived(tmp_path: Path, data: bytes, place: int, byte: int) -> None:
    """Random bytes, behind a right beginning or in the middle of a right header, never raise."""
    path = tmp_path / "m.gguf"
    path.write_bytes(HEADER + data)
    gguf.facts(path)
    good = bytearray(write(tmp_path / "good.gguf", n_tokens=5, size=4).read_bytes())
    good[place % len(good)] = byte
    path.write_bytes(good)
    assert gguf.facts(path)["files"] == 1


NO = "tiny.gguf is no GGUF file"


def spoilt(model: Path, change: Callable[[bytes], bytes]) -> str:
    """What is wrong with a model once its bytes are changed."""
    model.write_bytes(change(model.read_bytes()))
    return gguf.damage(model, model.parent)


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (lambda data: data, ""),
        (lambda data: b"", "tiny.gguf is empty"),
        (lambda data: data[: len(data) // 2], "tiny.gguf is truncated (2 MB of 4 MB)"),
        (lambda data: data[:-1], "tiny.gguf is truncated (4 MB of 4 MB)"),
        (lambda data: data[:5000], "tiny.gguf has a damaged header"),
        (lambda data: data[:4], "tiny.gguf has a damaged header"),
        (lambda data: data[:4] + b"\1\0\0\0" + data[8:],
         "tiny.gguf has version 1 of the GGUF format, which llama.cpp does not read"),
        (lambda data: data[:4] + b"\0\0\0\3" + data[8:], "tiny.gguf is for big-endian machines"),
        (lambda data: data[:24] + b"\xff" * 8 + data[32:], "tiny.gguf has a damaged header"),
        (lambda data: b'{"error": "Unauthorized"}',
         f"{NO} but an answer of a web server, probably an error of the download"),
        (lambda data: b"tjgg" + data[4:], f"{NO} but a model of the formats before GGUF"),
        (lambda data: b"<!DOCTYPE html>", f"{NO} but a web page, probably an error of the download"),
        (lambda data: b"version https://git-lfs.github.com/spec/v1",
         f"{NO} but a Git LFS pointer (git lfs pull fetches the file)"),
        (lambda data: b"GGUX" + data[4:], NO),
        (lambda data: data + bytes(1000), ""),
    ],
)  # fmt: skip
def test_damage(model: Path, change: Callable[[bytes], bytes], phrase: str) -> None:
    """A file that no llama.cpp would load is known by its beginning and length; more than enough does no harm."""
    assert spoilt(model, change) == phrase


def test_damage_of_a_part(split_model: Path) -> None:
    """Each part of a split model has its own length; a part that is missing is no damage."""
    last = split_model.with_name("big-00003-of-00003.gguf")
    assert gguf.damage(split_model, split_model.parent) == ""
    last.write_bytes(last.read_bytes()[:-10])
    assert gguf.damage(split_model, split_model.parent).startswith("big-00003-of-00003.gguf is truncated (")
    last.unlink()
    assert gguf.damage(split_model, split_model.parent) == ""


def test_damage_is_looked_for_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose size and time are the same is not read again."""
    assert gguf.damage(model, model.parent / "cache") == ""
    monkeypatch.setattr(gguf, "read_header", lambda _: pytest.fail("it was read again"))
    assert gguf.damage(model, model.parent / "cache") == ""


def test_sizes_of_tensor_types() -> None:
    """Blocks have the sizes that llama.cpp's own package knows."""
    known = {int(kind): sizes for kind, sizes in GGML_QUANT_SIZES.items()}
    assert {kind: known[kind] for kind in gguf.TENSOR_TYPES} == gguf.TENSOR_TYPES


def test_endless_counts_cost_little(tmp_path: Path) -> None:
    """A header that claims countless entries, texts or tensors in a file of zeros is read in a moment."""
    path = tmp_path / "m.gguf"
    claims = [(1 << 60, 5), (5, 1 << 60)]
    for tensors, entries in claims:
        with path.open("wb") as file:
            file.write(b"GGUF" + struct.pack("<IQQ", 3, tensors, entries))
            file.write(text(b"a") + struct.pack("<IIQ", 9, 8, (1 << 64) - 1))
            file.truncate(100 << 20)
        began = time.process_time()
        gguf.facts(path)
        assert gguf.damage(path, tmp_path) == "m.gguf has a damaged header"
        assert time.process_time() - began < 5


def test_a_download_that_goes_on(model: Path) -> None:
    """A file that has its whole length from the beginning, as some programs make it, is known by holes or a twin."""
    aside = model.with_name(f"{model.name}.aria2")
    aside.touch()
    assert gguf.file_damage(model, model.stat().st_size).startswith("is not yet downloaded as a whole")
    aside.unlink()
    size = model.stat().st_size
    model.write_bytes(model.read_bytes()[: size // 4])
    with model.open("ab") as file:
        file.truncate(size)
    assert gguf.file_damage(model, size).startswith("has holes, as a download that was not finished (")
