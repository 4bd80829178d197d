import json
import marshal
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.evaluate.comparison import Comparison
from bench.evaluate.grade import SHARED
from bench.evaluate.judge import UNREADABLE, Judge, SuiteResult
from bench.evaluate.readers import Readers
from bench.sandbox.inside import outputs
from bench.sandbox.instance import End
from tests.evaluate.test_comparison import CLOSE, DONE, EXACT, HOSTILE, expected_of, record, wire

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    """Readers, forked as they are needed."""
    forked = Readers()
    yield forked
    forked.close()


def result_of(
    readers: Readers,
    out: bytes,
    values: list[Any],
    *,
    broken: str = "",
    status: int | None = 0,
    test: int | None = None,
) -> SuiteResult:
    """The result where `values` were expected and `out` came."""
    judge = Judge(Comparison(EXACT, expected_of(values)), readers)
    for at in range(0, len(out), 1 << 17):
        if not judge.feed(out[at : at + (1 << 17)]):
            break
    last = len(values) - 1 if test is None else test
    return judge.finish(End(status, broken, test=last, seconds=0.1, dirty=False))


def children_of(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_expected_bytes_need_no_reader() -> None:
    """A sample that returns what the reference returns passes, and no process is started for it."""
    readers = Readers()
    assert result_of(readers, wire([1, [2.5]]), [1, [2.5]]).status == "pass"
    assert readers.forker is None


def test_other_bytes_are_read_elsewhere(readers: Readers) -> None:
    """From the first other byte on a process of its own compares, and its finding is the result."""
    assert result_of(readers, wire([1, 2.0, True]), [1, 2, 1]).status == "pass"
    wrong = result_of(readers, wire([1, 2.0, 5]), [1, 2, 6])
    assert (wrong.status, wrong.index, wrong.failure) == ("fail", 2, {"actual": "5", "expected": "6"})


def test_a_missing_output_is_no_pass(readers: Readers) -> None:
    """A process that ends before its last test fails, whatever its exit status says."""
    for out in (wire([1, 2]), wire([1.0, 2])):
        result = result_of(readers, out[: -len(DONE)], [1, 2, 3])
        assert (result.status, result.failure) == ("fail", {"error": "ended without a result", "line": 0})


def test_a_suite_without_tests_has_no_failing_one(readers: Readers) -> None:
    """Where a suite has no tests, a sample that says it was in one fails before the first."""
    error = record(outputs.ERROR, marshal.dumps(("ValueError", "no", 1), 2))
    result = result_of(readers, error, [], test=4)
    assert (result.status, result.index) == ("fail", None)


@pytest.mark.parametrize("out", [HOSTILE[0], *(out for out in HOSTILE if out[0] == outputs.ERROR)])
def test_a_hostile_record_is_its_samples_failure(readers: Readers, out: bytes) -> None:
    """An error with a number of 5,000 digits, or no error at all, fails with a sentence; the next sample is judged."""
    result = result_of(readers, out, [1])
    assert result.status == "fail"
    assert result.failure
    assert result_of(readers, wire([1.0]), [1]).status == "pass"


def test_a_readers_death_is_its_samples_failure() -> None:
    """A reader that is killed is a failure of the sample it read for, which may have been the machine's fault."""
    readers = Readers()
    judge = Judge(Comparison(EXACT, expected_of([1, 2])), readers)
    assert judge.feed(wire([1.0])[: -len(DONE)])
    assert readers.forker
    while not (children := children_of(readers.forker.pid)):
        time.sleep(0.01)
    os.kill(children[-1], signal.SIGKILL)
    while judge.feed(b""):
        time.sleep(0.01)
    result = judge.finish(End(0, "", test=1, seconds=0.1, dirty=False))
    assert (result.status, result.failure) == ("fail", {"error": UNREADABLE, "line": 0})
    assert SHARED.match(str(result.failure and result.failure["error"]))
    assert result_of(readers, wire([1.0]), [1]).status == "pass"
    readers.close()


def test_readers_come_again_where_their_forker_was_ended() -> None:
    """Whoever ends the process that forks readers ends no grading."""
    readers = Readers()
    assert result_of(readers, wire([1.0]), [1]).status == "pass"
    assert readers.forker
    readers.forker.kill()
    readers.forker.wait()
    assert result_of(readers, wire([1.0]), [1]).status == "pass"
    readers.close()


def millions() -> tuple[str, str, float, int]:
    """Status and failure of 38 million dicts where a million numbers are wanted; the CPU seconds and KiB it took."""
    readers = Readers()
    comparison = Comparison(CLOSE, expected_of([[float(n) for n in range(1_000_000)]], limit=outputs.UNCUT))
    judge = Judge(comparison, readers)
    out = outputs.HEADER.pack(outputs.VALUE, 5 + 76_000_000) + b"[" + (38_000_000).to_bytes(4, "little")
    block, sent = b"{0" * (1 << 16), 0
    more = judge.feed(out)
    while more and sent < 76_000_000:
        more = judge.feed(block[: 76_000_000 - sent])
        sent += len(block)
    result = judge.finish(End(0, "", test=0, seconds=0.1, dirty=False))
    assert readers.forker
    assert readers.control
    readers.control.close()
    used = os.wait4(readers.forker.pid, 0)[2]
    readers.close()
    return result.status, str(result.failure and result.failure["actual"]), used.ru_utime, used.ru_maxrss


@pytest.mark.slow
def test_millions_of_items_cost_next_to_nothing() -> None:
    """Where a million numbers are expected, 38 million dicts are refused by their number."""
    # A process is charged with the memory of the one that started it, and pytest's may be large.
    program = "import json; from tests.evaluate.test_judge import millions; print(json.dumps(millions()))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    status, actual, seconds, memory = json.loads(ran.stdout)
    assert (status, actual) == ("fail", "<not plain data>")
    assert seconds < 5
    assert memory < 600_000


@pytest.mark.parametrize(
    ("broken", "status", "expected"),
    [("time", 9, "timeout"), ("memory", 9, "fail"), ("", 11, "fail"), ("", 9, "fail")],
)
def test_the_end_of_the_process_decides_what_a_missing_output_means(
    readers: Readers, broken: str, status: int, expected: str
) -> None:
    """Time, memory and signals are different failures, with the test that ran."""
    result = result_of(readers, b"", [1, 2], broken=broken, status=status)
    assert (result.status, result.index) == (expected, 1)
    assert result.failure
    assert result.failure["error"].split()[0] in ("test", "used", "was")
