"""One dataset's results in order: rows with rank bands, pairs, and the problems on which models differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bench import problems
from bench.problems import SOURCES
from bench.report.pairs import Pair, bands, pairs, rates
from bench.report.records import Entry
from bench.report.references import Comparison, compared
from bench.report.scores import Score, score
from bench.untrusted import table


@dataclass(frozen=True)
class Row:
    """One entry that has a result. `band` is its rank, empty where it is not ranked."""

    entry: Entry
    score: Score
    band: str
    versus: Comparison | None

    @property
    def settings(self) -> dict[str, Any]:
        """What was asked of the model, as run.json says; {} for imports."""
        return table(self.entry.run.get("settings"))

    @property
    def server(self) -> dict[str, Any]:
        """What answered, as run.json says; {} for imports."""
        return table(self.entry.run.get("server"))


@dataclass(frozen=True)
class Split:
    """One problem, and the rows that pass it (in at least half of their samples) or fail it, best first."""

    task_id: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """One dataset: `rows` have results, best first; `others` have none; `pairs` are those of the ranked rows."""

    dataset: str
    rows: tuple[Row, ...]
    others: tuple[Entry, ...]
    pairs: tuple[Pair, ...]

    @property
    def title(self) -> str:
        """The dataset's name for people; that of an unknown one is a folder's, and loses what could be markup."""
        if self.dataset in SOURCES:
            return SOURCES[self.dataset].title
        return "".join(char if char.isalnum() or char in " .-" else "-" for char in self.dataset)[:40].strip()

    @property
    def problems(self) -> int:
        """How many problems the dataset has; where results differ in that, the most."""
        return max((row.score.problems for row in self.rows), default=0)

    @property
    def ranked(self) -> list[Row]:
        """The rows that have a rank."""
        return [row for row in self.rows if row.band]

    def row(self, entry_id: str) -> Row:
        """The row of one entry; StopIteration where there is none."""
        return next(row for row in self.rows if row.entry.id == entry_id)

    @cached_property
    def splits(self) -> list[Split]:
        """Every problem that a row attempted, in the dataset's order."""
        known = {row.entry.id: rates(row.entry) for row in self.rows}
        tasks = max(known.values(), key=len, default={})
        found = []
        for task in dict.fromkeys([*tasks, *(task for each in known.values() for task in each)]):
            attempted = [name for name in known if task in known[name]]
            passed = [name for name in attempted if 2 * known[name][task][0] >= known[name][task][1]]
            failed = [name for name in attempted if name not in passed]
            found.append(Split(task, tuple(passed), tuple(failed)))
        return found

    @cached_property
    def functions(self) -> dict[str, str]:
        """What is to be written for each problem; {} where the dataset is not on this machine."""
        known = problems.at_hand(self.dataset)
        return {one.task_id: one.entry_point for one in known.problems.values()} if known else {}


def standings(entries: Sequence[Entry]) -> list[Standing]:
    """One for each dataset, in the order of SOURCES, then by name."""
    order = {name: place for place, name in enumerate(SOURCES)}
    names = sorted({entry.dataset for entry in entries}, key=lambda name: (order.get(name, len(order)), name))
    return [_standing(name, [entry for entry in entries if entry.dataset == name]) for name in names]


def _standing(dataset: str, entries: Sequence[Entry]) -> Standing:
    scored = sorted(((entry, score(entry)) for entry in entries if entry.samples), key=_rank)
    ranked = [entry for entry, found in scored if _is_ranked(entry, found)]
    compared_pairs = tuple(pairs(ranked))
    places = bands([entry.id for entry in ranked], compared_pairs)
    rows = tuple(
        Row(
            entry,
            found,
            places.get(entry.id, ""),
            compared(entry.reference, dataset, 100 * found.base.value, 100 * found.plus.value),
        )
        for entry, found in scored
    )
    return Standing(dataset, rows, tuple(entry for entry in entries if not entry.samples), compared_pairs)


def _rank(scored: tuple[Entry, Score]) -> tuple[float, float, str, str]:
    entry, found = scored
    return -found.plus.value, -found.base.value, entry.title, entry.id


def _is_ranked(entry: Entry, score: Score) -> bool:
    """A part of the problems cannot be ranked beside all of them, nor a profile that is no longer declared."""
    return entry.state != "gone" and score.attempted == score.problems
