import itertools
import os
import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest

from bench.sandbox.inside import limits, outputs
from bench.sandbox.inside.clock import START, Clock, Moment
from bench.sandbox.inside.limits import Watch
from bench.sandbox.inside.protocol import Tally
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


class Told(Clock):
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.moment, self.records = START, 0

    def wall(self) -> float:
        """As told."""
        return self.moment.wall

    def now(self) -> Moment:
        """As told."""
        return self.moment


def limits_of(test: float = 4.0, suite: float = 61.0, **longer: float) -> dict[str, Any]:
    """Limits of a run; longer ones by the numbers of tests, as `test_1`."""
    return {"test": test, "longer": {name[5:]: limit for name, limit in longer.items()}, "suite": suite}


def watch(
    last: dict[str, Any] | None = None, hurried: dict[str, Any] | None = None, *, whole: bool = False
) -> tuple[Watch, Told, list[int]]:
    """A watch with a clock to set and the number of the test that runs; `whole`: not hurried, but alone."""
    clock, progress = Told(), [1, 0]
    last = last or limits_of()
    job = {
        "limits": last,
        "hurried": None if whole else hurried or last,
        "memory": 1 << 40,
        "born_with": 0,
        "wide": False,
    }
    return Watch(job, clock, progress), clock, progress


def at(seen: Watch, clock: Told, fair: float, wall: float | None = None, cpu: float = 0.0) -> str:
    """Which limit is broken at that time."""
    clock.moment = Moment(fair if wall is None else wall, fair, cpu)
    return seen.broken()


def test_each_test_has_its_own_time() -> None:
    """The limit begins anew with each test; a slow reference's test has a longer one."""
    seen, clock, progress = watch(limits_of(test_1=10.0))
    assert [at(seen, clock, 0.1), at(seen, clock, 3.9)] == ["", ""]
    progress[0], clock.records = 2, 1
    assert [at(seen, clock, 4.1), at(seen, clock, 14.0), at(seen, clock, 14.2)] == ["", "", "time"]


def test_who_says_that_the_next_test_has_begun_gains_nothing() -> None:
    """Only an output that has come ends the time of a test, whatever a sample tells its runner."""
    seen, clock, progress = watch()
    found = []
    for tenth in range(100):
        progress[0], progress[1] = tenth, 1
        found.append(at(seen, clock, tenth / 10))
    assert found.index("time") / 10 == pytest.approx(4.2, abs=0.11)


def test_who_says_that_no_test_has_begun_gains_nothing() -> None:
    """Once an output has come, the next test has a limit, though its number says that none runs."""
    seen, clock, progress = watch()
    progress[0], clock.records = 0, 1
    assert [at(seen, clock, tenth / 10) for tenth in range(60)].index("time") == 41


def test_writing_an_output_down_is_not_the_samples_time() -> None:
    """While the runner writes a large output down, the limit of the suite alone holds."""
    seen, clock, progress = watch(limits_of(suite=20.0))
    seen.job["wide"], progress[1] = True, 1
    assert [at(seen, clock, 0.1), at(seen, clock, 19.9), at(seen, clock, 20.1)] == ["", "", "time"]


def test_a_suite_has_a_time_too() -> None:
    """Many tests, each within its limit, may not take more than the suite's."""
    seen, clock, progress = watch(limits_of(suite=10.0))
    found = []
    for number in range(1, 7):
        progress[0], clock.records = number, number - 1
        found.append(at(seen, clock, number * 2.0))
    assert found == ["", "", "", "", "", "time"]


def test_waiting_for_a_core_is_not_held_against_a_sample() -> None:
    """Time on the run queue does not count, up to four times the limit."""
    seen, clock, _ = watch()
    assert [at(seen, clock, 0.1), at(seen, clock, 3.9, 15.0), at(seen, clock, 3.9, 16.5)] == ["", "", "time"]


