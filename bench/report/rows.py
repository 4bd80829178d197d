"""The figures of each model on a board, for the page's table and charts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.report import stats
from bench.report.board import Board
from bench.report.charts import Mark
from bench.report.records import Entry, Graded
from bench.report.text import visible


@dataclass(frozen=True)
class Row:
    """One line of the table. `lost` counts samples by why they were lost; `facts` are name and value."""

    place: str
    entry: Entry
    mark: Mark
    lost: dict[str, int]
    facts: tuple[tuple[str, str], ...]

    @property
    def versus(self) -> float | None:
        """Points ahead of the reference: in plus where that is published, otherwise in base."""
        mark = self.mark
        if mark.reference_plus is not None:
            return mark.plus - mark.reference_plus
        return None if mark.reference_base is None else mark.base - mark.reference_base

    @property
    def versus_text(self) -> str:
        """The same as people write it."""
        return f"{self.versus or 0:+.1f}".replace("-", "−")

    @property
    def lost_total(self) -> int:
        """How many samples were lost."""
        return sum(self.lost.values())


def rows(board: Board) -> list[Row]:
    """A row for each entry with samples, in the board's order."""
    titles = _titles(board.entries)
    return [
        Row(str(number), entry, _mark(board, entry, title, number), _lost(board, entry), tuple(_facts(entry)))
        for number, (entry, title) in enumerate(zip(board.entries, titles, strict=True), 1)
    ]


def _titles(entries: Sequence[Entry]) -> list[str]:
    """Titles fit to be shown, each of them once."""
    shown = [visible(entry.title) or entry.id for entry in entries]
    often = Counter(shown)
    return [
        title if often[title] == 1 else f"{title} ({visible(entry.id)})"
        for entry, title in zip(entries, shown, strict=True)
    ]


def _mark(board: Board, entry: Entry, title: str, number: int) -> Mark:
    places = board.places[entry.id]
    groups = [(len(samples), sum(s.passed for s in samples)) for samples in places]
    groups += [(0, 0)] * (entry.n_problems - len(groups))
    base = stats.estimate([(len(samples), sum(s.base == "pass" for s in samples)) for samples in places])
    plus = stats.estimate(groups)
    return Mark(
        title=title,
        anchor=f"run-{board.dataset}-{number}",
        base=100 * base.value,
        plus=100 * plus.value,
        low=100 * plus.low,
        high=100 * plus.high,
        speed=_positive(_speed(entry)),
        tokens=_positive(_mean_tokens(entry)),
        seconds=_positive(_seconds(entry)),
        curve=_curve(groups),
    )


def _curve(groups: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """pass@k for as many k as every attempted problem has samples."""
    deepest = min((n for n, _ in groups if n), default=0)
    if deepest < 2:
        return ()
    return tuple(100 * stats.estimate(groups, k).value for k in range(1, deepest + 1))


def _positive(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _totals(entry: Entry) -> dict[str, Any]:
    totals = entry.run.get("totals")
    return totals if isinstance(totals, dict) else {}


def _speed(entry: Entry) -> Any:
    speed = _totals(entry).get("speed")
    return speed.get("generation") if isinstance(speed, dict) else None


def _seconds(entry: Entry) -> Any:
    return _totals(entry).get("seconds") or sum(sample.info.seconds for sample in entry.samples)


def _mean_tokens(entry: Entry) -> float:
    counted = [sample.info.completion_tokens for sample in entry.samples if sample.info.completion_tokens > 0]
    return sum(counted) / len(counted) if counted else 0


def _lost(board: Board, entry: Entry) -> dict[str, int]:
    counted = Counter(sample.info.lost for sample in entry.samples if sample.info.lost)
    absent = entry.n_problems - sum(map(bool, board.places[entry.id]))
    return {**counted, **({"not attempted": absent} if absent > 0 else {})}


def _facts(entry: Entry) -> list[tuple[str, str]]:
    found = [("profile", entry.id), ("note", entry.note), ("graded", entry.date)]
    for block in (entry.run.get("model"), entry.run.get("server"), entry.run.get("settings"), entry.run.get("versions")):
        if isinstance(block, dict):
            found += [(str(name), _said(value)) for name, value in block.items()]
    found += [(name, _said(value)) for name, value in entry.bench.items() if name not in ("not_attempted", "schema")]
    return [(visible(name), visible(value)) for name, value in found if value]


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
