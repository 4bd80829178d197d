import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from bench.console import duration, size
from bench.report.answer import FASTER, NAMED, Answer, Line, answer, lines, main_leaderboard, terminal
from bench.report.format import DASH, p_value, percent, rate, ratio, short_seconds, signed
from bench.report.leaderboard import Leaderboard, Row, leaderboards_of
from bench.report.markdown import Report
from bench.report.references import references
from bench.report.results import Result
from bench.stats import problems_needed
from tests.report import made
from tests.report.made import local, result, run, written
from tests.report.nights import NIGHTS

TIED = [
    result("big", "p" * 34 + "b" * 6, title="Big F16", run=local(20.0, 65.0, "1")),
    result("quick", "b" * 6 + "p" * 30 + "pbbb", title="Quick Q8_0", run=local(105.0, 32.0, "2")),
    result("small", "bbbb" + "p" * 28 + "b" * 8, title="Small Q4_K_M", run=local(60.0, 18.0, "3")),
    result("weak", "b" * 30 + "p" * 10, title="Weak 7B", run=local(138.0, 4.0, "4")),
]


def found(*results: Result) -> Answer:
    """The answer over some results."""
    conclusion = answer(leaderboards_of(results))
    assert conclusion
    return conclusion


def test_the_whole_answer() -> None:
    """The best, those tied with it, the fastest and the smallest of them, and who is worse, each have a line."""
    conclusion = found(*TIED)
    assert conclusion.headline == "Use Quick Q8_0, unless you need the last points."
    assert [(line.label, line.title) for line in conclusion.lines] == [
        ("best", "Big F16"), ("tied", ""), ("fastest", "Quick Q8_0"), ("smallest", "Small Q4_K_M"),
        ("worse", "Weak 7B"), ("to settle", ""),
    ]  # fmt: skip


def numbers(text: str) -> set[str]:
    """The figures of a text."""
    return {one.strip(".,") for one in re.findall(r"\d[\d.,]*", text)}


def shown(row: Row) -> set[str]:
    """Every figure that a row has, as the report writes it."""
    score, cost = row.metrics.score, row.metrics.cost
    texts = [percent(one) for one in (score.value, score.low, score.high)]
    texts += [rate(cost.speed or 0), size(cost.bytes or 0), short_seconds(row.metrics.per_solved(cost.seconds) or 0)]
    for p in (row.p_best, row.corrected_best):
        texts += [] if p is None else ["0.001" if p < 0.001 else f"{p:.3f}" if p < 0.01 else f"{p:.2f}"]
    return {number for text in texts for number in numbers(text)}


def split(one: Result, other: Result) -> tuple[int, int]:
    """How many problems each of two alone passes more often."""
    gaps = [Fraction(*one.rates[task]) - Fraction(*other.rates[task]) for task in one.rates if task in other.rates]
    return sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)


def traced(report: Report, leaderboard: Leaderboard, line: Line) -> set[str]:
    """The figures that a line may have: those of its rows and of their tests, counted anew from samples."""
    best, rows = leaderboard.ranked[0], [row for row in leaderboard.rows if row.result.id in line.ids]
    known = {number for row in rows for number in shown(row)} | numbers(leaderboard.name)
    known |= {str(len(leaderboard.ranked) - 1), str(len(rows) - NAMED)}
    known |= {str(count) for row in rows for count in split(best.result, row.result)}
    if line.label == "worse" and not line.title:
        known.add(str(len(rows)))
    if line.label == "to settle":
        gap = max(abs(Fraction(rows[0].metrics.solved - rows[1].metrics.solved) / leaderboard.problems), 0.03)
        discordant = sum(split(rows[0].result, rows[1].result)) / leaderboard.problems
        needed = problems_needed(float(gap), max(discordant, gap)) - leaderboard.problems
        known |= {f"{round(needed, places):,}" for places in (-1, -2)}
    if line.label == "place":
        known |= {f"{one.scores['plus']:.1f}" for one in references("humaneval") if "plus" in one.scores}
        scores = [one.scores["plus"] for one in references("humaneval") if "plus" in one.scores]
        known |= {str(1 + sum(one > 100 * rows[0].metrics.score.value for one in scores)), str(len(scores) + 1)}
    if line.label == "lost":
        cut = [one for row in rows for one in row.result.samples if one.info.lost in ("truncated", "looping")]
        known |= {str(len(cut)), str(sum(one.info.lost == "looping" for one in cut))}
        known.add(f"{sum(len(row.result.samples) for row in leaderboard.rows if row.result.run):,}")
        # Each run had two requests in flight.
        timed = [row for row in leaderboard.rows if row.metrics.cost.seconds]
        for seconds in (sum(one.info.seconds for one in cut) / 2, sum(row.metrics.cost.seconds or 0 for row in timed)):
            known |= numbers(duration(seconds))
    if line.label == "duel":
        (one,) = report.duels
        counts = (one.state.problems, one.state.won, one.state.lost, one.state.e_value)
        known |= {f"{count:,.0f}" for count in counts}
    return known


