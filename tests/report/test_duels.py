import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench import datasets
from bench.errors import BenchError
from bench.report import html, jsonfile, markdown
from bench.report.answer import answer
from bench.report.compare import side_by_side
from bench.report.duels import duels, ordered_problems
from bench.report.leaderboard import leaderboards_of
from bench.report.results import Result
from tests.report.made import EVERY, local, report, result, written

MARGIN = 0.03
ALL = result("full", "p" * 18, "demo", "Demo", title="Full F16", n_problems=18)


def asked(letters: str, count: int, **about: object) -> Result:
    """A result of a duel that asked the first `count` problems of the order."""
    whole = result("small", letters, "demo", "Demo", title="Small Q4", n_problems=18, duel="full", **about)
    first = {task_id for _, task_id in ordered_problems({"demo": ALL})[:count]}
    return replace(whole, samples=tuple(one for one in whole.samples if one.task_id in first))


def test_a_duel_that_is_settled_early_has_a_verdict_and_no_score() -> None:
    """Its row is in no leaderboard, REPORT.md has its verdict, and report.json the figures of it."""
    small = asked("b" * 18, 12, state="duel")
    (actual,) = duels([ALL, small], MARGIN)
    assert (actual.attempted, actual.problems) == (12, 18)
    assert actual.verdict == "worse: decided after 8 problems, 8 : 0, e = 28"
    (leaderboard,) = leaderboards_of([ALL, small])
    assert [row.title for row in leaderboard.rows] == ["Full F16"]
    whole = report(ALL, small)
    assert f"| Small Q4 | Full F16 | 12 of 18 | {actual.verdict} |" in markdown.render(whole)
    assert '"e_value": 28.444444' in jsonfile.render(whole)
    assert actual.verdict in html.render(whole, {})
    conclusion = answer([leaderboard], MARGIN, [actual])
    assert conclusion
    assert conclusion.lines[-1].ids == ("small", "full")
    assert "Nothing to compare with" not in conclusion.headline


def test_a_duel_has_a_page_of_its_own() -> None:
    """On the page its samples stand in the matrix, and its own page has the verdict and what it cost, and no score."""
    about = {"run": local(20.0, 4.7)}
    page = html.render(report(ALL, asked("b" * 18, 12, state="duel", **about)), {})
    index = json.loads(page.split('id="index">')[1].split("</script>")[0])
    full, small = index["leaderboards"][0]["models"]
    assert (full.get("duel"), small["duel"]) == (None, True)
    assert (small["cells"].count("b"), small["cells"].count("-")) == (12, 6)
    figures = dict(small["figures"])
    assert figures["duel"].startswith("against Full F16, worse: decided after 8 problems")
    assert figures["tok/s"] == "20.0"
    assert not {"Demo", "Demo+ (95 %)", "lost", "#"} & figures.keys()
    assert 'href="#m/demo/small"' in page


def test_a_duel_that_asked_every_problem_has_a_score_too() -> None:
    """Where nothing is settled, all problems were asked, and the row is like any other."""
    small = asked("p" * 16 + "bb", 18)
    (actual,) = duels([ALL, small], MARGIN)
    assert actual.verdict.startswith("not settled: after 18 problems, 0 won, 2 lost, ")
    (leaderboard,) = leaderboards_of([ALL, small])
    assert [row.title for row in leaderboard.rows] == ["Full F16", "Small Q4"]


def test_the_duel_is_followed_as_far_as_it_was_asked_in_order() -> None:
    """Problems behind the first one that was not asked do not count; without the other's result there is no duel."""
    small = asked(EVERY, 18)
    order = [task_id for _, task_id in ordered_problems({"demo": ALL})]
    gap = replace(small, samples=tuple(one for one in small.samples if one.task_id != order[3]))
    assert duels([ALL, gap], MARGIN)[0].state.problems == 3
    assert duels([small], MARGIN) == []
    assert datasets.at_hand("demo")


def test_a_duel_that_was_settled_early_is_compared_with_nobody(tmp_path: Path) -> None:
    """`doit compare` says in one sentence why there is no score."""
    declared = written(tmp_path, [ALL, asked("b" * 18, 12)])
    declared = replace(
        declared, profiles=tuple(replace(one, duel="full" if one.id == "small" else "") for one in declared.profiles)
    )
    with pytest.raises(BenchError, match="its duel with full was settled early"):
        side_by_side(declared, "full", "small", "demo")
