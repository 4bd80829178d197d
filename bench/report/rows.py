"""Each row of a standing as the page shows it: what its charts draw, and what is known of how it was run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.report import provenance
from bench.report.asked import caveat
from bench.report.charts import Mark
from bench.report.escape import HTML
from bench.report.numbers import signed
from bench.report.records import Entry
from bench.report.references import reference
from bench.report.scores import by_problem, enough, partly
from bench.report.standings import Row, Standing
from bench.stats import estimate
from bench.text import visible

MOST_K = 64
"""The largest k of a pass@k curve."""


@dataclass(frozen=True)
class Line:
    """One line of the page's table: `facts` are pairs of a name and HTML."""

    row: Row
    mark: Mark
    facts: tuple[tuple[str, str], ...]

    @property
    def versus(self) -> str:
        """Points ahead of the reference, as people write it; empty without a reference."""
        return signed(self.row.versus.difference) if self.row.versus else ""

    @property
    def versus_about(self) -> str:
        """What `versus` compares, and its caveat."""
        return _about(self.row)

    @property
    def caveat(self) -> str:
        """What is to be said against what `versus` compares."""
        return caveat(self.row)

    @property
    def lost_total(self) -> int:
        """How many samples were lost."""
        return sum(self.row.score.lost.values())


def lines(standing: Standing) -> list[Line]:
    """A line for each row, in their order."""
    titles = _titles([row.entry for row in standing.rows])
    return [
        Line(row, _mark(row, title, f"run-{standing.dataset}-{number}"), tuple(_facts(row)))
        for number, (row, title) in enumerate(zip(standing.rows, titles, strict=True), 1)
    ]


def _titles(entries: Sequence[Entry]) -> list[str]:
    """Titles fit to be shown, each of them once."""
    shown = [visible(entry.title) or entry.id for entry in entries]
    often = Counter(shown)
    return [
        title if often[title] == 1 else f"{title} ({visible(entry.id)})"
        for entry, title in zip(entries, shown, strict=True)
    ]


def _mark(row: Row, title: str, anchor: str) -> Mark:
    score, known = row.score, reference(row.entry.reference, row.entry.dataset)
    return Mark(
        title=title,
        anchor=anchor,
        base=100 * score.base.value,
        plus=100 * score.plus.value,
        low=100 * score.plus.low,
        high=100 * score.plus.high,
        speed=score.speed,
        tokens=score.tokens / score.samples if score.tokens else None,
        seconds=score.seconds,
        curve=_curve(row),
        reference=known.model if known else "",
        reference_base=known.base if known else None,
        reference_plus=known.plus if known else None,
        partly=partly(score),
    )


def _curve(row: Row) -> tuple[float, ...]:
    """pass@k in percent for k from 1 to that of the score, each over the problems that have so many samples."""
    groups = [(len(group), sum(one.passed for one in group)) for group in by_problem(row.entry).values()]
    groups += [(0, 0)] * (row.score.problems - len(groups))
    return tuple(100 * estimate(enough(groups, k), k).value for k in range(1, min(row.score.k, MOST_K) + 1))


def _facts(row: Row) -> list[tuple[str, str]]:
    """What the result is measured against, and where it comes from."""
    about = _about(row)
    return [*([("Reference", HTML.words(about))] if about else []), *provenance.facts(row.entry, HTML)]


def _about(row: Row) -> str:
    versus = row.versus
    if versus is None:
        return ""
    source = versus.reference.source
    where = " ".join(filter(None, [source.name, source.date]))
    said = f"{versus.reference.model}: {versus.suite} {versus.theirs:.1f}, {where}"
    return "; ".join(filter(None, [said, caveat(row)]))