@pytest.mark.slow
@pytest.mark.parametrize("count", NIGHTS)
def test_every_figure_is_traced_to_its_rows(count: int) -> None:
    """Over 1, 2, 17 and 78 models, each number of a line is one of the rows that it names, or of their tests."""
    whole = made.report(*NIGHTS[count]())
    leaderboard = main_leaderboard(whole.leaderboards)
    assert leaderboard
    assert whole.answer
    assert {line.label for line in whole.answer.lines} >= {"lost"}
    for line in whole.answer.lines:
        assert line.ids, line
        text = line.text.partition("with datasets = [")[0] + line.text.partition("], to tell")[2]
        names = [*(row.title for row in leaderboard.rows), *(one.model for one in references("humaneval"))]
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, "")
        assert numbers(text.replace("GLM-4.7", "")) <= traced(whole, leaderboard, line), line


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 17, 78])
def test_every_figure_of_the_ladder_is_traced_to_its_rows(count: int) -> None:
    """Each rung's figures are those of its rows, and of the problems that it and the largest of its family pass."""
    whole = made.report(*NIGHTS[count]())
    assert whole.families
    for family in whole.families:
        largest, *others = family.rungs
        assert largest.bytes == max(rung.bytes or 0 for rung in family.rungs)
        for rung in others:
            pairs = [
                (next(row for row in largest.rows if row.result.dataset == one.result.dataset), one)
                for one in rung.rows
            ]
            counts = [split(first.result, second.result) for first, second in pairs]
            assert (rung.lost, rung.won) == tuple(map(sum, zip(*counts, strict=True)))
            assert rung.problems == sum(row.metrics.problems for row in rung.rows)
            assert rung.difference
            gap = sum(second.metrics.solved - first.metrics.solved for first, second in pairs) / rung.problems
            assert rung.difference.value == pytest.approx(gap, abs=1e-9)
            known = numbers(f"{size(rung.saved_bytes or 0)} {ratio(rung.speed_ratio or 1)}") | numbers(
                ratio(1 / (rung.speed_ratio or 1))
            )
            known |= numbers(signed(100 * rung.difference.low) + " " + signed(100 * rung.difference.high))
            known |= numbers(p_value(rung.corrected or 0)) | {
                "95",
                f"{round(rung.to_settle or 0, -2):,}",
                str(rung.to_settle),
            }
            known |= {f"{max(0.0, -100 * rung.difference.low):.1f}"}
            assert numbers(rung.verdict) <= known, rung.verdict
            assert rung.bytes == rung.rows[0].metrics.cost.bytes


