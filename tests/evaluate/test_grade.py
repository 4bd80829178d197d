"""What becomes of a sample that ran out of time; a lane that says how a run ended stands in for a busy machine."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.evaluate.grade import Attempt
from bench.evaluate.ground_truth import Truth
from bench.evaluate.readers import Readers
from bench.records import Verdict
from bench.sandbox.instance import End, Lane, Run
from tests.evaluate.grading import SOLUTIONS, Grader, ground_truth

LATE = {"status": None, "broken": "time"}
KILLED = {"status": int(signal.SIGKILL), "broken": ""}


class Told(Lane):
    """A lane in which the suites end as told; a suite that ends well has computed what is expected."""

    def __init__(self, truth: Truth, ends: dict[str, dict[str, object]]) -> None:
        self.truth, self.ends, self.runs = truth, ends, list[Run]()

    def run(self, run: Run, source: str, feed: Callable[[bytes], bool]) -> End:
        """As told."""
        self.runs.append(run)
        suite = run.inputs.rpartition(".")[2]
        told = {"status": 0, "broken": "", "test": 0, "seconds": 1.0, "dirty": False, **self.ends[suite]}
        if told["status"] == 0:
            feed(bytes(self.truth.known(self.truth.tasks["Demo/0"], suite).wire))
        return End(**told)


@pytest.fixture
def truth(grader: Grader, cache: Path) -> Truth:
    """Ground truth of the demo problems."""
    grader.grade(list(SOLUTIONS.items()))
    return ground_truth(cache)


ENDS = {
    "quick": ({}, {}, False, False),
    "stopped at the first limit": (LATE, {}, False, True),
    "out of time on its own core": (LATE | {"extended": True, "own_core": True}, {}, True, False),
    "out of time, disturbed at last": (LATE | {"extended": True}, {}, False, True),
    "killed": (KILLED, {}, False, True),
    "killed after it went on": (KILLED | {"extended": True}, {}, False, True),
    "right after it went on": ({"extended": True}, {}, True, False),
    "right, but late": ({"extended": True, "own_core": True, "doubtful": True}, {}, False, True),
    "plus right, but late": ({}, {"extended": True, "own_core": True, "doubtful": True}, False, True),
    "base went on, plus stopped": ({"extended": True}, LATE, False, True),
    "plus out of time on its own core": ({}, LATE | {"extended": True, "own_core": True}, True, False),
}


@pytest.mark.parametrize("name", ENDS)
def test_who_runs_again(truth: Truth, name: str) -> None:
    """A sample runs again where a neighbour may be to blame; who had a core to itself is counted, and is done."""
    base, plus, retried, again = ENDS[name]
    lane = Told(truth, {"base": base, "plus": plus})
    verdict = Attempt(truth, truth.tasks["Demo/0"], SOLUTIONS["Demo/0"], lane, Readers()).verdict()
    assert (verdict.retried, verdict.disturbed) == (retried, again)
    assert all(run.hurried for run in lane.runs)


def test_the_second_try_has_the_whole_limits(truth: Truth) -> None:
    """Alone, a sample is not hurried, and a base suite that it has passed does not run again."""
    before = Verdict("pass", "timeout")
    lane = Told(truth, {"plus": LATE})
    verdict = Attempt(truth, truth.tasks["Demo/0"], SOLUTIONS["Demo/0"], lane, Readers(), before).verdict()
    assert (verdict.base, verdict.plus) == ("pass", "timeout")
    assert [(run.inputs.rpartition(".")[2], run.hurried) for run in lane.runs] == [("plus", None)]


def test_a_sample_cannot_ask_to_run_again(grader: Grader) -> None:
    """Whether a sample runs again hangs on how it ended, not on the words of the exception that it raised."""
    source = "def total(numbers):\n    raise OSError('it was ended by signal 9')\n"
    ((base, _, row),) = grader.grade([("Demo/0", source)])
    assert (base, row["failure"]["error"], row["retried"]) == ("fail", "OSError: it was ended by signal 9", False)
