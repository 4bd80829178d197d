from dataclasses import replace

import pytest

from bench.report.budget import budget
from bench.report.leaderboard import leaderboard_of
from bench.report.results import Result
from tests.report.made import result, run


def timed(letters: str, tokens: list[int], **settings: object) -> Result:
    """A result whose answers have so many tokens, at ten tokens a second, under a limit of 1000; two at a time."""
    about = run(settings={"max_tokens": 1000, "temperature": 0.0} | settings, totals={"seconds": sum(tokens) / 20})
    row = result("a", letters, run=about)
    samples = zip(row.samples, tokens, strict=True)
    return replace(row, samples=tuple(
        replace(one, info=replace(one.info, completion_tokens=count, seconds=count / 10)) for one, count in samples
    ))  # fmt: skip


def test_scores_at_smaller_limits() -> None:
    """At each limit exactly the answers that ended below it count, and the time is their part of the run's."""
    (row,) = leaderboard_of("humaneval", [timed("pppbx", [100, 256, 300, 50, 1000])]).rows
    curve = budget(row)
    assert curve
    assert [(point.limit, point.score, point.ended) for point in curve.points] == [
        (256, pytest.approx(40.0), pytest.approx(60.0)), (512, pytest.approx(60.0), pytest.approx(80.0)),
        (1000, pytest.approx(60.0), pytest.approx(80.0)),
    ]  # fmt: skip
    assert [round(point.minutes * 60, 1) for point in curve.points] == [
        (100 + 256 + 256 + 50 + 256) / 20, (100 + 256 + 300 + 50 + 512) / 20, (100 + 256 + 300 + 50 + 1000) / 20,
    ]  # fmt: skip
    assert curve.of_ended == pytest.approx(75.0)


def test_a_ladder_of_limits_ends_at_its_last() -> None:
    """Where max_tokens is a list, the run's own limit is the last of it."""
    (row,) = leaderboard_of("humaneval", [timed("pp", [100, 300], max_tokens=[256, 1000])]).rows
    curve = budget(row)
    assert curve
    assert [point.limit for point in curve.points] == [256, 512, 1000]


def test_a_short_run_has_shorter_limits() -> None:
    """A run with few tokens is looked at from 32 tokens on."""
    (row,) = leaderboard_of("humaneval", [timed("pp", [40, 100], max_tokens=200)]).rows
    curve = budget(row)
    assert curve
    assert [(point.limit, point.score) for point in curve.points] == [(32, 0.0), (64, 50.0), (128, 100.0), (200, 100.0)]


def test_the_last_point_is_the_run() -> None:
    """At the run's own limit the score is the leaderboard's, also where a truncated answer passes."""
    row = timed("ppp", [100, 200, 1000])
    cut = replace(row.samples[2], info=replace(row.samples[2].info, lost="truncated"))
    (curve,) = leaderboard_of("humaneval", [replace(row, samples=(*row.samples[:2], cut))]).rows
    points = budget(curve)
    assert points
    assert [point.score for point in points.points] == [pytest.approx(200 / 3), pytest.approx(200 / 3), 100.0]


@pytest.mark.parametrize(
    "row",
    [
        result("import", "pp"), timed("pp", [0, 0]), timed("pp", [10, 10], temperature=0.8),
        timed("pp", [10, 10], max_tokens="many"), timed("pp pp", [10, 10, 10, 10]), timed("xx", [1000, 1000]),
    ],
    ids=["import", "no tokens", "sampled", "odd limit", "several samples", "nothing ended"],
)  # fmt: skip
def test_no_curve(row: Result) -> None:
    """Imports, sampled answers and runs without tokens have no curve."""
    (curve,) = leaderboard_of("humaneval", [row]).rows
    assert budget(curve) is None
