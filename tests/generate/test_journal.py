import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import JournalError
from bench.generate.journal import Journal, JournalEntry
from bench.records import Completion

ONE = Completion(key="k", task_id="HumanEval/0", sample=0, outcome="stop", answer="def f(): pass", max_tokens=100)
TEXT = st.text(max_size=40)
COMPLETIONS = st.builds(
    Completion, key=TEXT, task_id=TEXT, sample=st.integers(0, 9), answer=TEXT, reasoning=TEXT, error=TEXT,
    outcome=st.sampled_from(["stop", "truncated", "empty", "error", "timeout"]), seed=st.none() | st.integers(),
    completion_tokens=st.integers(0, 9999), seconds=st.floats(0, 1e6), speeds=st.dictionaries(TEXT, st.floats(0, 1e6)),
)  # fmt: skip
SEVERAL = st.lists(COMPLETIONS, min_size=1, max_size=4)
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def line(completion: Completion, **changes: Any) -> bytes:
    """A line of a journal."""
    return json.dumps({**asdict(completion), **changes}).encode() + b"\n"


def written(path: Path, completions: list[Completion]) -> bytes:
    """A journal with these completions, and its bytes."""
    path.unlink(missing_ok=True)
    journal = Journal(path)
    for completion in completions:
        journal.append(completion)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "raw.jsonl"


@SAME_FOLDER
@given(completions=SEVERAL)
def test_what_is_written_is_read(path: Path, completions: list[Completion]) -> None:
    """Whatever an answer holds, half surrogate pairs too, comes back as it was, one line each."""
    data = written(path, completions)
    assert Journal(path).completions == completions
    assert data.count(b"\n") == len(completions)


@SAME_FOLDER
@given(completions=SEVERAL, data=st.data())
def test_any_truncation_keeps_whole_lines(path: Path, completions: list[Completion], data: st.DataObject) -> None:
    """Wherever a crash cuts the file, each line before the cut stays, the rest is reported, and an append mends it."""
    whole = written(path, completions)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    journal = Journal(path)
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    kept = sum(end - 1 <= cut for end in ends)
    assert journal.completions == completions[:kept]
    begun = cut - ([0, *ends][kept] if kept < len(ends) else cut)
    assert journal.truncated_bytes == max(0, begun)
    journal.append(ONE)
    assert Journal(path).completions == [*completions[:kept], ONE]
    assert Journal(path).truncated_bytes == 0


@SAME_FOLDER
@given(
    completions=SEVERAL, tail=st.binary(min_size=1, max_size=60).map(lambda tail: tail.replace(b"\n", b"\0") or b"\0")
)
def test_any_garbage_at_the_end_is_left_out(path: Path, completions: list[Completion], tail: bytes) -> None:
    """Bytes that a power cut leaves behind the last line are reported, and gone after the next append."""
    for garbage in (tail, tail + b"\n"):
        path.write_bytes(written(path, completions) + b"#" + garbage)
        journal = Journal(path)
        assert (journal.completions, journal.truncated_bytes) == (completions, 1 + len(garbage))
        journal.append(ONE)
        assert Journal(path).completions == [*completions, ONE]


