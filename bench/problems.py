"""The datasets under the names that stages have for them; bench/datasets holds all that is known of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import datasets
from bench.datasets import Dataset, Problem, at_hand, fingerprint, source
from bench.datasets import Declaration as Source

__all__ = ["SOURCES", "Dataset", "Problem", "Source", "at_hand", "fingerprint", "load", "location"]


class _Known(Mapping[str, Source]):
    """Every dataset by its name, as it is declared at the moment."""

    def __getitem__(self, name: str) -> Source:
        return datasets.known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(datasets.known())

    def __len__(self) -> int:
        return len(datasets.known())


SOURCES: Mapping[str, Source] = _Known()


def load(name: str) -> Dataset:
    """All problems of a dataset. Raises DatasetError."""
    return datasets.load(name)


def location(name: str) -> Path:
    """The dataset's (first) file, whether or not it is there."""
    return source.locations(SOURCES[name])[0]
