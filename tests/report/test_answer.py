import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.report.answer import FASTER, Answer, answer, lines, main_board, terminal
from bench.report.columns import columns
from bench.report.format import DASH, gigabytes, percent, rate, short_seconds
from bench.report.leaderboard import Leaderboard, leaderboards
from bench.report.results import Result
from bench.stats import problems_needed
from tests.report import made
from tests.report.made import local, result, written

TIED = [
    result("big", "p" * 34 + "b" * 6, title="Big F16", run=local(20.0, 65.0, "1")),
    result("quick", "b" * 6 + "p" * 30 + "pbbb", title="Quick Q8_0", run=local(105.0, 32.0, "2")),
    result("small", "bbbb" + "p" * 28 + "b" * 8, title="Small Q4_K_M", run=local(60.0, 18.0, "3")),
    result("weak", "b" * 30 + "p" * 10, title="Weak 7B", run=local(138.0, 4.0, "4")),
]


def found(*results: Result) -> Answer:
    """The answer over some results."""
    conclusion = answer(leaderboards(results))
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


def figures(board: Leaderboard, ids: tuple[str, ...]) -> set[str]:
    """Every figure that some rows, their pairs and their tests have, as the report writes them."""
    known: set[str] = set()
    for name in ids:
        row = board.row(name)
        score, cost = row.metrics.score, row.metrics.cost
        known |= {percent(one) for one in (score.value, score.low, score.high)}
        known |= {rate(cost.speed or 0), gigabytes(cost.bytes or 0), *re.findall(r"[\d.]+", row.title)}
        known |= set(re.findall(r"[\d.]+", short_seconds(row.metrics.per_solved(cost.seconds) or 0)))
        known |= {word for column in columns(board) for word in re.findall(r"[\d.]+", column.show(row))}
        for p in (row.p_best, row.corrected_best):
            known |= set() if p is None else {"0.001" if p < 0.001 else f"{p:.3f}" if p < 0.01 else f"{p:.2f}"}
    best = board.ranked[0]
    for other in board.ranked[1:]:
        pair = board.pair(best, other)
        known |= {str(len(pair.first_wins)), str(len(pair.second_wins))}
    return known


def test_every_figure_is_traced_to_its_rows() -> None:
    """Each number of each line is one of the rows that the line names, or of the tests that it names."""
    (board,) = leaderboards(TIED)
    for line in found(*TIED).lines:
        assert line.ids, line
        assert not line.title or line.title == board.row(line.ids[-1]).title
        known = figures(board, (*line.ids, board.ranked[0].result.id)) | {str(len(board.ranked) - 1)}
        if line.label == "to settle":
            pair = board.pair(*(board.row(name) for name in line.ids))
            gap = max(abs(pair.difference), 0.03)
            needed = problems_needed(gap, max(pair.discordant / pair.common, gap)) - pair.common
            known |= {str(round(needed, -1)), str(round(needed, -2)), f"{round(needed, -2):,}"}
        for number in re.findall(r"\d[\d.,]*", line.text.partition("datasets")[0].replace("HumanEval+", "")):
            assert number.strip(".,") in known, (number, line)


def test_the_lines_follow_from_the_leaderboard() -> None:
    """Who is named best, tied, fastest, smallest and worse is so by the leaderboard's own ranks and figures."""
    (board,) = leaderboards(TIED)
    by_label = {line.label: line for line in found(*TIED).lines}
    tied = [row for row in board.rows if row.rank == "=1"]
    assert by_label["best"].ids == (board.rows[0].result.id,)
    assert set(by_label["tied"].ids) == {row.result.id for row in tied[1:]}
    assert by_label["fastest"].ids[0] == max(tied, key=lambda row: row.metrics.cost.speed or 0).result.id
    assert by_label["smallest"].ids[0] == min(tied, key=lambda row: row.metrics.cost.bytes or 0).result.id
    assert by_label["worse"].ids[1] in {row.result.id for row in board.rows if row.rank != "=1"}


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
    assert re.fullmatch(r"\d+ of \d+ with the published scores: below .+, above .+", place.text)


def test_nothing_is_ranked() -> None:
    """Where no model attempted every problem, that is the answer; without results there is none."""
    assert "none is ranked" in found(result("a", "pp..", state="partial")).headline
    assert answer([]) is None
    assert answer(leaderboards([result("a", "")])) is None


def test_losses_to_limits() -> None:
    """Answers that were cut off are counted, with the loops among them and the time that went into them."""
    row = result("a", "ppxxo", run=local(20.0, 8.0))
    row = replace(row, samples=tuple(replace(one, info=replace(one.info, seconds=60.0)) for one in row.samples))
    line = next(line for line in found(row, result("b", "ppppp")).lines if line.label == "lost")
    assert line.text == "3 of 5 answers were cut off, 1 of them in a loop; 3 min of 5 min went into them"
    assert line.ids == ("a",)


def test_what_would_settle_it() -> None:
    """The line names how many more problems it takes, and datasets that have them."""
    rows = [result("a", "p" * 80 + "b" * 20), result("b", "bbb" + "p" * 78 + "b" * 19)]
    line = next(line for line in found(*rows).lines if line.label == "to settle")
    assert re.fullmatch(r'about [\d,]+ more problems to tell A from B: datasets = \["humaneval", "mbpp"\]', line.text)


def test_all_datasets_answer_together() -> None:
    """Where all models are on several datasets, the answer is over all of them; else over the one with most."""
    both = [result(name, "ppb", dataset) for name in "ab" for dataset in ("humaneval", "mbpp")]
    board = main_board(leaderboards(both))
    assert board
    assert board.dataset == "all"
    board = main_board(leaderboards([*both, result("c", "pbb")]))
    assert board
    assert board.dataset == "humaneval"
    demo = main_board(leaderboards([result("a", "ppp", "demo"), result("b", "pb")]))
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
