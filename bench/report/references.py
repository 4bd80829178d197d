"""Published scores: each with its source, its date as far as it is known, and whether ours may be compared with it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.problems import SOURCES

FILE = Path(__file__).parents[1] / "reference-scores.json"


@dataclass(frozen=True)
class Source:
    """Where scores come from; `why` says why ours cannot be compared with them, where `comparable` is false."""

    name: str
    url: str
    date: str
    comparable: bool
    why: str


@dataclass(frozen=True)
class Reference:
    """A model's published pass@1 on one dataset, in percent; None where no score is known."""

    model: str
    base: float | None
    plus: float | None
    source: Source
    note: str

    def score(self, suite: str) -> float | None:
        """The score of `base` or `plus`."""
        return self.plus if suite == "plus" else self.base


@lru_cache(maxsize=8)
def references(dataset: str) -> tuple[Reference, ...]:
    """Every model that has a published score on the dataset, in the order of the file.

    Raises BenchError where the file is missing or damaged.
    """
    if dataset not in SOURCES:
        return ()
    try:
        rows = json.loads(FILE.read_text(encoding="utf-8"))["references"]
        found = [_reference(row, row.get(dataset), row.get(f"{dataset}_plus")) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(f"{FILE} cannot be used ({error!r}); mend it, or restore it.") from None
    return tuple(one for one in found if one.base is not None or one.plus is not None)


def _reference(row: dict[str, Any], base: float | None, plus: float | None) -> Reference:
    source = Source(row["source"], row["url"], row["date"], row["comparable"], row["why"])
    return Reference(row["model"], base, plus, source, row["note"])


def models() -> list[str]:
    """All models of which a score is published on any dataset."""
    return list(dict.fromkeys(one.model for dataset in SOURCES for one in references(dataset)))


def reference(model: str, dataset: str) -> Reference | None:
    """What is published of one model on one dataset; None where nothing is."""
    return next((one for one in references(dataset) if one.model == model), None)


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


def compared(model: str, dataset: str, base: float, plus: float) -> Comparison | None:
    """Scores in percent beside what is published of `model`: plus where both have it, otherwise base."""
    known = reference(model, dataset)
    if known is None:
        return None
    suite = "base" if known.plus is None else "plus"
    theirs = known.base if known.plus is None else known.plus
    return None if theirs is None else Comparison(known, suite, plus if suite == "plus" else base, theirs)


def sources(shown: Iterable[Reference]) -> list[Source]:
    """The sources of some references, each once, comparable ones first."""
    return sorted(dict.fromkeys(one.source for one in shown), key=lambda source: not source.comparable)
