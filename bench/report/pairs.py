"""Which models the data tells apart: pairs compared problem by problem, and the rank bands that follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import lcm

from bench.report.numbers import DASH
from bench.report.records import Entry
from bench.report.scores import by_problem
from bench.stats import holm, sign_flip

ALPHA = 0.05

Rates = Mapping[str, tuple[int, int]]
"""By problem that was attempted: how many samples passed base and plus, and how many there are."""


@dataclass(frozen=True)
class Pair:
    """Two entries on the `common` problems that both attempted.

    `ahead` are the problems that the first alone passes, `behind` those that the second does; where either has
    `several` samples a problem, that passes more often. `p` is exact McNemar's, or then the exact sign-flip test's;
    `corrected` is Holm's, over all pairs of the dataset. `gain` is how much more of the common problems the first
    passes, as a fraction.
    """

    first: str
    second: str
    common: int
    several: bool
    ahead: tuple[str, ...]
    behind: tuple[str, ...]
    gain: float
    p: float
    corrected: float

    @property
    def apart(self) -> bool:
        """Whether the data tells the two apart."""
        return self.corrected < ALPHA


def rates(entry: Entry) -> Rates:
    """How often the entry passes each problem that it attempted."""
    return {task: (sum(one.passed for one in group), len(group)) for task, group in by_problem(entry).items()}


def pairs(entries: Sequence[Entry]) -> list[Pair]:
    """Every pair of entries, in their order; the first of each pair comes first in `entries`."""
    known = {entry.id: rates(entry) for entry in entries}
    found = [_pair(first, second, known[first], known[second]) for first, second in combinations(known, 2)]
    corrected = holm([pair.p for pair in found])
    return [replace(pair, corrected=value) for pair, value in zip(found, corrected, strict=True)]


def _pair(first: str, second: str, one: Rates, other: Rates) -> Pair:
    common = [task for task in one if task in other]
    counts = {count for task in common for count in (one[task][1], other[task][1])}
    unit = lcm(*counts)
    gaps = {task: _times(one[task], unit) - _times(other[task], unit) for task in common if one[task] != other[task]}
    ahead = tuple(task for task, gap in gaps.items() if gap > 0)
    behind = tuple(task for task, gap in gaps.items() if gap < 0)
    p = sign_flip(list(gaps.values()))
    gain = sum(gaps.values()) / unit / len(common) if common else 0.0
    return Pair(first, second, len(common), counts > {1}, ahead, behind, gain, p, p)


def _times(rate: tuple[int, int], unit: int) -> int:
    return rate[0] * unit // rate[1]


def bands(ranked: Sequence[str], found: Sequence[Pair]) -> dict[str, str]:
    """The rank of each entry as people read it: one number, or the first and the last of a band.

    A band begins with the best entry that has none yet, and ends before the first one that is told apart from it.
    """
    apart = {(pair.first, pair.second) for pair in found if pair.apart}
    groups: list[list[str]] = []
    for name in ranked:
        if groups and (groups[-1][0], name) not in apart:
            groups[-1].append(name)
        else:
            groups.append([name])
    named: dict[str, str] = {}
    place = 1
    for group in groups:
        last = place + len(group) - 1
        named |= dict.fromkeys(group, str(place) if place == last else f"{place}{DASH}{last}")
        place = last + 1
    return named
