"""The answer: the best model, those tied with it, the fastest and the smallest of them, and the worse ones.

REPORT.md, the page and doit's last lines show the same answer. Every line names the rows that it follows from.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import datasets
from bench.console import counted, duration, listed, size
from bench.profiles import Config
from bench.report.duels import Duel, duels
from bench.report.format import DASH, both_p_values, rate, short_seconds, with_interval
from bench.report.ladder import MARGIN
from bench.report.leaderboard import Leaderboard, Pair, Row, leaderboards_of, pooled
from bench.report.outcomes import loss_of
from bench.report.references import among
from bench.report.results import POOLED, read_all
from bench.stats import problems_needed
from bench.text import plain

CUT = ("truncated", "looping")
FASTER = 1.2
"""The least ratio of the best's time for a solved problem to that of a recommended model,"""
NEAR = 0.1
"""and the largest lead of the best's score, as a fraction: with few problems, distant scores are tied too."""
QUICK = 1.1
"""Models that take at most this many times the least time for a solved problem count as equally quick."""
ALONE = "Nothing to compare with yet."
NAMED = 4
"""Tied models that are listed."""
WORSE = 2
"""Worse models with a line of their own."""
LEAST_GAP = 0.005
"""A smaller difference, as a fraction, takes more problems than there are."""
NOTABLE = 0.2
"""A dataset is suggested if it has at least this share of the problems needed."""
MOST = 10_000
"""Problems; a suggestion of more is left out."""
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


def main_leaderboard(leaderboards: Sequence[Leaderboard]) -> Leaderboard | None:
    """The leaderboard that answers: all datasets together, else the one with the most ranked models and problems."""
    known = [leaderboard for leaderboard in leaderboards if leaderboard.rows]
    real = [leaderboard for leaderboard in known if not leaderboard.dataset.startswith("demo")] or known
    together = pooled(leaderboards)
    if together and len(together.rows) == max(len(leaderboard.ranked) for leaderboard in real):
        return together
    return max(real, key=lambda leaderboard: (len(leaderboard.ranked), leaderboard.problems), default=None)


def answer(leaderboards: Sequence[Leaderboard], margin: float = MARGIN, duels: Sequence[Duel] = ()) -> Answer | None:
    """The answer over all datasets; None without any result."""
    conclusion, alone = _answer(leaderboards, margin), f" {ALONE}" if duels else ""
    decided = tuple(
        Line("duel", duel.title, (duel.results[0].id, duel.results[0].duel), f"against {duel.opponent}, {duel.verdict}")
        for duel in duels
    )
    return (
        replace(conclusion, headline=conclusion.headline.removesuffix(alone), lines=(*conclusion.lines, *decided))
        if conclusion
        else None
    )


def _answer(leaderboards: Sequence[Leaderboard], margin: float) -> Answer | None:
    leaderboard = main_leaderboard(leaderboards)
    if leaderboard is None:
        return None
    ranked = leaderboard.ranked
    used = (
        [leaderboard.dataset for leaderboard in leaderboards if leaderboard.rows]
        if leaderboard.dataset == POOLED
        else [leaderboard.dataset]
    )
    if not ranked:
        return Answer("No model has attempted every problem, so none is ranked.", tuple(_losses(leaderboard)))
    if len(ranked) == 1:
        return _single(leaderboard, ranked[0])
    tied = [row for row in ranked if row.tied_with_best]
    where = leaderboard.name if leaderboard.dataset != POOLED else "all sets"
    lines = [Line("best", tied[0].title, (tied[0].result.id,), _figures(tied[0], where))]
    if len(tied) > 1:
        splits = [f"{row.title} ({_split(leaderboard.pair(tied[0], row))})" for row in tied[1:]]
        test = f"not shown to be worse ({_test(leaderboard)}, Holm over {counted(len(ranked) - 1, 'test')})"
        lines.append(Line("tied", "", _ids(tied[1:]), f"{listed(splits, NAMED)}: {test}"))
    lines += [Line(label, row.title, (row.result.id,), _figures(row)) for label, row in _picks(tied)]
    lines += _worse(leaderboard, tied[0], [row for row in ranked if not row.tied_with_best])
    lines += [*_losses(leaderboard), *_to_settle(leaderboard, tied, used, margin)]
    return Answer(_headline(tied, ranked), tuple(lines))


def _headline(tied: Sequence[Row], ranked: Sequence[Row]) -> str:
    best, others = tied[0], len(tied) - 1
    if not others:
        return f"Use {best.title}: it is shown to be better than {'the other' if len(ranked) == 2 else 'all others'}."
    pick, slow = quickest(tied), _seconds(best)
    if pick and pick.metrics.score.value == best.metrics.score.value:
        if pick is fastest(tied):
            return f"Use {pick.title}: the highest score, and the fastest of the {len(tied)} that are tied."
        if pick is quickest(tied, near=1.0):
            return f"Use {pick.title}: the highest score, and about the quickest of the {len(tied)} that are tied."
    elif pick and (slow is None or slow >= FASTER * (_seconds(pick) or 0)):
        return f"Use {pick.title}, unless you need the last points."
    tie = "one is" if others == 1 else f"{others} are"
    return f"{best.title} scores highest; {tie} statistically tied with it."


def _seconds(row: Row) -> float | None:
    return row.metrics.per_solved(row.metrics.cost.seconds)


