"""Our scores among the published ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.charts import Mark
from bench.report.references import references


@dataclass(frozen=True)
class Scored:
    """A model with its scores in percent, where known; `against` says why it may not stand beside the others."""

    title: str
    base: float | None
    plus: float | None
    source: str
    against: str
    ours: bool


def among(marks: Sequence[Mark], dataset: str) -> list[Scored]:
    """Ours and all published ones, best plus first; those without a plus score after them, best base first."""
    ours = [Scored(mark.title, mark.base, mark.plus, "this machine", mark.partly, ours=True) for mark in marks]
    theirs = [
        Scored(
            one.model,
            one.base,
            one.plus,
            " ".join(filter(None, [one.source.name, one.source.date])),
            "" if one.source.comparable else one.source.why,
            ours=False,
        )
        for one in references(dataset)
    ]
    return sorted([*ours, *theirs], key=_place) if theirs else []


def _place(scored: Scored) -> tuple[bool, float, float, bool, str]:
    return scored.plus is None, -(scored.plus or 0.0), -(scored.base or 0.0), not scored.ours, scored.title
