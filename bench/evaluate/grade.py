"""One sample, one lane, one verdict."""

from dataclasses import dataclass
from typing import Any

from bench.evaluate.comparison import Comparison
from bench.evaluate.formatting import shorten
from bench.evaluate.ground_truth import Truth
from bench.evaluate.judge import Judge, SuiteResult
from bench.evaluate.readers import Readers
from bench.evaluate.task import SUITES, Task
from bench.records import Verdict
from bench.sandbox.instance import Lane, Run

NO_CODE = {"suite": "base", "error": "no code", "line": 0}
ENDED_IT = {"suite": "base", "error": "it ended its sandbox", "line": 0}
UNSANDBOXED = Verdict("fail", "fail", plus_run=False, failure=ENDED_IT, disturbed=True)
"""What a sample is worth that ended two sandboxes, or whose neighbours made the kernel end them."""


OVERHEAD = 0.05
"""Seconds that a sample costs beside its tests, about."""


@dataclass(frozen=True)
class Work:
    """One sample to grade, which takes `seconds` or so.

    `before` is what it came to beside others, where it is tried again alone on a core.
    """

    task_id: str
    key: str
    text: str
    seconds: float = OVERHEAD
    before: Verdict | None = None


def judged(truth: Truth, readers: Readers, lane: Lane, work: Work) -> Verdict:
    """The verdict on one sample, on whichever machine this runs. Raises LaneEnded, GraderError."""
    return Attempt(truth, truth.tasks[work.task_id], work.text, lane, readers, work.before).verdict()


@dataclass(frozen=True)
class Attempt:
    """One sample in one lane, as `Work` describes it."""

    truth: Truth
    task: Task
    solution: str
    lane: Lane
    readers: Readers
    before: Verdict | None = None

    def verdict(self) -> Verdict:
        """EvalPlus's verdict: the base suite's, and the plus suite's where base passed.

        Raises LaneEnded where the sandbox ended under it, GraderError where the ground truth is damaged.
        """
        if not self.solution.strip():
            return Verdict("fail", "fail", plus_run=False, failure=NO_CODE)
        results: dict[str, SuiteResult] = {}
        total = 0.0
        if self.before and self.before.base == "pass":
            results["base"] = SuiteResult("pass")
        for suite in SUITES[len(results) :]:
            results[suite], seconds = self._suite(suite)
            total += seconds
            if results[suite].status != "pass":
                break
        return self._verdict(results, total)

    def _suite(self, suite: str) -> tuple[SuiteResult, float]:
        task, checker, expected = self.task, self.task.checker, self.truth.expected(self.lane, self.task, suite)
        run = Run(
            entry_point=task.entry_point,
            inputs=task.inputs_file(suite),
            limits=expected.limits,
            hurried=None if self.before else expected.hurried,
            form=checker.normalise,
            uncut_from=checker.uncut_from(expected.first_float),
            wide=expected.wide,
        )
        arguments = self.truth.inputs(task, suite) if checker.needs_inputs else ()
        judge = Judge(Comparison(checker, expected, arguments), self.readers)
        end = self.lane.run(run, self.solution, judge.feed)
        return judge.finish(end), end.seconds

    def _verdict(self, results: dict[str, SuiteResult], seconds: float) -> Verdict:
        base, plus = results["base"], results.get("plus")
        extended, disturbed = any(result.extended for result in results.values()), (plus or base).disturbed
        return Verdict(
            base=base.status,
            plus=plus.status if plus else "fail",
            plus_run=plus is not None,
            base_fail=_failed(base),
            plus_fail=_failed(plus) if plus else [],
            failure=self._failure("plus" if plus else "base", plus or base),
            seconds=round(seconds, 3),
            retried=extended and not disturbed,
            disturbed=disturbed,
        )

    def _failure(self, suite: str, result: SuiteResult) -> dict[str, Any] | None:
        if result.status == "pass":
            return None
        where: dict[str, Any] = {"suite": suite, "index": result.index}
        if result.index is not None:
            where["input"] = shorten(self.truth.inputs(self.task, suite)[result.index])
        return where | (result.failure or {})


def _failed(result: SuiteResult) -> list[int]:
    return [] if result.status == "pass" or result.index is None else [result.index]
