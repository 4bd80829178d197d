"""Published scores: each with its source, its date as far as it is known, and whether ours may be compared with it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench import datasets
from bench.errors import BenchError
from bench.report.metrics import Metrics
from bench.report.results import SUITES
from bench.stats import Estimate

FILE = Path(__file__).parents[1] / "reference-scores.json"


@dataclass(frozen=True)
class Source:
    """A publication of scores; `why` is the reason why ours cannot be compared with them, unless `comparable`."""

    name: str
    url: str
    date: str
    comparable: bool
    why: str


@dataclass(frozen=True)
class Reference:
    """A model's published pass@1 on one dataset, in percent by suite; only suites with a score are there."""

    model: str
    scores: Mapping[str, float]
    source: Source
    note: str

    @property
    def suite(self) -> str:
        """The suite to compare with: the strictest that has a score."""
        return list(self.scores)[-1]


@lru_cache(maxsize=32)
def references(dataset: str) -> tuple[Reference, ...]:
    """Every model that has a published score on the dataset, in the order of the file.

    Raises BenchError where the file is missing or damaged.
    """
    if dataset not in datasets.known():
        return ()
    try:
        rows = json.loads(FILE.read_text(encoding="utf-8"))["references"]
        scored = [_reference(row, {"base": row.get(dataset), "plus": row.get(f"{dataset}_plus")}) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(f"{FILE} cannot be used ({error!r}); fix it, or restore it.") from None
    return tuple(reference for reference in scored if reference.scores)


def _reference(row: dict[str, Any], scores: dict[str, float | None]) -> Reference:
    source = Source(row["source"], row["url"], row["date"], row["comparable"], row["why"])
    known = {suite: scores[suite] for suite in SUITES if scores[suite] is not None}
    return Reference(row["model"], known, source, row["note"])  # type: ignore[arg-type]


def models() -> list[str]:
    """All models that have a published score on any dataset."""
    return list(dict.fromkeys(reference.model for dataset in datasets.known() for reference in references(dataset)))


@dataclass(frozen=True)
class Comparison:
    """A score beside its reference's: `suite` says which of them, `ours` and `theirs` are in percent."""

    reference: Reference
    suite: str
    ours: float
    theirs: float

    @property
    def difference(self) -> float:
        """Points ahead of the reference."""
        return self.ours - self.theirs

    @property
    def about(self) -> str:
        """The published score with its source."""
        source = self.reference.source
        where = " ".join(filter(None, [source.name, source.date]))
        return f"{self.reference.model}: {self.suite} {self.theirs:.1f}, {where}"


def compared(model: str, dataset: str, ours: Mapping[str, Estimate]) -> Comparison | None:
    """Our scores beside the published ones of `model`: the strictest suite that both have."""
    published = next((reference for reference in references(dataset) if reference.model == model), None)
    if published is None or published.suite not in ours:
        return None
    return Comparison(published, published.suite, 100 * ours[published.suite].value, published.scores[published.suite])


def sources(references: Iterable[Reference]) -> list[Source]:
    """The sources of some references, each once, comparable ones first."""
    return sorted(dict.fromkeys(reference.source for reference in references), key=lambda source: not source.comparable)


@dataclass(frozen=True)
class Scored:
    """A model among the published ones, with its scores in percent by suite; without a `source` it is ours.

    `against` is the reason why it may not stand beside the others.
    """

    title: str
    scores: Mapping[str, float]
    source: Source | None
    against: str


def among(ours: Iterable[tuple[str, Metrics]], dataset: str) -> list[Scored]:
    """Ours, by title, and all published ones, best plus first; those without it after them, best base first."""
    theirs = [
        Scored(reference.model, reference.scores, reference.source, reference.source.why)
        for reference in references(dataset)
    ]
    own = [
        Scored(title, {suite: 100 * score.value for suite, score in figures.suites.items()}, None, figures.partly)
        for title, figures in ours
    ]
    return sorted([*own, *theirs], key=_place) if theirs else []


def _place(scored: Scored) -> tuple[bool, float, float, bool, str]:
    first, *rest = (scored.scores.get(suite) for suite in reversed(SUITES))
    return first is None, -(first or 0.0), -(rest[0] or 0.0), scored.source is not None, scored.title
