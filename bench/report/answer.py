"""The answer: the best model, those tied with it, the fastest and the smallest of them, and who is worse.

REPORT.md, the page and doit's last lines show the same one. Every line names the rows that it was made from.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import datasets
from bench.console import counted, duration, size
from bench.profiles import Config
from bench.report.duels import Duel, duels
from bench.report.format import DASH, both_p_values, listed, rate, short_seconds, with_interval
from bench.report.ladder import MARGIN
from bench.report.leaderboard import Leaderboard, Pair, Row, leaderboards, pooled
from bench.report.outcomes import loss_of
from bench.report.references import among
from bench.report.results import POOLED, read_all
from bench.stats import problems_needed
from bench.text import plain

CUT = ("truncated", "looping")
FASTER = 1.2
"""From how many times the best's speed on a tied model is recommended instead,"""
NEAR = 0.1
"""if its score is less than this below the best's: few problems tie what is far apart."""
ALONE = "Nothing to compare with yet."
NAMED = 4
"""Tied models that are listed."""
WORSE = 2
"""Worse models with a line of their own."""
LEAST_GAP = 0.005
"""A smaller difference, as a fraction, takes more problems than there are."""
NOTABLE = 0.2
"""The share of the problems needed that a dataset must have to be suggested."""
MOST = 10_000
"""Problems; what takes more is not worth saying."""
WIDTH = 100


@dataclass(frozen=True)
class Line:
    """One statement: a label, the model that it is about ("" for several), the ids of its rows, and the figures."""

    label: str
    title: str
    ids: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Answer:
    """A sentence to act on, and the lines that it follows from."""

    headline: str
    lines: tuple[Line, ...]


def main_board(boards: Sequence[Leaderboard]) -> Leaderboard | None:
    """The leaderboard that answers: all datasets together, else the one with the most ranked models and problems."""
    known = [board for board in boards if board.rows]
    real = [board for board in known if not board.dataset.startswith("demo")] or known
    together = pooled(boards)
    if together and len(together.rows) == max(len(board.ranked) for board in real):
        return together
    return max(real, key=lambda board: (len(board.ranked), board.problems), default=None)


def answer(boards: Sequence[Leaderboard], margin: float = MARGIN, duels: Sequence[Duel] = ()) -> Answer | None:
    """The answer over all datasets; None without any result."""
    found, alone = _answer(boards, margin), f" {ALONE}" if duels else ""
    decided = tuple(
        Line("duel", one.title, (one.results[0].id, one.results[0].duel), f"against {one.opponent}, {one.verdict}")
        for one in duels
    )
    return (
        replace(found, headline=found.headline.removesuffix(alone), lines=(*found.lines, *decided)) if found else None
    )


def _answer(boards: Sequence[Leaderboard], margin: float) -> Answer | None:
    board = main_board(boards)
    if board is None:
        return None
    ranked = board.ranked
    used = [one.dataset for one in boards if one.rows] if board.dataset == POOLED else [board.dataset]
    if not ranked:
        return Answer("No model has attempted every problem, so none is ranked.", tuple(_losses(board)))
    if len(ranked) == 1:
        return _single(board, ranked[0])
    tied = [row for row in ranked if row.tied_with_best]
    where = board.name if board.dataset != POOLED else "all sets"
    lines = [Line("best", tied[0].title, (tied[0].result.id,), _figures(tied[0], where))]
    if len(tied) > 1:
        splits = [f"{row.title} ({_split(board.pair(tied[0], row))})" for row in tied[1:]]
        test = f"not shown to be worse ({_test(board)}, Holm over {counted(len(ranked) - 1, 'test')})"
        lines.append(Line("tied", "", _ids(tied[1:]), f"{listed(splits, NAMED)}: {test}"))
    lines += [Line(label, row.title, (row.result.id,), _figures(row)) for label, row in _picks(tied)]
    lines += _worse(board, tied[0], [row for row in ranked if not row.tied_with_best])
    lines += [*_losses(board), *_to_settle(board, tied, used, margin)]
    return Answer(_headline(tied, ranked), tuple(lines))