def test_the_lines_follow_from_the_leaderboard() -> None:
    """Who is named best, tied, fastest, smallest and worse is so by the leaderboard's own ranks and figures."""
    (leaderboard,) = leaderboards_of(TIED)
    by_label = {line.label: line for line in found(*TIED).lines}
    tied = [row for row in leaderboard.rows if row.rank == "=1"]
    assert by_label["best"].ids == (leaderboard.rows[0].result.id,)
    assert set(by_label["tied"].ids) == {row.result.id for row in tied[1:]}
    assert by_label["fastest"].ids[0] == max(tied, key=lambda row: row.metrics.cost.speed or 0).result.id
    assert by_label["smallest"].ids[0] == min(tied, key=lambda row: row.metrics.cost.bytes or 0).result.id
    assert by_label["worse"].ids[1] in {row.result.id for row in leaderboard.rows if row.rank != "=1"}


def test_a_clear_winner() -> None:
    """Where every other model is shown to be worse, the best is simply recommended."""
    conclusion = found(result("a", "p" * 40), result("b", "p" * 20 + "b" * 20), result("c", "b" * 40))
    assert conclusion.headline == "Use A: it is shown to be better than all others."
    assert found(result("a", "p" * 40), result("b", "b" * 40)).headline.endswith("better than the other.")


def test_the_best_may_be_the_fastest() -> None:
    """A tied model that is hardly faster than the best is not recommended over it."""
    best, other = (
        result("a", "p" * 20, run=local(50.0, 8.0, "1")),
        result("b", "p" * 19 + "b", run=local(40.0, 4.0, "2")),
    )
    assert found(best, other).headline == "Use A: the highest score, and the fastest of the 2 that are tied."
    near = replace(other, run=local(50.0 * FASTER * 0.99, 4.0, "2"))
    assert found(best, near).headline == "A scores highest; one is statistically tied with it."


def test_the_fastest_of_the_best_is_recommended() -> None:
    """Where two share the highest score, the faster one is named; what would settle it looks at one that differs."""
    rows = [result(name, "p" * 30 + "b" * 10, title=name.upper(), run=local(speed, 9.0, name))
            for name, speed in (("slow", 10.0), ("quick", 30.0))]  # fmt: skip
    third = result("third", "p" * 28 + "b" * 10 + "pp", title="THIRD", run=local(20.0, 5.0, "third"))
    conclusion = found(*rows, third)
    assert conclusion.headline == "Use QUICK: the highest score, and the fastest of the 3 that are tied."
    (line,) = [line for line in conclusion.lines if line.label == "to settle"]
    assert "third" in line.ids


def test_points_are_not_given_up_for_little_time() -> None:
    """Of tied models that take about the least time for a solved problem, the one with the highest score is named."""
    best = result("best", "p" * 34 + "b" * 6, title="Best", run=local(20.0, 14.0, "1"))
    good = result("good", "p" * 33 + "b" * 7, title="Good", run=local(126.0, 9.0, "2"))
    fast = result("fast", "p" * 31 + "b" * 9, title="Fast", run=local(132.0, 13.0, "3"))
    small = result("small", "p" * 31 + "b" * 9, title="Small", run=local(50.0, 8.0, "4"))
    conclusion = found(best, good, fast, small)
    assert conclusion.headline == "Use Good, unless you need the last points."
    assert [(line.label, line.title) for line in conclusion.lines[2:5]] == [
        ("quickest", "Good"), ("fastest", "Fast"), ("smallest", "Small"),
    ]  # fmt: skip


def test_the_highest_score_may_be_about_the_quickest() -> None:
    """Where two share the highest score, the quicker one is named, though a third one has more tokens per second."""
    rows = [
        result("best", "p" * 34 + "b" * 6, title="Best", run=local(100.0, 13.0, "1")),
        result("quick", "p" * 33 + "bp" + "b" * 5, title="Quick", run=local(135.0, 8.0, "2")),
        result("fast", "p" * 31 + "b" * 9, title="Fast", run=local(149.0, 12.0, "3")),
    ]
    assert found(*rows).headline == "Use Quick: the highest score, and about the quickest of the 3 that are tied."


