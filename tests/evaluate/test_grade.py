"""What becomes of a sample that ran out of time; a scripted sandbox stands in for a busy machine."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.evaluate.grade import Job, grade
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.readers import Readers
from bench.records import Verdict
from bench.sandbox.instance import End, Run, SandboxInstance
from tests.evaluate.grading import SOLUTIONS, Grader, ground_truth

LATE = {"status": None, "broken": "time"}
KILLED = {"status": int(signal.SIGKILL), "broken": ""}
FULL = {"status": None, "broken": "memory"}


class Scripted(SandboxInstance):
    """A sandbox in which the suites end as given; a suite that ends well has computed what is expected."""

    def __init__(self, truth: GroundTruth, ends: dict[str, dict[str, object]]) -> None:
        self.truth, self.ends, self.runs = truth, ends, dict[str, Run]()

    def run(self, run: Run, source: str, feed: Callable[[bytes], bool]) -> End:
        """As given."""
        task = self.truth.tasks["Demo/0"]
        suite = next(suite for suite in task.suites if run.inputs == self.truth.marshalled(task, suite))
        self.runs[suite] = run
        end = {"status": 0, "broken": "", "test": 0, "seconds": 1.0, "cpu": 1.0, "dirty": False, **self.ends[suite]}
        if end["status"] == 0:
            feed(bytes(self.truth.known(task, suite).wire))
        return End(**end)


@pytest.fixture
def truth(grader: Grader, cache: Path) -> GroundTruth:
    """Ground truth of the demo problems."""
    grader.grade(list(SOLUTIONS.items()))
    return ground_truth(cache)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ends", "again"),
    [({}, False), ({"base": LATE}, True), ({"base": KILLED}, True), ({"plus": LATE}, True), ({"plus": FULL}, False)],
)
def test_who_runs_again(truth: GroundTruth, ends: dict[str, dict[str, object]], *, again: bool) -> None:
    """Beside others, limits are short, and a sample runs again where a neighbour may have caused how it ended."""
    sandbox = Scripted(truth, {"base": {}, "plus": {}} | ends)
    verdict = grade(truth, Readers(), sandbox, Job("Demo/0", "key", SOLUTIONS["Demo/0"]))
    assert (verdict.retried, verdict.retry_alone) == (False, again)
    task = truth.tasks["Demo/0"]
    assert all(run.limits == truth.known(task, suite).short_limits for suite, run in sandbox.runs.items())


def test_the_second_try_has_the_whole_limits(truth: GroundTruth) -> None:
    """Alone, a sample has its whole limits and a core, and a base suite that it has passed does not run again."""
    sandbox = Scripted(truth, {"plus": LATE})
    job = Job("Demo/0", "key", SOLUTIONS["Demo/0"], before=Verdict("pass", "timeout"))
    verdict = grade(truth, Readers(), sandbox, job, 1)
    assert (verdict.base, verdict.plus, verdict.retried, verdict.retry_alone) == ("pass", "timeout", True, False)
    ((suite, run),) = sandbox.runs.items()
    assert (suite, run.alone, run.core) == ("plus", True, 1)
    assert run.limits == truth.known(truth.tasks["Demo/0"], "plus").limits


@pytest.mark.slow
@pytest.mark.parametrize(
    "error", ["MemoryError", "OSError(12, 'no memory')", 'RuntimeError("can\'t start new thread")']
)
def test_what_neighbours_can_cause_is_tried_alone(grader: Grader, error: str) -> None:
    """A sample that lacked what all share runs once more, alone; its fail stands then, and is not kept."""
    pairs = [("Demo/0", f"def total(numbers):\n    raise {error}\n")]
    for _ in range(2):
        ((base, _, row),) = grader.grade(pairs)
        assert (base, row["retried"], row["cached"]) == ("fail", True, False)
