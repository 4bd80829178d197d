"""One result's figures: pass@1 and pass@k with their intervals, what was lost, and what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.report import outcomes
from bench.report.results import Result
from bench.stats import Estimate, estimate
from bench.untrusted import positive, table


@dataclass(frozen=True)
class Cost:
    """Tokens, time, memory and energy of a result, by run.json; None where nothing is known.

    `tokens` were generated, `seconds` is the time in which a request was in flight. `speed` is in tokens per second, as
    the server measured it, or over the whole time of the requests where `measured` is false; `prompt_speed` the same of
    reading prompts. `bytes` is the size of the model's file; `memory` and `gpu_memory` are the server's peaks in bytes;
    `energy` is in watt-hours, without what the machine takes when idle.
    """

    tokens: int | None = None
    seconds: float | None = None
    speed: float | None = None
    measured: bool = False
    prompt_speed: float | None = None
    first_token: float | None = None
    load: float | None = None
    bytes: int | None = None
    memory: float | None = None
    gpu_memory: float | None = None
    energy: float | None = None


@dataclass(frozen=True)
class Metrics:
    """The scores of a result; fractions are of all problems of the dataset, attempted or not.

    `suites` holds pass@1 of each suite together with those before it, the last one being the `score`. `k` is the number
    of samples of a problem: where they differ, the largest that more than half of the attempted ones have; `at_k` is
    pass@k by suite over `k_problems`, which are all but the attempted ones with fewer samples. `outcomes` and `lost`
    count samples by the key of their outcome (of `missing`: problems). `solved` is how many problems were solved; with
    several samples, the sum of the shares that passed.
    """

    problems: int
    attempted: int
    samples: int
    k: int
    k_problems: int
    suites: Mapping[str, Estimate]
    at_k: Mapping[str, Estimate]
    outcomes: Mapping[str, int]
    lost: Mapping[str, int]
    retried: int
    solved: float
    cost: Cost

    @property
    def score(self) -> Estimate:
        """pass@1 over every suite."""
        return list(self.suites.values())[-1]

    @property
    def several(self) -> bool:
        """Whether any problem has more than one sample."""
        return self.samples > self.attempted

    @property
    def partly(self) -> str:
        """The number of problems attempted, in words; "" where all were."""
        return f"{self.attempted} of {self.problems} attempted" if self.attempted < self.problems else ""

    def per_solved(self, amount: float | None) -> float | None:
        """An amount by the problems solved, if both are known; of several samples, an amount of one pass over them."""
        if amount is None or not self.solved:
            return None
        return amount * self.attempted / self.samples / self.solved


def metrics(result: Result) -> Metrics:
    """The figures of a result that has samples."""
    groups = result.by_problem
    problems = max(result.n_problems, len(groups))
    absent = problems - len(groups)
    k = usual([len(group) for group in groups.values()])
    by_suite = {}
    for at, suite in enumerate(result.suites):
        passed = [
            (len(group), sum(all(status == "pass" for status in sample.statuses[: at + 1]) for sample in group))
            for group in groups.values()
        ]
        by_suite[suite] = passed + [(0, 0)] * absent
    return Metrics(
        problems=problems,
        attempted=len(groups),
        samples=len(result.samples),
        k=k,
        k_problems=len(enough(by_suite[result.suites[-1]], k)),
        suites={suite: estimate(counts) for suite, counts in by_suite.items()},
        at_k={suite: estimate(enough(counts, k), k) for suite, counts in by_suite.items()},
        outcomes=outcomes.count(result, absent),
        lost=outcomes.count_lost(result, absent),
        retried=sum(sample.retried for sample in result.samples),
        solved=sum(passed / n for passed, n in result.rates.values()),
        cost=cost(result),
    )


def cost(result: Result) -> Cost:
    """The cost of a result, read leniently: run.json may be of another version."""
    totals, server = table(result.run.get("totals")), result.server
    speed = table(totals.get("speed"))
    tokens, seconds, measured = (
        positive(value) for value in (totals.get("completion_tokens"), totals.get("seconds"), speed.get("generation"))
    )
    size = positive(result.model.get("bytes")) or positive(server.get("bytes"))
    costs = table(result.run.get("cost"))
    return Cost(
        tokens=int(tokens) if tokens else None,
        seconds=seconds,
        speed=measured or (tokens / seconds if tokens and seconds else None),
        measured=measured is not None,
        prompt_speed=positive(speed.get("prompt")),
        first_token=positive(costs.get("first_token_seconds")),
        load=positive(costs.get("load_seconds")),
        bytes=int(size) if size else None,
        memory=positive(costs.get("peak_memory")),
        gpu_memory=positive(costs.get("peak_gpu_memory")),
        energy=positive(costs.get("energy_wh")),
    )


def usual(counts: Sequence[int]) -> int:
    """The largest number of samples that more than half of the problems have, given how many each has; 1 for none."""
    return sorted(counts, reverse=True)[len(counts) // 2] if counts else 1


def enough(groups: Sequence[tuple[int, int]], k: int) -> list[tuple[int, int]]:
    """Of problems as (samples, passed), those for an estimate of pass@k; the ones not attempted count as failed."""
    return [(n, passed) for n, passed in groups if n == 0 or n >= k]


def curve(result: Result, problems: int, most: int) -> list[float]:
    """pass@k for k from 1 to `most`, each over the problems that have so many samples."""
    groups = [(n, passed) for passed, n in result.rates.values()]
    groups += [(0, 0)] * (problems - len(groups))
    return [estimate(enough(groups, k), k).value for k in range(1, most + 1)]