@pytest.mark.parametrize(("share", "last"), [(0.95, 4.0), (0.5, 1.0), (0.0, 1.0)])
def test_with_a_core_to_itself_a_sample_goes_on(share: float, last: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the first limit goes who was on a core all the time; who waited, slept or was kept waiting is stopped."""
    monkeypatch.setattr(limits, "yardstick", lambda: limits.NOMINAL)
    seen, clock, _ = watch(hurried=limits_of(test=1.0))
    found = [at(seen, clock, tenth / 10, cpu=share * tenth / 10) for tenth in range(60)]
    assert found.index("time") / 10 == pytest.approx(last + 0.1, abs=0.11)
    assert (seen.extended, seen.own_core) == (last > 1, last > 1)


@pytest.mark.parametrize(("whole", "last"), [(False, 10.8), (True, 9.6)], ids=["beside others", "alone"])
def test_who_held_much_memory_has_more_time(monkeypatch: pytest.MonkeyPatch, *, whole: bool, last: float) -> None:
    """Who holds or held large data has a fifth more time; beside others a third, and past the fifth is in doubt."""
    monkeypatch.setattr(limits, "yardstick", lambda: 2 * limits.NOMINAL)
    held = iter([0, 190 << 20])
    monkeypatch.setattr(limits, "memory_used", lambda _: next(held, 0))
    seen, clock, _ = watch(hurried=limits_of(test=1.0), whole=whole)
    found, doubt = [], []
    for tenth in range(120):
        found.append(at(seen, clock, tenth / 10, cpu=tenth / 10))
        doubt.append(seen.doubtful)
    assert found.index("time") / 10 == pytest.approx(last + 0.1, abs=0.11)
    assert seen.own_core
    assert doubt[:96] == [False] * 96
    assert doubt[98:] == [not whole] * 22


def test_who_lost_its_core_later_may_blame_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample that had a core to itself at first, and not until the last limit, is not judged by that."""
    monkeypatch.setattr(limits, "yardstick", lambda: limits.NOMINAL)
    seen, clock, _ = watch(hurried=limits_of(test=1.0))
    found = [at(seen, clock, tenth / 10, cpu=min(tenth / 10, 2.0)) for tenth in range(60)]
    assert "time" in found
    assert (seen.extended, seen.own_core) == (True, False)


def test_a_quiet_beginning_says_nothing_of_a_later_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a sample had a core to itself is asked of the test that takes too long, not of those before it."""
    monkeypatch.setattr(limits, "yardstick", lambda: limits.NOMINAL)
    seen, clock, progress = watch(hurried=limits_of(test=1.0))
    found = []
    for tenth in range(400):
        progress[0] = min(tenth // 9 + 1, 30)
        clock.records = progress[0] - 1
        found.append(at(seen, clock, tenth / 10, cpu=min(tenth / 10, 26.5)))
    assert (seen.extended, seen.own_core) == (False, False)
    assert found.index("time") < 280


def test_alone_the_limits_stretch_by_how_slow_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample has as much more time as a fixed piece of work takes longer, up to three times, or less by a fifth."""
    for slowness, last in ((0.5, 3.2), (0.9, 3.6), (2.0, 8.0), (9.0, 12.0)):
        monkeypatch.setattr(limits, "yardstick", lambda slowness=slowness: slowness * limits.NOMINAL)
        seen, clock, _ = watch(hurried=limits_of(test=1.0))
        found = [at(seen, clock, tenth / 10, cpu=tenth / 10) for tenth in range(130)]
        assert found.index("time") / 10 == pytest.approx(last + 0.1, abs=0.11)


def test_a_suite_on_a_slow_machine_stretches_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite of quick tests, whose first and last limits are alike, has more time on a slow machine."""
    monkeypatch.setattr(limits, "yardstick", lambda: 2 * limits.NOMINAL)
    seen, clock, progress = watch(limits_of(suite=10.0))
    found = []
    for tenth in range(300):
        progress[0], clock.records = tenth + 1, tenth
        found.append(at(seen, clock, tenth / 10, cpu=tenth / 10))
    assert found.index("time") / 10 == pytest.approx(20.1, abs=0.11)
    assert (seen.extended, seen.own_core) == (True, True)


def test_the_yardstick_leaves_the_sample_its_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, the yardstick takes a tenth of the time at most."""
    uses: list[float] = []
    seen, clock, _ = watch(hurried=limits_of(test=1.0))
    monkeypatch.setattr(limits, "yardstick", lambda: uses.append(clock.wall()) or 0.3)
    for tenth in range(100):
        at(seen, clock, tenth / 10, cpu=tenth / 10)
    assert min(later - earlier for earlier, later in itertools.pairwise(uses)) >= 3


def test_one_odd_measurement_changes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """The median of the measurements counts."""
    values = iter([1.0, 1.0, 9.0] * 100)
    monkeypatch.setattr(limits, "yardstick", lambda: next(values) * limits.NOMINAL)
    seen, clock, _ = watch(hurried=limits_of(test=1.0))
    assert [at(seen, clock, tenth / 10, cpu=tenth / 10) for tenth in range(60)].index("time") == 41


@pytest.mark.parametrize("size", [1, 3, 5, 7, 1000])
def test_records_are_counted_in_whatever_pieces_they_come(size: int) -> None:
    """A record counts when its last byte has come; records without a payload count too."""
    stream, ends = b"", []
    for payload in (b"abc", b"", b"x" * 300, b"\0" * 12, b""):
        stream += outputs.HEADER.pack(outputs.VALUE, len(payload)) + payload
        ends.append(len(stream))
    tally = Tally()
    for start in range(0, len(stream), size):
        piece = stream[start : start + size]
        assert tally.take(memoryview(piece)) == sum(end <= start + len(piece) for end in ends)


def test_counting_records_copies_none() -> None:
    """Outputs are not copied while they are counted: the next sample is born with what this process's memory holds."""
    payload = bytes(1 << 20)
    piece = memoryview(outputs.HEADER.pack(outputs.VALUE, len(payload)) + payload)
    tracemalloc.start()
    assert Tally().take(piece) == 1
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000


def test_the_yardstick_measures_work() -> None:
    """The yardstick takes some CPU time, and not much."""
    assert 0.005 < limits.yardstick() < 2


def test_the_clock_of_a_process_leaves_out_its_waiting() -> None:
    """Of two processes that share one core, each is charged about half of the wall time."""
    core = {min(os.sched_getaffinity(0))}
    both = [subprocess.Popen([sys.executable, "-c", SPIN, "3"]) for _ in range(2)]
    clock = Clock(both[0].pid)
    try:
        for process in both:
            os.sched_setaffinity(process.pid, core)
        time.sleep(0.3)
        before = clock.now()
        time.sleep(1.5)
        spent = clock.now().since(before)
        assert spent.fair < 0.8 * spent.wall
        assert spent.cpu == pytest.approx(spent.fair, rel=0.2)
    finally:
        for process in both:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_ten_gradings_say_the_same(grader: Grader) -> None:
    """Ten gradings of one file, five of them with both cores kept busy by something else, give the same statuses.

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
    for turn in range(10):
        with busy(600, cores=2 * (turn % 2)):
            found = [row[:2] for row in grader.grade(pairs, reuse=False)]
        assert found == expected, f"turn {turn}"
