"""The answer: the best model, those tied with it, the fastest and the smallest of them, and the worse ones.

REPORT.md, the page and doit's last lines show the same answer. Every line names the rows that it follows from.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from bench import datasets
from bench.console import counted, duration, listed, size
from bench.profiles import Config
from bench.report.duels import Duel, duels
from bench.report.format import DASH, both_p_values, known, rate, short_seconds, with_interval
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
    filled = [leaderboard for leaderboard in leaderboards if leaderboard.rows]
    real = [leaderboard for leaderboard in filled if not leaderboard.dataset.startswith("demo")] or filled
    together = pooled(leaderboards)
    if together and len(together.rows) == max(len(leaderboard.ranked) for leaderboard in real):
        return together
    return max(real, key=lambda leaderboard: (len(leaderboard.ranked), leaderboard.problems), default=None)


def answer(leaderboards: Sequence[Leaderboard], margin: float = MARGIN, duels: Sequence[Duel] = ()) -> Answer | None:
    """The answer over all datasets; None without any result."""
    leaderboard = main_leaderboard(leaderboards)
    if leaderboard is None:
        return None
    ranked = leaderboard.ranked
    tied = [row for row in ranked if row.tied_with_best]
    if len(ranked) > 1:
        headline, lines = _headline(tied, ranked), _compared(leaderboard, tied)
    elif ranked:
        headline, lines = _single(leaderboard, ranked[0], alone=not duels), _place(leaderboard, ranked[0])
    else:
        headline, lines = "No model has attempted every problem, so none is ranked.", []
    used = [one.dataset for one in leaderboards if one.rows and leaderboard.dataset in (one.dataset, POOLED)]
    lines += [*_losses(leaderboard), *_to_settle(leaderboard, tied, used, margin)]
    for duel in duels:
        ids = duel.results[0].id, duel.results[0].duel
        lines.append(Line("duel", duel.title, ids, f"against {duel.opponent}, {duel.verdict}"))
    return Answer(headline, tuple(lines))


def _compared(leaderboard: Leaderboard, tied: Sequence[Row]) -> list[Line]:
    """The best, those tied with it, those to pick among them, and the worse ones."""
    best, *others = tied
    where = leaderboard.name if leaderboard.dataset != POOLED else "all sets"
    lines = [Line("best", best.title, _ids([best]), _figures(best, where))]
    if others:
        pairs = [leaderboard.pair(best, row) for row in others]
        splits = [f"{row.title} ({len(pair.first_wins)}{DASH}{len(pair.second_wins)})"
                  for row, pair in zip(others, pairs, strict=True)]  # fmt: skip
        test = next((pair.test for pair in leaderboard.pairs if pair.several), pairs[0].test)
        verdict = f"not shown to be worse ({test}, Holm over {counted(len(leaderboard.ranked) - 1, 'test')})"
        lines.append(Line("tied", "", _ids(others), f"{listed(splits, NAMED)}: {verdict}"))
    lines += [Line(label, row.title, _ids([row]), _figures(row)) for label, row in _picks(tied)]
    return lines + _worse(leaderboard, best)


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


def _single(leaderboard: Leaderboard, row: Row, *, alone: bool) -> str:
    others = "No other model has a rank." if len(leaderboard.rows) > 1 else ALONE if alone else ""
    return f"{row.title} scores {with_interval(row.metrics.score)} %. {others}".strip()


def _place(leaderboard: Leaderboard, row: Row) -> list[Line]:
    """The score of a single model, and its neighbours among the published ones."""
    lines = [Line("score", row.title, _ids([row]), _figures(row, leaderboard.name))]
    suite = leaderboard.suites[-1]
    published = [model for model in among([(row.title, row.metrics)], leaderboard.dataset) if suite in model.scores]
    if len(published) > 1:
        place = next(place for place, model in enumerate(published) if model.source is None)
        near = [("below", model) for model in published[place - 1 : place]]
        near += [("above", model) for model in published[place + 1 : place + 2]]
        around = ", ".join(f"{side} {model.title} ({model.scores[suite]:.1f})" for side, model in near)
        text = f"{place + 1} of {len(published)} among published scores: {around}"
        lines.append(Line("place", row.title, _ids([row]), text))
    return lines


def fastest(rows: Sequence[Row]) -> Row | None:
    """The row of the highest speed; None where none is known."""
    return max((row for row in rows if row.metrics.cost.speed), key=attrgetter("metrics.cost.speed"), default=None)


def smallest(rows: Sequence[Row]) -> Row | None:
    """The row of the smallest model file; None where none is known."""
    return min((row for row in rows if row.metrics.cost.bytes), key=attrgetter("metrics.cost.bytes"), default=None)


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
    parts = [
        f"{with_interval(row.metrics.score)} %{f' on {name}' if name else ''}",
        known(lambda speed: f"{rate(speed)} tok/s", cost.speed),
        known(size, cost.bytes),
        known(lambda seconds: f"{short_seconds(seconds)} a solved problem", _seconds(row)),
    ]
    return ", ".join(filter(None, parts))


def _worse(leaderboard: Leaderboard, best: Row) -> list[Line]:
    rows = [row for row in leaderboard.ranked if not row.tied_with_best]
    statements = [
        Line("worse", row.title, _ids([best, row]), _evidence(leaderboard.pair(best, row), row)) for row in rows[:WORSE]
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
    return [Line("to settle", "", _ids([best, other]), text)]


def _suggestion(used: Sequence[str], needed: int) -> str:
    """The datasets to add, in the order in which they are declared, until they are enough; not many small ones."""
    declared = datasets.known()
    present, added = [candidate for candidate in used if candidate in declared], list[str]()
    for candidate, declaration in declared.items():
        enough = sum(declared[name].count for name in added) >= needed
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
