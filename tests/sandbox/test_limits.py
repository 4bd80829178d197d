import os
import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest

from bench.sandbox.inside import limits, outputs
from bench.sandbox.inside.limits import Meter, Moment, Watch
from bench.sandbox.inside.protocol import RecordCounter
from tests.evaluate.grading import SOLUTIONS, SPIN, Grader, busy

LOOP = "def total(numbers):\n    while True:\n        pass\n"
SLOW = """
import time
def total(numbers):
    # {name}
    began = time.process_time()
    while time.process_time() - began < 0.6 and len(numbers) == 3:
        pass
    return {answer}
"""


class Scripted(Meter):
    """A meter that shows what it is given."""

    def __init__(self) -> None:
        self.moment, self.records, self.cpu, self.memory = Moment(0.0, 0.0, 0.0), 0, 0.0, 0

    def wall(self) -> float:
        """As given."""
        return self.moment.wall

    def look(self) -> Moment:
        """As given."""
        return self.moment


def limits_of(test: float = 4.0, suite: float = 61.0, **longer: float) -> dict[str, Any]:
    """Limits of a run; longer ones by the numbers of tests, as `test_1`."""
    return {"test": test, "longer": {name[5:]: limit for name, limit in longer.items()}, "suite": suite}


def watch(limits: dict[str, Any] | None = None, *, alone: bool = False) -> tuple[Watch, Scripted, list[int]]:
    """A watch with a meter to set and the number of the test that runs."""
    meter, progress = Scripted(), [1, 0]
    job = {"limits": limits or limits_of(), "alone": alone, "memory": 1 << 30, "has_large_outputs": False}
    seen = Watch(job, progress)
    seen.start(meter)
    seen.testing = True
    return seen, meter, progress


def at(seen: Watch, meter: Scripted, own: float, wall: float | None = None, cpu: float = 0.0) -> str:
    """Which limit is broken at that time."""
    meter.moment = Moment(own if wall is None else wall, own, cpu)
    return seen.broken()


def test_each_test_has_its_own_time() -> None:
    """The limit begins anew with each test; a slow reference's test has a longer one."""
    seen, meter, progress = watch(limits_of(test_1=10.0))
    assert [at(seen, meter, 0.1), at(seen, meter, 3.9)] == ["", ""]
    progress[0], meter.records = 2, 1
    assert [at(seen, meter, 4.1), at(seen, meter, 14.0), at(seen, meter, 14.2)] == ["", "", "time"]


def test_who_says_that_the_next_test_has_begun_gains_nothing() -> None:
    """Only an output that has come ends the time of a test, whatever a sample tells its runner."""
    seen, meter, progress = watch()
    broken = []
    for tenth in range(100):
        progress[0], progress[1] = tenth, 1
        broken.append(at(seen, meter, tenth / 10))
    assert broken.index("time") / 10 == pytest.approx(4.2, abs=0.11)


@pytest.mark.parametrize("records", [0, 1])
def test_who_says_that_no_test_has_begun_gains_nothing(records: int) -> None:
    """Once the tests have begun, each has a limit, the first too, though its number is set back to none."""
    seen, meter, progress = watch()
    progress[0], meter.records = 0, records
    assert [at(seen, meter, tenth / 10) for tenth in range(60)].index("time") == 41
    assert seen.test == records + 1


def test_the_work_of_children_counts() -> None:
    """A sample that waits while its other processes work has used what they did."""
    seen, meter, _ = watch()
    assert [at(seen, meter, tenth / 10, cpu=tenth) for tenth in range(9)] == [""] * 5 + ["time"] * 4


def test_memory_has_a_limit() -> None:
    """What all processes hold together may not be more than the job's memory."""
    seen, meter, _ = watch()
    meter.memory = 1 << 30
    assert at(seen, meter, 0.5) == ""
    meter.memory += 1
    assert at(seen, meter, 0.6) == "memory"


def test_writing_an_output_down_is_not_the_samples_time() -> None:
    """While the runner writes a large output down, the limit of the suite alone holds."""
    seen, meter, progress = watch(limits_of(suite=20.0))
    seen.job["has_large_outputs"], progress[1] = True, 1
    assert [at(seen, meter, 0.1), at(seen, meter, 19.9), at(seen, meter, 20.1)] == ["", "", "time"]


def test_a_suite_has_a_time_too() -> None:
    """Many tests, each within its limit, may not take more than the suite's."""
    seen, meter, progress = watch(limits_of(suite=10.0))
    broken = []
    for number in range(1, 7):
        progress[0], meter.records = number, number - 1
        broken.append(at(seen, meter, number * 2.0))
    assert broken == ["", "", "", "", "", "time"]


