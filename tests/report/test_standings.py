from bench.report.pairs import bands, pairs
from bench.report.standings import standings
from hypothesis import given
from hypothesis import strategies as st

from bench.stats import holm, mcnemar
from tests.report.small import entry


def test_pairs_count_what_they_disagree_on() -> None:
    """A pair has the problems that one alone passes, exact McNemar's p, and Holm's correction over all pairs."""
    found = pairs([entry("a", "p" * 12), entry("b", "b" * 9 + "ppp"), entry("c", "p" * 11 + "b")])
    assert [(pair.first, pair.second) for pair in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [(len(pair.ahead), len(pair.behind)) for pair in found] == [(9, 0), (1, 0), (1, 9)]
    assert [pair.p for pair in found] == [mcnemar(9, 0), 1.0, mcnemar(1, 9)]
    assert [pair.corrected for pair in found] == holm([pair.p for pair in found])
    assert found[0].ahead == tuple(f"HumanEval/{i}" for i in range(9))
    assert (found[0].gain, found[2].gain) == (9 / 12, -8 / 12)


def test_pairs_on_what_both_attempted() -> None:
    """A problem that one of two did not attempt says nothing about them."""
    (found,) = pairs([entry("a", "ppp"), entry("b", "p.b")])
    assert (found.common, found.ahead, found.behind) == (2, ("HumanEval/2",), ())
    (nothing,) = pairs([entry("a", "p."), entry("b", ".p")])
    assert (nothing.common, nothing.p, nothing.gain) == (0, 1.0, 0.0)


def test_pairs_of_several_samples() -> None:
    """With several samples, the one that passes a problem more often wins it, and the test weighs by how much."""
    (found,) = pairs([entry("a", "pppp pppb bbbb"), entry("b", "p b p")])
    assert (found.ahead, found.behind) == (("HumanEval/1",), ("HumanEval/2",))
    assert found.p == 1.0
    assert found.gain < 0


@given(st.lists(st.text(alphabet="pb", min_size=30, max_size=30), min_size=1, max_size=6))
def test_bands(outcomes: list[str]) -> None:
    """Bands follow each other without gaps, and hold who is not told apart from their first."""
    standing = standings([entry(f"m{i}", text) for i, text in enumerate(outcomes)])[0]
    apart = {(pair.first, pair.second) for pair in standing.pairs if pair.apart}
    place = 1
    while place <= len(standing.rows):
        band = standing.rows[place - 1].band
        group = [row.entry.id for row in standing.rows if row.band == band]
        last = place + len(group) - 1
        assert band in (str(place), f"{place}\N{EN DASH}{last}")
        assert not any((group[0], name) in apart for name in group[1:])
        if last < len(standing.rows):
            assert (group[0], standing.rows[last].entry.id) in apart
        place = last + 1


def test_bands_of_nobody() -> None:
    """Without models there are no bands."""
    assert bands([], []) == {}


def test_order_is_stable() -> None:
    """Rows of the same score stand by base score, then title, whatever their order was."""
    entries = [entry("b", "pb"), entry("a", "pb"), entry("c", "pu"), entry("d", "pp")]
    for given_order in (entries, entries[::-1]):
        rows = standings(given_order)[0].rows
        assert [row.entry.id for row in rows] == ["d", "c", "a", "b"]


def test_partial_and_gone_have_no_rank() -> None:
    """A part of the problems, and a profile that is no longer declared, stand in the table but have no rank."""
    whole, part = entry("whole", "pppp"), entry("part", "pp..", state="partial")
    gone, none = entry("gone", "pppp", state="gone"), entry("none", "", state="none")
    (standing,) = standings([whole, part, gone, none])
    assert {row.entry.id: row.band for row in standing.rows} == {"gone": "", "whole": "1", "part": ""}
    assert [one.id for one in standing.others] == ["none"]
    assert standing.pairs == ()


def test_datasets_apart() -> None:
    """Each dataset has a standing of its own, in the order of the program, then by name."""
    entries = [entry("a", "p", dataset=name) for name in ("demo", "zz-other", "mbpp", "humaneval")]
    assert [one.dataset for one in standings(entries)] == ["humaneval", "mbpp", "demo", "zz-other"]
    assert [one.title for one in standings(entries)][-1] == "zz-other"


def test_splits() -> None:
    """Each problem says who passes it and who fails it; who did not attempt it does neither."""
    (standing,) = standings([entry("a", "ppb"), entry("b", "p.p"), entry("c", "bbb")])
    assert [(set(split.passed), set(split.failed)) for split in standing.splits] == [
        ({"a", "b"}, {"c"}), ({"a"}, {"c"}), ({"b"}, {"a", "c"}),
    ]  # fmt: skip
