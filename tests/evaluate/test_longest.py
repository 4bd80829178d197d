import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.evaluate import local
from bench.evaluate.grade import Work, judged
from bench.evaluate.ground_truth import Truth
from bench.evaluate.longest import Longest
from bench.evaluate.readers import Readers
from bench.records import Verdict
from bench.sandbox.instance import Lane
from tests.evaluate.grading import SOLUTIONS, Grader


def costs(**seconds: float) -> Callable[[str], float]:
    """What references take; of others, it is not known."""
    return lambda task_id: seconds.get(task_id, 0.0)


COSTS = costs(a=2.0, b=0.1)


def test_what_took_longest_is_kept_for_all_models(tmp_path: Path) -> None:
    """The most that a sample of a problem took counts, and the reference's time where that is more."""
    longest = Longest(tmp_path, "demo", COSTS)
    for task_id, seconds in (("a", 1.0), ("b", 7.0), ("b", 0.2), ("c", 0.3)):
        longest.note(task_id, seconds)
    longest.save()
    again = Longest(tmp_path, "demo", COSTS)
    assert [again.seconds(task_id) for task_id in ("a", "b", "c", "d")] == [2.0, 7.0, 0.3, 0.0]


def test_surprises_first_and_known_work_last(tmp_path: Path) -> None:
    """What took longer than it should goes first, then what should be quick, then the rest, each longest first."""
    references = {"slow": 3.0, "slower": 4.0, "quick": 0.1, "loops": 0.1, "crawls": 1.0}
    longest = Longest(tmp_path, "demo", costs(**references))
    for task_id, seconds in (("loops", 4.0), ("crawls", 9.0), ("slow", 3.5), ("quick", 0.9)):
        longest.note(task_id, seconds)
    longest.save()
    order = sorted(references, key=Longest(tmp_path, "demo", longest.cost).turn)
    assert order == ["crawls", "loops", "quick", "slower", "slow"]


def test_one_loop_is_not_for_ever(tmp_path: Path) -> None:
    """With each later grading of a problem an old maximum counts less; of a problem that was not graded it stays."""
    first = Longest(tmp_path, "demo", COSTS)
    first.note("b", 10.0)
    first.note("c", 5.0)
    first.save()
    second = Longest(tmp_path, "demo", COSTS)
    second.note("b", 1.0)
    second.save()
    second.save()
    third = Longest(tmp_path, "demo", COSTS)
    assert [third.seconds(task_id) for task_id in ("b", "c")] == [pytest.approx(7.0), 5.0]


@pytest.mark.parametrize("damaged", ["", "[1, 2]", '{"b": "long", "c": 3}'])
def test_a_damaged_file_costs_nothing(tmp_path: Path, damaged: str) -> None:
    """What cannot be read is as if it were not there."""
    longest = Longest(tmp_path, "demo", COSTS)
    longest.save()
    longest.path.write_text(damaged)
    assert Longest(tmp_path, "demo", COSTS).seconds("b") == 0.1


def test_the_slowest_goes_first_next_time(grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem whose sample took long is begun with in the next grading, of whichever model."""
    grader.cache, grader.workers, order = tmp_path / "own", 1, list[str]()

    def recorded(truth: Truth, readers: Readers, lane: Lane, work: Work) -> Verdict:
        order.append(work.task_id)
        return judged(truth, readers, lane, work)

    monkeypatch.setattr(local, "judged", recorded)
    longest = Longest(grader.cache, "demo", costs())
    longest.note("Demo/3", 99.0)
    longest.save()
    grader.grade(list(SOLUTIONS.items()))
    assert order[0] == "Demo/3"
    assert json.loads(longest.path.read_bytes()).keys() == SOLUTIONS.keys()
