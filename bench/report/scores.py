"""One entry's figures: pass@1 and pass@k with their intervals, what was lost, how fast and how long."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.records import Entry, Graded
from bench.stats import Estimate, estimate
from bench.untrusted import positive, table

LOST = ("truncated", "empty", "no code", "error", "timeout", "not attempted")
"""Why a sample counts as lost, in the order of the report."""
FAILURES = ("plus", "base", "timeout")
"""How a sample failed: a plus test alone, a base test, or by running out of time in a test."""


@dataclass(frozen=True)
class Score:
    """How an entry did; fractions are of all problems of the dataset, attempted or not.

    `k` is the number of samples of a problem: where they differ, the largest that more than half of the attempted ones
    have. `base_k` and `plus_k` are pass@k over `k_problems`, which are all but the attempted ones with fewer samples.
    `lost` and `failures` count samples (of `not attempted`: problems). `speed` is in tokens per second, as the server
    measured it, or over the whole time of the requests where `timed` is false; `seconds` is that time; each is None
    where nothing is known.
    """

    problems: int
    attempted: int
    samples: int
    k: int
    k_problems: int
    base: Estimate
    plus: Estimate
    base_k: Estimate
    plus_k: Estimate
    lost: Mapping[str, int]
    failures: Mapping[str, int]
    retried: int
    tokens: int | None
    seconds: float | None
    speed: float | None
    timed: bool

    @property
    def several(self) -> bool:
        """Whether any problem has more than one sample."""
        return self.samples > self.attempted


def score(entry: Entry) -> Score:
    """The figures of an entry that has samples."""
    groups = by_problem(entry)
    problems = max(entry.n_problems, len(groups))
    absent = [(0, 0)] * (problems - len(groups))
    base = [(len(group), sum(one.base == "pass" for one in group)) for group in groups.values()] + absent
    plus = [(len(group), sum(one.passed for one in group)) for group in groups.values()] + absent
    k = usual(list(map(len, groups.values())))
    tokens, seconds = positive(_totals(entry).get("completion_tokens")), positive(_totals(entry).get("seconds"))
    speed = table(_totals(entry).get("speed")).get("generation")
    return Score(
        problems=problems,
        attempted=len(groups),
        samples=len(entry.samples),
        k=k,
        k_problems=len(enough(plus, k)),
        base=estimate(base),
        plus=estimate(plus),
        base_k=estimate(enough(base, k), k),
        plus_k=estimate(enough(plus, k), k),
        lost=_lost(entry, len(absent)),
        failures=_failures(entry),
        retried=sum(sample.retried for sample in entry.samples),
        tokens=int(tokens) if tokens else None,
        seconds=seconds,
        speed=positive(speed) or (tokens / seconds if tokens and seconds else None),
        timed=positive(speed) is not None,
    )


def partly(score: Score) -> str:
    """How many problems were attempted, where not all were; "" where all were."""
    return f"{score.attempted} of {score.problems} attempted" if score.attempted < score.problems else ""


def usual(counts: Sequence[int]) -> int:
    """The largest number of samples that more than half of the problems have, given how many each has; 1 for none."""
    return sorted(counts, reverse=True)[len(counts) // 2] if counts else 1


def enough(groups: Sequence[tuple[int, int]], k: int) -> list[tuple[int, int]]:
    """Of problems as (samples, passed), those for an estimate of pass@k; the ones not attempted count as failed."""
    return [(n, passed) for n, passed in groups if n == 0 or n >= k]


def by_problem(entry: Entry) -> dict[str, list[Graded]]:
    """An entry's samples of each problem that it attempted, in problem order."""
    groups: dict[str, list[Graded]] = {}
    for sample in entry.samples:
        groups.setdefault(sample.task_id, []).append(sample)
    return groups


def _lost(entry: Entry, absent: int) -> dict[str, int]:
    counted = Counter(sample.info.lost for sample in entry.samples if sample.info.lost)
    counted["not attempted"] += absent
    return {why: counted[why] for why in dict.fromkeys([*LOST, *sorted(counted)]) if counted[why]}


def _failures(entry: Entry) -> dict[str, int]:
    counted = Counter(_failure(sample) for sample in entry.samples if not sample.passed)
    return {how: counted[how] for how in FAILURES}


def _failure(sample: Graded) -> str:
    if "timeout" in (sample.base, sample.plus):
        return "timeout"
    return "plus" if sample.base == "pass" else "base"


def _totals(entry: Entry) -> dict[str, Any]:
    return table(entry.run.get("totals"))
