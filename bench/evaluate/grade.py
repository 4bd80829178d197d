"""One sample, one sandbox, one verdict."""

import marshal
import re
import secrets
from dataclasses import dataclass
from typing import Any

from bench.datasets.problem import NONCE
from bench.evaluate.comparison import Comparison
from bench.evaluate.formatting import shorten
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.judge import UNREADABLE, Judge, SuiteResult
from bench.evaluate.problem_tests import ProblemTests
from bench.evaluate.readers import Readers
from bench.records import Status, Verdict
from bench.sandbox.instance import Run, SandboxInstance

NO_CODE = {"suite": "base", "error": "no code", "line": 0}
ENDED_IT = {"suite": "base", "error": "it ended its sandbox", "line": 0}
CRASHED = Verdict("fail", "fail", plus_run=False, failure=ENDED_IT, retry_alone=True)
"""The verdict on a sample in which two sandboxes ended, perhaps because of its neighbours."""

OVERHEAD = 0.05
"""Seconds of a sample beside its tests, about."""

SHARED = re.compile(
    r"(MemoryError|OSError|BlockingIOError|InterruptedError)\b|RuntimeError: can't start new thread|"
    rf"was ended by signal|ended without a result|{UNREADABLE}"
)
"""Errors that samples running beside it can cause, by taking the memory or the processes."""


@dataclass(frozen=True)
class Job:
    """One sample to grade, in about `seconds`.

    `before` is its verdict beside others, where it is re-run alone on a core.
    """

    task_id: str
    key: str
    text: str
    seconds: float = OVERHEAD
    before: Verdict | None = None


def grade(truth: GroundTruth, readers: Readers, sandbox: SandboxInstance, job: Job, core: int = -1) -> Verdict:
    """The verdict on one sample. Raises SandboxEnded, and GraderError where the ground truth is damaged."""
    return _Grading(truth, readers, sandbox, job, truth.tasks[job.task_id], core).verdict()


@dataclass(frozen=True)
class _Grading:
    """One sample in one sandbox; alone on a `core` where it was tried before."""

    truth: GroundTruth
    readers: Readers
    sandbox: SandboxInstance
    job: Job
    task: ProblemTests
    core: int

    def verdict(self) -> Verdict:
        """EvalPlus's verdict: the base suite's, and the plus suite's where base passed."""
        if not self.job.text.strip():
            return Verdict("fail", "fail", plus_run=False, failure=NO_CODE)
        results: list[SuiteResult] = []
        total = 0.0
        if self.job.before and self.job.before.base == "pass" and len(self.task.suites) > 1:
            results.append(SuiteResult("pass"))
        for suite in self.task.suites[len(results) :]:
            result, seconds = self._suite(suite)
            results.append(result)
            total += seconds
            if result.status != "pass":
                break
        return self._verdict(results, total)

    def _suite(self, suite: str) -> tuple[SuiteResult, float]:
        task, checker, expected = self.task, self.task.checker, self.truth.expected(self.sandbox, self.task, suite)
        inputs = self.truth.marshalled(task, suite)
        if task.own_tests:
            nonce = secrets.token_hex(16)
            inputs = marshal.dumps(with_nonce(self.truth.inputs(task, suite), nonce), 2)
            expected = expected.with_nonce(nonce)
        run = Run(
            inputs=inputs,
            limits=expected.limits if self.job.before else expected.short_limits,
            alone=self.job.before is not None,
            core=self.core,
            normalise=checker.normalise,
            uncut_from=checker.uncut_from(expected.first_float),
            has_large_outputs=expected.has_large_outputs,
            **task.program,
        )
        arguments = self.truth.inputs(task, suite) if checker.needs_inputs else ()
        judge = Judge(Comparison(checker, expected, arguments), self.readers)
        end = self.sandbox.run(run, self.job.text, judge.feed)
        return judge.finish(end), end.seconds

    def _verdict(self, results: list[SuiteResult], seconds: float) -> Verdict:
        base, last = results[0], results[-1]
        # A single suite counts as both.
        plus = last if len(results) == len(self.task.suites) else None
        failure = self._failure(self.task.suites[len(results) - 1], last)
        return Verdict(
            base=base.status,
            plus=plus.status if plus else "fail",
            plus_run=plus is not None and len(results) > 1,
            base_fail=_failed(base),
            plus_fail=_failed(last) if len(results) > 1 else [],
            failure=failure,
            seconds=round(seconds, 3),
            retried=self.job.before is not None,
            retry_alone=self.job.before is None and _shared(last.status, failure),
        )

    def _failure(self, suite: str, result: SuiteResult) -> dict[str, Any] | None:
        if result.status == "pass":
            return None
        where: dict[str, Any] = {"suite": suite, "index": result.index}
        if result.index is not None:
            where["input"] = shorten(self.truth.inputs(self.task, suite)[result.index])
        return where | (result.failure or {})


def with_nonce(inputs: list[list[Any]], nonce: str) -> list[list[Any]]:
    """The inputs of tests that run beside a solution, with this run's own nonce, which they return."""
    return [[nonce if value == NONCE else value for value in row] for row in inputs]


def _failed(result: SuiteResult) -> list[int]:
    return [] if result.status == "pass" or result.index is None else [result.index]


def _shared(status: Status, failure: dict[str, Any] | None) -> bool:
    """Whether samples that ran beside it may have caused a verdict."""
    return status == "timeout" or bool(failure and SHARED.match(str(failure.get("error", ""))))