def _headline(tied: Sequence[Row], ranked: Sequence[Row]) -> str:
    best, others = tied[0], len(tied) - 1
    fast = fastest(tied)
    if not others:
        return f"Use {best.title}: it is shown to be better than {'the other' if len(ranked) == 2 else 'all others'}."
    if fast and fast.metrics.score.value == best.metrics.score.value:
        return f"Use {fast.title}: the highest score, and the fastest of the {len(tied)} that are tied."
    if fast and _is_recommended(fast, best):
        return f"Use {fast.title}, unless you need the last points."
    tie = "one is" if others == 1 else f"{others} are"
    return f"{best.title} scores highest; {tie} statistically tied with it."


def _is_recommended(fast: Row, best: Row) -> bool:
    near = fast.metrics.score.value > best.metrics.score.value - NEAR
    return near and (fast.metrics.cost.speed or 0) >= FASTER * (best.metrics.cost.speed or 0)


def _single(board: Leaderboard, row: Row) -> Answer:
    score = row.metrics.score
    lines = [Line("score", row.title, (row.result.id,), _figures(row, board.name))]
    published = [one for one in among([(row.title, row.metrics)], board.dataset) if board.suites[-1] in one.scores]
    if len(published) > 1:
        at = next(place for place, one in enumerate(published) if one.source is None)
        near = [(word, published[at + step]) for word, step in (("below", -1), ("above", 1))
                if 0 <= at + step < len(published)]  # fmt: skip
        around = [f"{word} {one.title} ({one.scores[board.suites[-1]]:.1f})" for word, one in near]
        text = f"{at + 1} of {len(published)} among published scores: {', '.join(around)}"
        lines.append(Line("place", row.title, (row.result.id,), text))
    lines += _losses(board)
    alone = ALONE if len(board.rows) == 1 else "No other model has a rank."
    return Answer(f"{row.title} scores {with_interval(score)} %. {alone}", tuple(lines))


def fastest(rows: Sequence[Row]) -> Row | None:
    """The row of the highest speed; None where none is known."""
    return max(
        (row for row in rows if row.metrics.cost.speed), key=lambda row: row.metrics.cost.speed or 0, default=None
    )


def smallest(rows: Sequence[Row]) -> Row | None:
    """The row of the smallest model file; None where none is known."""
    return min(
        (row for row in rows if row.metrics.cost.bytes), key=lambda row: row.metrics.cost.bytes or 0, default=None
    )


def _picks(tied: Sequence[Row]) -> list[tuple[str, Row]]:
    fast, small = fastest(tied), smallest(tied)
    if fast is not None and fast is small and len(tied) > 1:
        return [("fastest and smallest", fast)]
    return [(label, row) for label, row in (("fastest", fast), ("smallest", small)) if row and len(tied) > 1]


def _figures(row: Row, name: str = "") -> str:
    cost = row.metrics.cost
    per_solved = row.metrics.per_solved(cost.seconds)
    parts = [
        f"{with_interval(row.metrics.score)} %{f' on {name}' if name else ''}",
        f"{rate(cost.speed)} tok/s" if cost.speed else "",
        size(cost.bytes) if cost.bytes else "",
        f"{short_seconds(per_solved)} a solved problem" if per_solved else "",
    ]
    return ", ".join(filter(None, parts))


def _worse(board: Leaderboard, best: Row, rows: Sequence[Row]) -> list[Line]:
    statements = [
        Line("worse", row.title, (best.result.id, row.result.id), _evidence(board.pair(best, row), row))
        for row in rows[:WORSE]
    ]
    rest = rows[WORSE:]
    if rest:
        text = f"{counted(len(rest), 'more model')}, {with_interval(rest[0].metrics.score)} % and below"
        statements.append(Line("worse", "", _ids(rest), text))
    return statements


def _evidence(pair: Pair, row: Row) -> str:
    won, lost = len(pair.second_wins), len(pair.first_wins)
    p = both_p_values(row.p_best or 0.0, row.corrected_best or 0.0)
    return f"{with_interval(row.metrics.score)} %, {won} won, {lost} lost against the best, {p}"


def _split(pair: Pair) -> str:
    return f"{len(pair.first_wins)}{DASH}{len(pair.second_wins)}"


def _test(board: Leaderboard) -> str:
    return "exact sign-flip test" if any(pair.several for pair in board.pairs) else "exact McNemar"