def quickest(tied: Sequence[Row], near: float = NEAR) -> Row | None:
    """The highest score among tied rows `near` the best that take about the least time for a solved problem.

    None where no time is known. `tied` begins with the best row.
    """
    least = tied[0].metrics.score.value - near
    times = [(row, seconds) for row in tied if row.metrics.score.value > least and (seconds := _seconds(row))]
    limit = QUICK * min((seconds for _, seconds in times), default=0)
    quick = [(row, seconds) for row, seconds in times if seconds <= limit]
    row, _ = max(quick, key=lambda timed: (timed[0].metrics.score.value, -timed[1]), default=(None, 0.0))
    return row


def _single(leaderboard: Leaderboard, row: Row) -> Answer:
    score = row.metrics.score
    lines = [Line("score", row.title, (row.result.id,), _figures(row, leaderboard.name))]
    published = [
        model
        for model in among([(row.title, row.metrics)], leaderboard.dataset)
        if leaderboard.suites[-1] in model.scores
    ]
    if len(published) > 1:
        position = next(place for place, model in enumerate(published) if model.source is None)
        near = [(side, published[position + step]) for side, step in (("below", -1), ("above", 1))
                if 0 <= position + step < len(published)]  # fmt: skip
        around = [f"{side} {model.title} ({model.scores[leaderboard.suites[-1]]:.1f})" for side, model in near]
        text = f"{position + 1} of {len(published)} among published scores: {', '.join(around)}"
        lines.append(Line("place", row.title, (row.result.id,), text))
    lines += _losses(leaderboard)
    alone = ALONE if len(leaderboard.rows) == 1 else "No other model has a rank."
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
    if len(tied) < 2:
        return []
    fast, small, quick = fastest(tied), smallest(tied), quickest(tied)
    picks = [("fastest and smallest", fast)] if fast is small else [("fastest", fast), ("smallest", small)]
    if not any(quick is row for row in (tied[0], fast, small)):
        picks.insert(0, ("quickest", quick))
    return [(label, row) for label, row in picks if row]


def _figures(row: Row, name: str = "") -> str:
    cost = row.metrics.cost
    per_solved = _seconds(row)
    parts = [
        f"{with_interval(row.metrics.score)} %{f' on {name}' if name else ''}",
        f"{rate(cost.speed)} tok/s" if cost.speed else "",
        size(cost.bytes) if cost.bytes else "",
        f"{short_seconds(per_solved)} a solved problem" if per_solved else "",
    ]
    return ", ".join(filter(None, parts))


def _worse(leaderboard: Leaderboard, best: Row, rows: Sequence[Row]) -> list[Line]:
    statements = [
        Line("worse", row.title, (best.result.id, row.result.id), _evidence(leaderboard.pair(best, row), row))
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


def _test(leaderboard: Leaderboard) -> str:
    return "exact sign-flip test" if any(pair.several for pair in leaderboard.pairs) else "exact McNemar"


def _losses(leaderboard: Leaderboard) -> list[Line]:
    """The answers that were cut off at a limit, and their share of the time.

    Requests that are in flight together share the time of the run, each by its own seconds.
    """
    rows = [row for row in leaderboard.rows if sum(row.metrics.lost.get(key, 0) for key in CUT)]
    if not rows:
        return []
    cut, looping = (sum(row.metrics.lost.get(key, 0) for row in rows for key in keys) for keys in (CUT, CUT[1:]))
    every = sum(row.metrics.samples for row in leaderboard.rows if not row.imported)
    spent = total = 0.0
    for row in leaderboard.rows:
        seconds = [(sample.info.seconds, loss_of(sample)) for sample in row.result.samples]
        if whole := sum(one for one, _ in seconds):
            took = row.metrics.cost.seconds or whole
            total += took
            spent += took * sum(one for one, loss in seconds if loss and loss.key in CUT) / whole
    answers = counted(every or sum(row.metrics.samples for row in rows), "answer")
    text = f"{cut} of {answers} {'was' if cut == 1 else 'were'} cut off"
    text += f", {looping} of them in a loop" if looping else ""
    text += f"; {duration(spent)} of {duration(total)} went into {'it' if cut == 1 else 'them'}" if spent else ""
    return [Line("lost", "", _ids(rows), text)]


def _to_settle(leaderboard: Leaderboard, tied: Sequence[Row], used: Sequence[str], margin: float) -> list[Line]:
    """The number of further problems that would decide between the best and the recommended, or next, model."""
    if len(tied) < 2:
        return []
    best, fast = tied[0], fastest(tied)
    others = sorted(tied[1:], key=lambda row: row is not fast)
    other = next((row for row in others if leaderboard.pair(best, row).discordant), None)
    if other is None:
        return []
    pair = leaderboard.pair(best, other)
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
    present, added = [candidate for candidate in used if candidate in known], list[str]()
    for candidate, declaration in known.items():
        enough = sum(known[name].count for name in added) >= needed
        if not enough and declaration.count >= needed * NOTABLE and candidate not in present:
            added.append(candidate)
    names = ", ".join(f'"{candidate}"' for candidate in [*present, *added])
    return f", with datasets = [{names}]," if added else ""


def _ids(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.result.id for row in rows)


def lines(config: Config, width: int = 0) -> list[str]:
    """The answer for a terminal of that width (0: any): a sentence, and aligned lines below it. [] without a result."""
    results, margin = read_all(config, {}, {}), margin_of(config)
    conclusion = answer(leaderboards_of(results), margin, duels(results, margin))
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
