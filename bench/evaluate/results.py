"""eval_results.json: EvalPlus's result schema and our own `bench` block, streamed to a temporary name, then renamed."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import datasets
from bench.datasets import evalplus
from bench.evaluate import GRADER_VERSION
from bench.evaluate.grader import Environment, Grader
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.problem_tests import ProblemTests
from bench.evaluate.samples_file import Sample, Solutions, by_task
from bench.files import write_stream
from bench.profiles import Sandbox
from bench.records import Verdict
from bench.stats import Estimate, estimate

SCHEMA = 1
REPORTED = (1, 10, 100)
"""The k of pass@k that EvalPlus reports, if each problem with samples has so many."""


@dataclass(frozen=True)
class Summary:
    """The scores and costs of a set of samples. `scores` are EvalPlus's pass_at_k, over all problems of the dataset.

    `base` and `plus` are pass@1 with its interval; `base_passed` and `plus_passed` count samples, `retries` those that
    were re-run alone, `cached` those not run.
    """

    n_problems: int
    n_samples: int
    scores: dict[str, dict[str, float]]
    base: Estimate
    plus: Estimate
    base_passed: int
    plus_passed: int
    not_attempted: tuple[str, ...]
    retries: int
    cached: int
    seconds: float


@dataclass(frozen=True)
class SampleResult:
    """The verdict on one sample, and whether it was `cached`."""

    verdict: Verdict
    cached: bool


@dataclass(frozen=True)
class GradedBy:
    """The graders: the sandboxes, their settings, samples at once, the scheduler's address ("": this machine)."""

    environments: tuple[Environment, ...]
    settings: Sandbox
    workers: int
    scheduler: str
    python: str

    @classmethod
    def of(cls, environments: Iterable[Environment], grader: Grader, settings: Sandbox, python: str) -> "GradedBy":
        """The sandboxes of a grader that graded; `python` is the version behind cached verdicts."""
        ordered = sorted(environments, key=lambda environment: (environment.kind, environment.identity))
        versions = _several(environment.python for environment in ordered)
        return cls(tuple(ordered), settings, grader.width, grader.where, versions or python)


def summarise(truth: GroundTruth, samples: list[Sample], graded: Sequence[SampleResult], seconds: float) -> Summary:
    """The summary of a graded file; problems without a sample count as failed."""
    groups = dict(by_task(samples))
    rows = [groups.get(task_id, []) for task_id in truth.tasks]
    base = [(len(row), sum(graded[i].verdict.base == "pass" for i in row)) for row in rows]
    plus = [(len(row), sum(graded[i].verdict.passed for i in row)) for row in rows]
    fewest = min(map(len, groups.values()))
    return Summary(
        n_problems=len(truth.tasks),
        n_samples=len(samples),
        scores={
            suite: {f"pass@{k}": estimate(counts, k).value for k in REPORTED if k <= fewest}
            for suite, counts in (("base", base), ("plus", plus))
        },
        base=estimate(base),
        plus=estimate(plus),
        base_passed=sum(passed for _, passed in base),
        plus_passed=sum(passed for _, passed in plus),
        not_attempted=tuple(task_id for task_id in truth.tasks if task_id not in groups),
        retries=sum(result.verdict.retried for result in graded),
        cached=sum(result.cached for result in graded),
        seconds=round(seconds, 2),
    )


def write(
    path: Path,
    truth: GroundTruth,
    samples: list[Sample],
    solutions: Solutions,
    graded: Sequence[SampleResult],
    summary: Summary,
    by: GradedBy,
) -> None:
    """Write the results of graded samples, whose texts are among the `solutions`."""
    write_stream(path, _pieces(truth, samples, solutions, graded, summary, bench_block(truth, summary, by)))


def bench_block(truth: GroundTruth, summary: Summary, by: GradedBy) -> dict[str, Any]:
    """The `bench` block without its samples: facts beyond EvalPlus's schema; different sandboxes are all named."""
    environments, settings = by.environments, by.settings
    return {
        "schema": SCHEMA,
        "grader": GRADER_VERSION,
        "evalplus": version("evalplus"),
        "python": by.python,
        "sandbox": {
            "kind": _several(environment.kind for environment in environments),
            "image": _several(environment.image for environment in environments),
            "identity": _several(environment.identity for environment in environments),
            "numpy": _several(environment.numpy for environment in environments),
            "memory": settings.memory,
            "pids": settings.pids,
        },
        "dataset": truth.dataset,
        "dataset_hash": truth.hash,
        "suites": list(datasets.known()[truth.dataset].suites),
        "own_tests": any(task.own_tests for task in truth.tasks.values()),
        "workers": by.workers,
        "scheduler": by.scheduler,
        "retries": summary.retries,
        "cached": summary.cached,
        "seconds": summary.seconds,
        "n_problems": summary.n_problems,
        "not_attempted": list(summary.not_attempted),
    }


def _several(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, names)))


def _pieces(
    truth: GroundTruth,
    samples: list[Sample],
    solutions: Solutions,
    graded: Sequence[SampleResult],
    summary: Summary,
    block: dict[str, Any],
) -> Iterator[str]:
    head = {"date": time.strftime("%Y-%m-%d %H:%M"), "hash": truth.hash}
    yield json.dumps(head)[:-1] + ',\n"eval": {'
    groups = dict(by_task(samples))
    between = "\n"
    for task_id in (task_id for task_id in truth.tasks if task_id in groups):
        task = truth.tasks[task_id]
        rows = (_row(truth, task, solutions.text(samples[i]), graded[i].verdict) for i in groups[task_id])
        yield f"{between}{json.dumps(task_id)}: ["
        for number, row in enumerate(rows):
            yield (", " if number else "") + json.dumps(row)
        yield "]"
        between = ",\n"
    per_sample = {task_id: [_about(graded[i]) for i in group] for task_id, group in groups.items()}
    yield '\n},\n"pass_at_k": ' + json.dumps(summary.scores)
    yield ',\n"bench": ' + json.dumps(block | {"samples": per_sample}) + "}\n"


def _about(result: SampleResult) -> dict[str, Any]:
    verdict = result.verdict
    return {
        "seconds": verdict.seconds, "retried": verdict.retried, "cached": result.cached, "plus_run": verdict.plus_run,
        "failure": verdict.failure,
    }  # fmt: skip


def _row(truth: GroundTruth, task: ProblemTests, solution: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "solution": solution,
        "base_status": verdict.base,
        "plus_status": verdict.plus,
        "base_fail_tests": _inputs(truth, task, task.suites[0], verdict.base_fail),
        "plus_fail_tests": _inputs(truth, task, task.suites[-1], verdict.plus_fail),
    }


def _inputs(truth: GroundTruth, task: ProblemTests, suite: str, failed: list[int]) -> list[Any]:
    if not failed:
        return []
    arguments = truth.inputs(task, suite)
    inputs = [arguments[index] for index in failed]
    declared = datasets.known()[truth.dataset]
    # EvalPlus writes the inputs of its own MBPP+ in a special form, by the number of the problem.
    if declared.family == "mbpp" and declared.md5:
        inputs = evalplus.mbpp_inputs(task.task_id, inputs)
    return [value if _is_json(value) else repr(value) for value in inputs]


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