def _losses(board: Leaderboard) -> list[Line]:
    """How many answers were cut off at a limit, and how much of the time they took.

    Requests that are in flight together share the time of the run, each by its own seconds.
    """
    rows = [row for row in board.rows if sum(row.metrics.lost.get(key, 0) for key in CUT)]
    if not rows:
        return []
    cut, looping = (sum(row.metrics.lost.get(key, 0) for row in rows for key in keys) for keys in (CUT, CUT[1:]))
    every = sum(row.metrics.samples for row in board.rows if not row.imported)
    spent = total = 0.0
    for row in board.rows:
        seconds = [(one.info.seconds, loss_of(one)) for one in row.result.samples]
        if whole := sum(one for one, _ in seconds):
            took = row.metrics.cost.seconds or whole
            total += took
            spent += took * sum(one for one, loss in seconds if loss and loss.key in CUT) / whole
    answers = counted(every or sum(row.metrics.samples for row in rows), "answer")
    text = f"{cut} of {answers} {'was' if cut == 1 else 'were'} cut off"
    text += f", {looping} of them in a loop" if looping else ""
    text += f"; {duration(spent)} of {duration(total)} went into {'it' if cut == 1 else 'them'}" if spent else ""
    return [Line("lost", "", _ids(rows), text)]


def _to_settle(board: Leaderboard, tied: Sequence[Row], used: Sequence[str], margin: float) -> list[Line]:
    """How many more problems would decide between the best and the model that is recommended, or comes next."""
    if len(tied) < 2:
        return []
    best, fast = tied[0], fastest(tied)
    others = sorted(tied[1:], key=lambda row: row is not fast)
    other = next((row for row in others if board.pair(best, row).discordant), None)
    if other is None:
        return []
    pair = board.pair(best, other)
    discordant = pair.discordant / pair.common
    gap = max(abs(pair.difference), margin, LEAST_GAP)
    needed = problems_needed(gap, max(discordant, gap)) - pair.common
    if not 0 < needed < MOST:
        return []
    rounded = round(needed, -2) if needed >= 100 else round(needed, -1) or 10
    more = f"about {counted(rounded, 'more problem')}{_suggestion(used, needed)}"
    text = f"{more} to tell {best.title} from {other.title}"
    return [Line("to settle", "", (best.result.id, other.result.id), text)]


def _suggestion(used: Sequence[str], needed: int) -> str:
    """The datasets to add, in the order in which they are declared, until they are enough; not many small ones."""
    known = datasets.known()
    kept, more = [name for name in used if name in known], list[str]()
    for name, declaration in known.items():
        enough = sum(known[one].count for one in more) >= needed
        if not enough and declaration.count >= needed * NOTABLE and name not in kept:
            more.append(name)
    names = ", ".join(f'"{name}"' for name in [*kept, *more])
    return f", with datasets = [{names}]," if more else ""


def _ids(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.result.id for row in rows)


def lines(config: Config, width: int = 0) -> list[str]:
    """The answer for a terminal of that width (0: any): a sentence, and aligned lines below it. [] without a result."""
    results, margin = read_all(config, {}, {}), margin_of(config)
    conclusion = answer(leaderboards(results), margin, duels(results, margin))
    return [] if conclusion is None else terminal(conclusion, width)


def margin_of(config: Config) -> float:
    """The loss that is small enough, as a fraction, as profiles.toml has it in points."""
    return config.report.margin / 100


def terminal(conclusion: Answer, width: int = 0) -> list[str]:
    """An answer as lines of a terminal; a text that is too wide goes on below itself."""
    label = max((len(line.label) for line in conclusion.lines), default=0)
    title = min(34, max((len(line.title) for line in conclusion.lines), default=0))
    output = [plain(conclusion.headline)]
    for line in conclusion.lines:
        start = f"  {line.label:<{label}}  " + (f"{line.title:<{title}}  " if line.title else "")
        indent = " " * (len(start) if len(start) < width / 2 else label + 4)
        output += textwrap.wrap(start + line.text, max(width, 40) if width else 10_000, subsequent_indent=indent,
                                break_long_words=False, break_on_hyphens=False)  # fmt: skip
    return output
