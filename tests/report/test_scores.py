import pytest
from bench.report.scores import score

from bench.stats import wilson
from tests.report.small import entry, graded, run


def test_pass_at_1_is_of_all_problems() -> None:
    """What was not attempted counts as failed: the denominator is the full set."""
    found = score(entry("a", "ppub", n_problems=8))
    assert (found.base.value, found.plus.value) == (3 / 8, 2 / 8)
    assert (found.plus.low, found.plus.high) == pytest.approx(wilson(2, 8))
    assert (found.problems, found.attempted, found.lost) == (8, 4, {"not attempted": 4})


def test_several_samples() -> None:
    """pass@1 is the mean over a problem's samples, pass@k counts a problem that any of its samples passes."""
    found = score(entry("a", "pb pp bb uu"))
    assert (found.k, found.samples) == (2, 8)
    assert found.plus.value == pytest.approx((0.5 + 1 + 0 + 0) / 4)
    assert found.plus_k.value == pytest.approx(2 / 4)
    assert found.base_k.value == pytest.approx(3 / 4)


def test_unequal_samples() -> None:
    """K is what more than half of the attempted problems have; those with fewer samples are not in pass@k."""
    found = score(entry("a", "ppb pb .", n_problems=3))
    assert (found.k, found.k_problems, found.attempted) == (2, 3, 2)
    assert found.plus_k.value == pytest.approx((1 + 1 + 0) / 3)
    found = score(entry("a", "ppb pbb bbb p .", n_problems=5))
    assert (found.k, found.k_problems, found.attempted) == (3, 4, 4)
    assert found.plus_k.value == pytest.approx((1 + 1 + 0 + 0) / 4)
    assert found.plus.value == pytest.approx((2 / 3 + 1 / 3 + 0 + 1 + 0) / 5)


@pytest.mark.parametrize(("outcomes", "k"), [("", 1), ("p", 1), ("p b pp", 1), ("pp bb p", 2), ("ppp bb p", 2)])
def test_k(outcomes: str, k: int) -> None:
    """K is known for no problem and for one, and is not taken from a few problems that have more samples."""
    assert score(entry("a", outcomes)).k == k


def test_lost_and_failures() -> None:
    """What was lost is counted by why, in a fixed order, whatever its verdict; failures by how they failed."""
    samples = (
        graded("HumanEval/0", "p", lost="truncated"), graded("HumanEval/1", "b", lost="empty"),
        graded("HumanEval/2", "b", lost="truncated"), graded("HumanEval/3", "t"), graded("HumanEval/4", "u"),
        graded("HumanEval/5", "b", lost="a new reason"),
    )  # fmt: skip
    found = score(entry("a", "", samples=samples, n_problems=6))
    assert list(found.lost.items()) == [("truncated", 2), ("empty", 1), ("a new reason", 1)]
    assert found.failures == {"plus": 1, "base": 3, "timeout": 1}


def test_speed() -> None:
    """Speed is the server's, or else tokens over the time of requests, which is marked; imports have none."""
    measured = score(entry("a", "p", run=run()))
    assert (measured.speed, measured.timed, measured.seconds, measured.tokens) == (21.44, True, 3481.2, 4321)
    rough = score(
        entry("a", "p", run=run(totals={"completion_tokens": 100, "seconds": 4, "speed": {"generation": None}}))
    )
    assert (rough.speed, rough.timed) == (25, False)
    imported = score(entry("a", "p"))
    assert (imported.speed, imported.seconds, imported.tokens) == (None, None, None)


@pytest.mark.parametrize("totals", [None, 3, [], {"speed": 3, "seconds": "long", "completion_tokens": True}])
def test_odd_totals(totals: object) -> None:
    """Totals of another form are as good as none."""
    found = score(entry("a", "p", run={"totals": totals}))
    assert (found.speed, found.seconds, found.tokens) == (None, None, None)


@pytest.mark.parametrize(("outcomes", "low", "high"), [("pppp", 0.51, 1.0), ("bbbb", 0.0, 0.49), ("p", 0.20, 1.0)])
def test_edges(outcomes: str, low: float, high: float) -> None:
    """All passed, all failed and a single problem have an interval too."""
    found = score(entry("a", outcomes))
    assert (found.plus.low, found.plus.high) == pytest.approx((low, high), abs=0.011)
