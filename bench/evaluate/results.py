"""eval_results.json: EvalPlus's result schema and our own `bench` block, streamed to a temporary name, then renamed."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bench import datasets
from bench.datasets import evalplus
from bench.evaluate import GRADER_VERSION
from bench.evaluate.grader import Environment, Grader
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.problem_tests import ProblemTests
from bench.evaluate.samples_file import Sample, SamplesFile
from bench.profiles import Sandbox
from bench.records import Verdict
from bench.stats import Estimate, estimate

SCHEMA = 1
REPORTED = (1, 10, 100)
"""The k of pass@k that EvalPlus reports, if each problem with samples has so many."""

SANDBOX = "kind", "image", "identity", "numpy"
"""The properties of sandboxes in the `bench` block."""


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
    """One graded sample: its verdict, and whether that was `cached`."""

    sample: Sample
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


def summarise(truth: GroundTruth, graded: Sequence[SampleResult], seconds: float) -> Summary:
    """The summary of a graded file; problems without a sample count as failed."""
    groups = _by_task(graded)
    rows = [groups.get(task_id, []) for task_id in truth.tasks]
    base = [(len(row), sum(result.verdict.base == "pass" for result in row)) for row in rows]
    plus = [(len(row), sum(result.verdict.passed for result in row)) for row in rows]
    fewest = min(map(len, groups.values()))
    return Summary(
        n_problems=len(truth.tasks),
        n_samples=len(graded),
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


def pieces(
    truth: GroundTruth, file: SamplesFile, graded: Sequence[SampleResult], summary: Summary, by: GradedBy
) -> Iterator[str]:
    """The text of eval_results.json; the programs of the samples are read one by one, since they may be large."""
    groups = _by_task(graded)
    yield json.dumps({"date": time.strftime("%Y-%m-%d %H:%M"), "hash": truth.hash})[:-1] + ',\n"eval": {'
    for number, task_id in enumerate(task_id for task_id in truth.tasks if task_id in groups):
        yield (",\n" if number else "\n") + json.dumps(task_id) + ": ["
        for place, result in enumerate(groups[task_id]):
            row = _row(truth, truth.tasks[task_id], file.program(result.sample), result.verdict)
            yield (", " if place else "") + json.dumps(row)
        yield "]"
    samples = {task_id: list(map(_details, group)) for task_id, group in groups.items()}
    yield '\n},\n"pass_at_k": ' + json.dumps(summary.scores)
    yield ',\n"bench": ' + json.dumps(_bench_block(truth, summary, by) | {"samples": samples}) + "}\n"


def _by_task(graded: Sequence[SampleResult]) -> dict[str, list[SampleResult]]:
    groups: dict[str, list[SampleResult]] = {}
    for result in graded:
        groups.setdefault(result.sample.task_id, []).append(result)
    return groups


def _bench_block(truth: GroundTruth, summary: Summary, by: GradedBy) -> dict[str, Any]:
    """The `bench` block without its samples: facts beyond EvalPlus's schema; different sandboxes are all named."""
    return {
        "schema": SCHEMA,
        "grader": GRADER_VERSION,
        "evalplus": version("evalplus"),
        "python": by.python,
        "sandbox": {
            **{name: _several(getattr(one, name) for one in by.environments) for name in SANDBOX},
            "memory": by.settings.memory,
            "pids": by.settings.pids,
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


def _details(result: SampleResult) -> dict[str, Any]:
    verdict = result.verdict
    return {
        "seconds": verdict.seconds, "retried": verdict.retried, "cached": result.cached, "plus_run": verdict.plus_run,
        "failure": verdict.failure,
    }  # fmt: skip


def _row(truth: GroundTruth, task: ProblemTests, program: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "solution": program,
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