@SAME_FOLDER
@given(completions=SEVERAL, data=st.data())
def test_a_damaged_last_line_harms_no_other(path: Path, completions: list[Completion], data: st.DataObject) -> None:
    """Any byte of the last line may change: all lines before it are read."""
    whole = bytearray(written(path, completions))
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    whole[data.draw(st.integers(start, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    assert Journal(path).completions[: len(completions) - 1] == completions[:-1]
    assert path.read_bytes() == whole


def test_a_missing_line_end_loses_nothing(path: Path) -> None:
    """A line that was cut just before its end counts, and the next stands on a line of its own."""
    path.write_bytes(line(ONE)[:-1])
    journal = Journal(path)
    assert (journal.completions, journal.truncated_bytes) == ([ONE], 0)
    journal.append(replace(ONE, key="l"))
    assert path.read_bytes() == line(ONE) + line(replace(ONE, key="l"))


def test_reading_changes_nothing(path: Path) -> None:
    """A journal with a torn tail that is only read stays as it is."""
    path.write_bytes(line(ONE) + b'{"v": 1, "key"')
    Journal(path)
    assert path.read_bytes() == line(ONE) + b'{"v": 1, "key"'


def test_repair(path: Path) -> None:
    """A torn tail is cut off once, every whole line stays byte for byte, and the next append follows it."""
    path.write_bytes(line(ONE) + b'{"v": 1, "key"')
    journal = Journal(path)
    assert journal.repair()
    assert path.read_bytes() == line(ONE)
    assert not journal.repair()
    journal.append(ONE)
    assert path.read_bytes() == line(ONE) * 2


def test_repair_takes_nothing_of_another(path: Path) -> None:
    """A tail to which another program has added since it was read is left to that one."""
    path.write_bytes(line(ONE) + b'{"v": 1, "key"')
    journal = Journal(path)
    Journal(path).append(ONE)
    with pytest.raises(JournalError, match="another program writes it too"):
        journal.repair()
    assert path.read_bytes() == line(ONE) * 2


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (b'{"v": 1}\n', "it has no `key`"),
        (line(ONE, max_tokens="many"), "`max_tokens` is of type str, not int"),
        (line(ONE, completion_tokens=60.0), "`completion_tokens` is of type float, not int"),
        (line(ONE, sample=True), "`sample` is of type bool, not int"),
        (line(ONE, finish_reason={"type": "stop"}), "`finish_reason` is of type object, not str"),
        (line(ONE, answer=None), "`answer` is of type null, not str"),
        (line(ONE, outcome="fine"), "`outcome`"),
        (line(ONE, speeds=[1]), "`speeds` is of type array, not object"),
        (b"5\n", "it is of type int, not object"),
        (b"not json\n", "not JSON (character 1"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
        (b'{"key": ' + b"[" * 100_000 + b"\n", "nested too deeply"),
        (b'{"key": ' + b"1" * 5000 + b"}\n", "a number of too many digits"),
        (b"\xff\xfe\n", "no UTF-8 (byte 1)"),
    ],
)
def test_a_damaged_line_costs_itself_alone(path: Path, damaged: bytes, reason: str) -> None:
    """A line that is no completion has one sentence; all others count, as do those that are appended."""
    path.write_bytes(line(ONE) + damaged + line(ONE))
    journal = Journal(path)
    assert (journal.entries, journal.truncated_bytes) == ([JournalEntry(ONE, 1), JournalEntry(ONE, 3)], 0)
    (sentence,) = journal.damaged
    assert f"{path}, line 2 is not a completion ({reason}" in sentence
    journal.append(ONE)
    assert journal.entries == Journal(path).entries == [JournalEntry(ONE, number) for number in (1, 3, 4)]
    assert path.read_bytes() == line(ONE) + damaged + line(ONE) * 2


@pytest.mark.parametrize(
    "odd",
    [
        line(ONE, speeds={"prompt": float("inf"), "generation": float("nan")}),
        line(ONE, answer="\ud83d half a pair"),
        json.dumps(asdict(replace(ONE, answer="a\u2028b\u0085c")), ensure_ascii=False).encode() + b"\n",
        line(ONE, colour="red"),
        b"\n \r\n" + line(ONE)[:-1] + b"\r\n",
    ],
)
def test_odd_lines_are_completions(path: Path, odd: bytes) -> None:
    """Numbers that are not finite, half pairs, odd line ends, and fields of another program lose no completion."""
    path.write_bytes(line(ONE) + odd + line(ONE))
    journal = Journal(path)
    assert (len(journal.completions), journal.damaged) == (3, [])


@pytest.mark.parametrize("newer", [line(ONE, v=2), line(ONE, v=2, answer=["parts"])])
def test_a_newer_version(path: Path, newer: bytes) -> None:
    """A newer program's line, wherever it stands, is an error rather than damage or a tail to cut off."""
    for content in (line(ONE) + newer, line(ONE) + newer + line(ONE)):
        path.write_bytes(content)
        with pytest.raises(JournalError, match="line 2 was written by a newer version of this program; update this"):
            Journal(path)


@pytest.mark.parametrize(("make", "reason"), [(os.mkdir, "Is a directory"), (os.mkfifo, "it is a pipe")])
def test_an_unreadable_journal(path: Path, make: Callable[[Path], None], reason: str) -> None:
    """What cannot be read is named with the system's reason; a pipe, which might never end, is not waited for."""
    make(path)
    with pytest.raises(JournalError, match=rf"raw.jsonl cannot be read \({reason}\)"):
        Journal(path)


def test_two_writers(path: Path) -> None:
    """A journal that grew under a run is left alone: the other's lines are completions too."""
    journal = Journal(path)
    journal.append(ONE)
    Journal(path).append(replace(ONE, key="other"))
    with pytest.raises(JournalError, match="another program writes it too; stop that one"):
        journal.append(ONE)
    assert [completion.key for completion in Journal(path).completions] == ["k", "other"]


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: no fixture, which would hold for pytest's own output in a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk(path: Path) -> None:
    """A line that does not fit is an error in one sentence, no half of it stays, and a shorter one fits after it."""
    journal = Journal(path)
    journal.append(ONE)
    before = path.read_bytes()
    with small_files(1000), pytest.raises(JournalError) as caught:
        journal.append(replace(ONE, answer="x" * 1000))
    assert caught.value.sentence == (
        f"{path} cannot be written (File too large); free space or make it writable, then run doit again: "
        "the 1 completions in it stay."
    )
    assert path.read_bytes() == before
    with small_files(1000):
        journal.append(ONE)
    assert Journal(path).completions == [ONE, ONE]


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk(tmpfs: Path) -> None:
    """A full disk keeps all completions that were written, and says that they stay."""
    journal = Journal(tmpfs / "raw.jsonl")

    def fill() -> None:
        while True:
            journal.append(replace(ONE, answer="x" * 500))

    with pytest.raises(JournalError, match=r"\(No space left on device\); free space") as caught:
        fill()
    assert f"the {len(journal.completions)} completions in it stay" in caught.value.sentence
    again = Journal(tmpfs / "raw.jsonl")
    assert (again.completions, again.truncated_bytes) == (journal.completions, 0)
    assert len(again.completions) > 5


def test_read_only(tmpfs: Path) -> None:
    """A read-only results directory is one sentence, and reading goes on."""
    Journal(tmpfs / "raw.jsonl").append(ONE)
    subprocess.run(["mount", "-o", "remount,ro", tmpfs], check=True)
    journal = Journal(tmpfs / "raw.jsonl")
    with pytest.raises(JournalError, match=r"\(Read-only file system\); free space or make it writable"):
        journal.append(ONE)
    assert Journal(tmpfs / "raw.jsonl").completions == [ONE]


def test_a_line_is_on_the_disk_before_it_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each append syncs the file, and the first one its folder too."""
    synced: list[bool] = []
    sync = os.fsync

    def watched(place: int) -> None:
        synced.append(os.path.samestat(os.fstat(place), path.parent.stat()))
        sync(place)

    monkeypatch.setattr(os, "fsync", watched)
    journal = Journal(path)
    journal.append(ONE)
    journal.append(ONE)
    assert synced == [False, True, False]
