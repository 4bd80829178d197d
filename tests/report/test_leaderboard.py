import json
import random

import pytest

from bench.report import jsonfile
from bench.report.findings import caveats
from bench.report.leaderboard import ALPHA, compare, leaderboard_of, leaderboards_of, pooled
from bench.stats import holm, mcnemar
from tests.report.made import report, result


def test_pairs() -> None:
    """A pair has the problems that one alone passes, exact McNemar's p, and Holm's correction over all pairs."""
    leaderboard = leaderboard_of("humaneval", [result("a", "pppppp"), result("b", "ppbbbb"), result("c", "bppppp")])
    pair = leaderboard.pair(leaderboard.row("a"), leaderboard.row("b"))
    assert (pair.common, len(pair.first_wins), len(pair.second_wins)) == (6, 4, 0)
    assert pair.p == mcnemar(4, 0)
    assert [one.corrected for one in leaderboard.pairs] == holm([one.p for one in leaderboard.pairs])
    assert pair.difference == pytest.approx(4 / 6)


def test_only_common_problems_are_compared() -> None:
    """A problem that one of two did not attempt tells nothing about them."""
    pair = compare(result("a", "pp.p"), result("b", "pb.."))
    assert (pair.common, pair.first_wins, pair.second_wins) == (2, ("HumanEval/1",), ())


def test_rates_are_compared() -> None:
    """With several samples, the one that passes a problem more often wins it, and the test weighs by how much."""
    pair = compare(result("a", "pp pb pp"), result("b", "pb pb bb"))
    assert (pair.several, pair.first_wins, pair.second_wins) == (True, ("HumanEval/0", "HumanEval/2"), ())
    assert pair.difference == pytest.approx(0.5)


def test_ranks_claim_what_is_shown() -> None:
    """All not shown worse than the best share =1; any other has 1 and the number shown to be better."""
    rows = ["p" * 40, "p" * 38 + "bb", "p" * 28 + "b" * 12, "p" * 27 + "b" * 13, "b" * 39 + "p"]
    leaderboard = leaderboard_of("humaneval", [result(name, row) for name, row in zip("abcde", rows, strict=True)])
    assert [row.rank for row in leaderboard.rows] == ["=1", "=1", "=3", "=3", "5"]
    tied = [row.tied_with_best for row in leaderboard.rows]
    assert tied == [True, True, False, False, False]


def test_a_rank_follows_from_its_tests() -> None:
    """Tests against the best are corrected by Holm for their number, and decide who shares the first rank."""
    rng = random.Random(5)
    rows = ["".join("p" if rng.random() < 0.9 - 0.06 * at else "b" for _ in range(120)) for at in range(6)]
    leaderboard = leaderboard_of("humaneval", [result(f"m{at}", row) for at, row in enumerate(rows)])
    best, *others = leaderboard.ranked
    corrected = holm([leaderboard.pair(best, row).p for row in others])
    assert [row.corrected_best for row in others] == corrected
    assert [row.p_best for row in others] == [leaderboard.pair(best, row).p for row in others]
    assert [row.tied_with_best for row in others] == [p >= ALPHA for p in corrected]
    assert all(row.rank == "=1" for row in leaderboard.ranked if row.tied_with_best)


def test_one_model_is_first() -> None:
    """A single model has the first rank, and nothing it was tested against."""
    (row,) = leaderboard_of("humaneval", [result("a", "pb")]).rows
    assert (row.rank, row.p_best, row.corrected_best) == ("1", None, None)


@pytest.mark.slow
def test_equal_models_are_rarely_told_apart() -> None:
    """Of two equally good models, at most one in twenty pairs is given different ranks, by simulation."""
    rng = random.Random(3)
    wrong = 0
    for _ in range(400):
        rows = ["".join(rng.choice("pb") for _ in range(60)) for _ in range(2)]
        leaderboard = leaderboard_of("humaneval", [result(name, row) for name, row in zip("ab", rows, strict=True)])
        wrong += leaderboard.rows[1].rank != "=1"
    assert wrong / 400 <= 0.05


def test_order() -> None:
    """Rows of the same score stand by base score, then title, whatever their order was."""
    rows = [result("x", "pub", title="X"), result("b", "pbb", title="B"), result("a", "pbb", title="A")]
    for order in (rows, rows[::-1]):
        assert [row.title for row in leaderboard_of("humaneval", order).rows] == ["X", "A", "B"]


