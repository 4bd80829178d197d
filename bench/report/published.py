"""Our scores among the published ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.report.references import Source, references
from bench.report.scores import Score, partly


@dataclass(frozen=True)
class Scored:
    """A model with its scores in percent, where known; without a `source` it is ours.

    `against` says why it may not stand beside the others.
    """

    title: str
    base: float | None
    plus: float | None
    source: Source | None
    against: str

    @property
    def where(self) -> str:
        """Where its scores are from."""
        return " ".join(filter(None, [self.source.name, self.source.date])) if self.source else "this machine"

    def score(self, suite: str) -> float | None:
        """The score of `base` or `plus`."""
        return self.plus if suite == "plus" else self.base


def among(ours: Iterable[tuple[str, Score]], dataset: str) -> list[Scored]:
    """Ours, by title, and all published ones, best plus first; those without it after them, best base first."""
    theirs = [Scored(one.model, one.base, one.plus, one.source, one.source.why) for one in references(dataset)]
    own = [Scored(title, 100 * score.base.value, 100 * score.plus.value, None, partly(score)) for title, score in ours]
    return sorted([*own, *theirs], key=_place) if theirs else []


def _place(scored: Scored) -> tuple[bool, float, float, bool, str]:
    return (
        scored.plus is None,
        -(scored.plus or 0.0),
        -(scored.base or 0.0),
        scored.source is not None,
        scored.title,
    )