def test_waiting_for_a_core_is_not_held_against_a_sample() -> None:
    """Time on the run queue does not count, up to two minutes."""
    seen, meter, _ = watch()
    assert [at(seen, meter, 0.1), at(seen, meter, 3.9, 120.0), at(seen, meter, 3.9, 124.2)] == ["", "", "time"]


def test_alone_the_limits_stretch_by_how_slow_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample has as much more time as a fixed piece of work takes longer, up to three times, or less by a fifth."""
    for slowness, last in ((0.5, 3.2), (0.9, 3.6), (2.0, 8.0), (9.0, 12.0)):
        monkeypatch.setattr(limits, "calibration", lambda slowness=slowness: slowness * limits.NOMINAL)
        for alone, end in ((True, last), (False, 4.0)):
            seen, meter, _ = watch(alone=alone)
            broken = [at(seen, meter, tenth / 10, cpu=tenth / 10) for tenth in range(130)]
            assert broken.index("time") / 10 == pytest.approx(end + 0.1, abs=0.11)


def test_one_odd_measurement_changes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """The median of the measurements counts."""
    values = iter([1.0, 1.0, 9.0, 1.0, 9.0])
    monkeypatch.setattr(limits, "calibration", lambda: next(values) * limits.NOMINAL)
    assert limits.slowdown() == 1.0


@pytest.mark.parametrize("size", [1, 3, 5, 7, 1000])
def test_records_are_counted_in_whatever_pieces_they_come(size: int) -> None:
    """A record counts when its last byte has come; records without a payload count too."""
    stream, ends = b"", []
    for payload in (b"abc", b"", b"x" * 300, b"\0" * 12, b""):
        stream += outputs.HEADER.pack(outputs.VALUE, len(payload)) + payload
        ends.append(len(stream))
    counter = RecordCounter()
    for start in range(0, len(stream), size):
        piece = stream[start : start + size]
        assert counter.take(memoryview(piece)) == sum(end <= start + len(piece) for end in ends)


def test_counting_records_copies_none() -> None:
    """Outputs are not copied while they are counted: the next sample is born with what this process's memory holds."""
    payload = bytes(1 << 20)
    piece = memoryview(outputs.HEADER.pack(outputs.VALUE, len(payload)) + payload)
    tracemalloc.start()
    assert RecordCounter().take(piece) == 1
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000


def test_the_calibration_measures_work() -> None:
    """The calibration takes some CPU time, and not much."""
    assert 0.005 < limits.calibration() < 2


@pytest.mark.slow
def test_waiting_is_left_out_of_own_time() -> None:
    """Of two processes that share one core, each has used about half of the wall time."""
    core = {min(os.sched_getaffinity(0))}
    both = [subprocess.Popen([sys.executable, "-c", SPIN, "3"]) for _ in range(2)]
    meter = Meter(both[0].pid, 0)
    try:
        for process in both:
            os.sched_setaffinity(process.pid, core)
        time.sleep(0.3)
        before = meter.look()
        time.sleep(1.5)
        spent = meter.look().since(before)
        assert spent.own < 0.8 * spent.wall
        assert spent.cpu == pytest.approx(spent.own, rel=0.2, abs=0.1)
    finally:
        for process in both:
            process.kill()
            process.wait()


def test_a_process_that_ended_still_counts() -> None:
    """CPU time goes forwards only: what a process used that nobody sees any more stays counted."""
    meter = Meter(os.getpid(), 0)
    before = meter.look().cpu
    meter.pid = 1 << 30
    assert meter.look().cpu == before > 0
    assert meter.memory == 0


@pytest.mark.slow
@pytest.mark.parametrize("turns", [4, pytest.param(10, marks=pytest.mark.long)])
def test_gradings_say_the_same(grader: Grader, turns: int) -> None:
    """Four or ten gradings of one file, half of them with both cores kept busy by something else, say the same.

    The file holds what passes, fails and crashes, loops that never end, and solutions that need most of their time.
    """
    passing, failing = "sum(numbers)", "sum(numbers) + (len(numbers) == 50)"
    pairs = [
        *SOLUTIONS.items(),
        ("Demo/0", "def total(numbers):\n    return 7\n"),
        ("Demo/0", "import os\nos._exit(0)\n"),
        ("Demo/0", LOOP),
        *[("Demo/0", SLOW.format(name=number, answer=passing)) for number in range(3)],
        ("Demo/0", SLOW.format(name="wrong", answer=failing)),
    ]
    expected = [("pass", "pass")] * 6 + [("fail", "fail")] * 2 + [("timeout", "fail")]
    expected += [("pass", "pass")] * 3 + [("pass", "fail")]
    for turn in range(turns):
        with busy(600, cores=2 * (turn % 2)):
            actual = [row[:2] for row in grader.grade(pairs, reuse=False)]
        assert actual == expected, f"turn {turn}"