def test_few_problems_recommend_nobody() -> None:
    """A fast model far below the best is not recommended, though so few problems do not show it to be worse."""
    conclusion = found(
        result("a", "pppppp", run=local(20.0, 8.0, "1")), result("b", "ppppbb", run=local(90.0, 4.0, "2"))
    )
    assert conclusion.headline == "A scores highest; one is statistically tied with it."


def test_imports_have_no_speed() -> None:
    """Over imports, the answer names the best and the tie, and nothing about speed."""
    conclusion = found(result("a", "p" * 20), result("b", "p" * 19 + "b"), result("c", "p" * 18 + "bb"))
    assert conclusion.headline == "A scores highest; 2 are statistically tied with it."
    assert {line.label for line in conclusion.lines} <= {"best", "tied", "to settle"}


def test_a_single_model() -> None:
    """A single model has its score with its interval, and its place among published scores."""
    conclusion = found(result("a", "p" * 80 + "b" * 20, n_problems=100))
    assert conclusion.headline == f"A scores 80.0 (71.1{DASH}86.7) %. Nothing to compare with yet."
    place = next(line for line in conclusion.lines if line.label == "place")
    assert re.fullmatch(r"\d+ of \d+ among published scores: below .+ \([\d.]+\), above .+ \([\d.]+\)", place.text)


def test_nothing_is_ranked() -> None:
    """Where no model attempted every problem, that is the answer; without results there is none."""
    assert "none is ranked" in found(result("a", "pp..", state="partial")).headline
    assert answer([]) is None
    assert answer(leaderboards_of([result("a", "")])) is None


def test_losses_to_limits() -> None:
    """Answers that were cut off are counted, with the loops among them and their part of the time that the run took."""
    two_at_once = run(totals={"seconds": 150.0})
    row = result("a", "ppxxo", run=two_at_once)
    row = replace(row, samples=tuple(replace(one, info=replace(one.info, seconds=60.0)) for one in row.samples))
    line = next(line for line in found(row, result("b", "ppppp")).lines if line.label == "lost")
    assert line.text == "3 of 5 answers were cut off, 1 of them in a loop; 90 s of 2 min went into them"
    assert line.ids == ("a",)


def test_what_would_settle_it() -> None:
    """The line names how many more problems it takes, and datasets that have them."""
    rows = [result("a", "p" * 80 + "b" * 20), result("b", "bbb" + "p" * 78 + "b" * 19)]
    line = next(line for line in found(*rows).lines if line.label == "to settle")
    assert re.fullmatch(
        r'about [\d,]+ more problems, with datasets = \["humaneval", "mbpp"\], to tell A from B', line.text
    )


def test_all_datasets_answer_together() -> None:
    """Where all models are on several datasets, the answer is over all of them; else over the one with most."""
    both = [result(name, "ppb", dataset) for name in "ab" for dataset in ("humaneval", "mbpp")]
    leaderboard = main_leaderboard(leaderboards_of(both))
    assert leaderboard
    assert leaderboard.dataset == "all"
    leaderboard = main_leaderboard(leaderboards_of([*both, result("c", "pbb")]))
    assert leaderboard
    assert leaderboard.dataset == "humaneval"
    demo = main_leaderboard(leaderboards_of([result("a", "ppp", "demo"), result("b", "pb")]))
    assert demo
    assert demo.dataset == "humaneval"


@pytest.mark.parametrize("hostile", made.HOSTILE)
def test_the_terminal(tmp_path: Path, hostile: str) -> None:
    """On a terminal the same answer is aligned, and no title gets a control character through."""
    rows = [replace(TIED[0], title=hostile), *TIED[1:]]
    config = written(tmp_path / "results", rows)
    shown = lines(config)
    assert len(shown) == 1 + len(found(*rows).lines)
    assert all(line.isprintable() for line in shown)
    assert terminal(found(*TIED))[1].startswith("  best       Big F16       ")


def test_nothing_for_the_terminal(tmp_path: Path) -> None:
    """Without results there are no lines."""
    assert lines(written(tmp_path / "results", [])) == []
