import pytest

from bench.report.metrics import metrics
from bench.report.outcomes import BY_KEY, FROM_INFO, TABLE, outcome_of
from bench.stats import wilson
from tests.report.made import EVERY, graded, local, result, run


def test_pass_at_1_is_of_all_problems() -> None:
    """What was not attempted counts as failed: the denominator is the full set."""
    figures = metrics(result("a", "ppub", n_problems=8))
    assert (figures.suites["base"].value, figures.score.value) == (3 / 8, 2 / 8)
    assert (figures.score.low, figures.score.high) == pytest.approx(wilson(2, 8))
    assert (figures.problems, figures.attempted, figures.lost) == (8, 4, {"missing": 4})


def test_several_samples() -> None:
    """pass@1 is the mean over a problem's samples, pass@k counts a problem that any of its samples passes."""
    figures = metrics(result("a", "pb pp bb uu"))
    assert (figures.k, figures.samples) == (2, 8)
    assert figures.score.value == pytest.approx((0.5 + 1 + 0 + 0) / 4)
    assert figures.at_k["plus"].value == pytest.approx(2 / 4)
    assert figures.at_k["base"].value == pytest.approx(3 / 4)
    assert figures.solved == pytest.approx(1.5)


def test_unequal_samples() -> None:
    """K is what more than half of the attempted problems have; those with fewer samples are not in pass@k."""
    figures = metrics(result("a", "ppb pbb bbb p .", n_problems=5))
    assert (figures.k, figures.k_problems, figures.attempted) == (3, 4, 4)
    assert figures.at_k["plus"].value == pytest.approx((1 + 1 + 0 + 0) / 4)
    assert figures.score.value == pytest.approx((2 / 3 + 1 / 3 + 0 + 1 + 0) / 5)


@pytest.mark.parametrize(("letters", "k"), [("", 1), ("p", 1), ("p b pp", 1), ("pp bb p", 2), ("ppp bb p", 2)])
def test_k(letters: str, k: int) -> None:
    """K is known for no problem and for one, and is not taken from a few problems that have more samples."""
    assert metrics(result("a", letters)).k == k


def test_one_suite() -> None:
    """A dataset with a single suite has one score, by that suite's name."""
    figures = metrics(result("a", "ppb", suites=("tests",)))
    assert list(figures.suites) == ["tests"]
    assert figures.score.value == pytest.approx(2 / 3)


def test_every_outcome() -> None:
    """Each kind of outcome is found from what eval_results.json holds of a sample."""
    figures = result("a", EVERY)
    assert "".join(outcome_of(sample).letter for sample in figures.samples) == EVERY
    assert {one.letter for one in TABLE} - set(EVERY) == {"-"}
    assert metrics(figures).outcomes == {
        one.key: EVERY.count(one.letter) for one in TABLE if one.letter in EVERY
    }  # fmt: skip


@pytest.mark.parametrize(
    ("failure", "key"),
    [
        ({"error": "SyntaxError: invalid syntax (<solution>, line 2)", "line": 2}, "syntax"),
        ({"error": "IndentationError: unexpected indent", "line": 2}, "syntax"),
        ({"error": "NameError: name 'List' is not defined", "line": 1}, "name"),
        ({"error": "ModuleNotFoundError: No module named 'x'", "line": 1}, "name"),
        ({"error": "KeyError: 'string_xor'", "line": 0}, "undefined"),
        ({"error": "KeyError: 'a'", "line": 4}, "crash"),
        ({"error": "the solution does not define string_xor", "line": 0}, "undefined"),
        ({"error": "OSError", "line": 1}, "crash"),
        ({"error": "RecursionError: maximum depth", "line": 7}, "crash"),
        ({"expected": "1", "actual": "2"}, "wrong"),
        ({"error": "more outputs than tests", "line": 0}, "wrong"),
        ({"error": 3}, "wrong"),
        ({}, "wrong"),
        (None, "wrong"),
    ],
)
def test_kinds_of_failure(failure: dict[str, object] | None, key: str) -> None:
    """A failed sample's kind is that of its first failure, whatever grader wrote it."""
    assert outcome_of(graded("HumanEval/0", "b", failure=failure or {"suite": "base"})).key == key


def test_the_way_it_was_lost_comes_before_a_verdict() -> None:
    """A truncated sample that fails counts as truncated; one that passes counts as passed, and as lost."""
    assert outcome_of(graded("HumanEval/0", "b", lost="truncated")).key == "truncated"
    passed = result("a", "", samples=(graded("HumanEval/0", "p", lost="truncated"),), n_problems=1)
    assert metrics(passed).outcomes == {"pass": 1}
    assert metrics(passed).lost == {"truncated": 1}


def test_an_unknown_loss_is_a_refusal() -> None:
    """A reason of another version for a lost sample counts as a failed request, and none has two words."""
    assert outcome_of(graded("HumanEval/0", "b", lost="a new reason")).key == "refused"
    assert set(FROM_INFO.values()) == {one.key for one in TABLE if one.lost}
    assert len({one.label for one in TABLE}) == len({one.sign for one in TABLE}) == len(TABLE) == len(BY_KEY)


def test_costs() -> None:
    """Speed is the server's, or else tokens over the time of requests, which is marked; imports have none."""
    measured = metrics(result("a", "pppb", run=local(20.0, 65.0))).cost
    assert (measured.speed, measured.measured, measured.bytes, measured.seconds) == (20.0, True, 65_000_000_000, 3000.0)
    rough = metrics(result("a", "p", run=run(totals={"completion_tokens": 100, "seconds": 4}))).cost
    assert (rough.speed, rough.measured) == (25, False)
    none = metrics(result("a", "p")).cost
    assert (none.speed, none.seconds, none.tokens, none.bytes) == (None, None, None, None)


def test_per_solved() -> None:
    """Costs are divided by the problems solved; with several samples, those of one pass over the problems are."""
    assert (one := metrics(result("a", "ppbb", run=local(20.0, 65.0)))).per_solved(one.cost.seconds) == 1500
    two = metrics(result("a", "pp pp bb bb", run=local(20.0, 65.0)))
    assert two.per_solved(two.cost.seconds) == 750
    assert metrics(result("a", "bb")).per_solved(3.0) is None


@pytest.mark.parametrize("totals", [None, 3, [], {"speed": 3, "seconds": "long", "completion_tokens": True}])
def test_odd_totals(totals: object) -> None:
    """Totals of another form are as good as none."""
    figures = metrics(result("a", "p", run={"totals": totals, "cost": totals, "model": totals})).cost
    assert (figures.speed, figures.seconds, figures.tokens, figures.load) == (None, None, None, None)