def test_unranked() -> None:
    """A part of the problems, and a profile that is no longer declared, stand in the table but have no rank."""
    leaderboard = leaderboard_of("humaneval", [
        result("part", "pp..", state="partial"), result("gone", "pppp", state="gone"), result("a", "pbbb"),
    ])  # fmt: skip
    assert [(row.result.id, row.rank) for row in leaderboard.rows] == [("gone", ""), ("part", ""), ("a", "1")]
    assert leaderboard.pairs == ()


def test_equal_titles_are_told_apart() -> None:
    """Two models of the same title bear their profiles' names."""
    leaderboard = leaderboard_of("humaneval", [result("one", "p", title="Same"), result("two", "p", title="Same")])
    assert [row.title for row in leaderboard.rows] == ["Same (one)", "Same (two)"]


def test_datasets_are_apart() -> None:
    """Each dataset has a leaderboard of its own, in the order of the program, then by name."""
    actual = [result("a", "p", "zoo"), result("a", "p", "mbpp"), result("a", "p", "humaneval"), result("a", "", "ark")]
    assert [leaderboard.dataset for leaderboard in leaderboards_of(actual)] == ["humaneval", "mbpp", "ark", "zoo"]


def test_discriminating_problems() -> None:
    """Each problem has who passes it and who fails it; who did not attempt it does neither."""
    leaderboard = leaderboard_of(
        "humaneval", [result("a", "pp"), result("b", "bp"), result("c", "p.", state="partial")]
    )
    first, second = leaderboard.discrimination
    assert (set(first.passed), first.failed) == ({"a", "c"}, ("b",))
    assert (set(second.passed), second.failed) == ({"a", "b"}, ())


def test_all_sets_together() -> None:
    """Over several datasets, the profiles with a rank on each are ranked by all problems; the demo is left out."""
    leaderboards = leaderboards_of([
        result("a", "pppb"), result("a", "pb", "mbpp", "Mbpp"), result("b", "ppbb"), result("b", "bb", "mbpp", "Mbpp"),
        result("c", "pppp"), result("a", "p", "demo", "Demo"),
    ])  # fmt: skip
    actual = pooled(leaderboards)
    assert actual
    assert [(row.result.id, row.metrics.solved, row.metrics.problems) for row in actual.rows] == [
        ("a", 4, 6),
        ("b", 2, 6),
    ]
    assert actual.pairs[0].first_wins == ("humaneval:HumanEval/2", "mbpp:Mbpp/0")
    assert pooled(leaderboards[:1]) is None
    assert pooled([]) is None


def test_a_set_whose_own_tests_run_beside_the_solution() -> None:
    """Such a result is marked, with a caveat in the report and a key in report.json; another set's is not."""
    mine = result("a", "p", "mine", suites=("tests",), bench={"own_tests": True})
    actual = report(mine, result("a", "p", "demo", "Demo", bench={"own_tests": False}))
    own = {leaderboard.dataset: leaderboard.own_tests for leaderboard in actual.leaderboards}
    assert own == {"demo": False, "mine": True}
    sentence = "The tests of mine run inside the process of the solution, which could forge a pass."
    assert [sentence in caveats(leaderboard) for leaderboard in actual.leaderboards] == list(own.values())
    marked = {one["dataset"]: one["tests_in_process"] for one in json.loads(jsonfile.render(actual))["datasets"]}
    assert marked == own


@pytest.mark.slow
def test_the_best_is_picked_by_the_same_data() -> None:
    """Among six equally good models one is called worse in less than a fifth of reports; the report says so."""
    rng, wrong, runs = random.Random(4), 0, 60
    for _ in range(runs):
        chances = [rng.betavariate(0.8, 0.4) for _ in range(164)]
        rows = ["".join("p" if rng.random() < one else "b" for one in chances) for _ in range(6)]
        leaderboard = leaderboard_of("humaneval", [result(f"m{at}", row) for at, row in enumerate(rows)])
        wrong += any(row.rank != "=1" for row in leaderboard.rows)
    assert 0 < wrong / runs <= 0.2
