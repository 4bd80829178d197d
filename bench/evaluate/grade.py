"""One sample, one lane, one verdict."""

from functools import partial
from typing import Any

from bench.evaluate.judge import Expected, Judge, SuiteResult, shorten
from bench.evaluate.lane import Lane
from bench.evaluate.truth import SUITES, Task, Truth
from bench.records import Verdict


def grade(truth: Truth, task: Task, solution: str, lane: Lane) -> Verdict:
    """The verdict on `solution`, run in `lane`: the base suite, and the plus suite where base passed.

    Raises LaneEnded where the sandbox ended under it, GraderError where the ground truth is damaged.
    """
    if not solution.strip():
        return Verdict("fail", "fail", plus_run=False, failure={"suite": "base", "error": "no code", "line": 0})
    results: dict[str, SuiteResult] = {}
    seconds, spent = 0.0, 0.0
    for suite in SUITES:
        expected = truth.expected(task.task_id)[suite]
        results[suite], spent = run_suite(truth, task, suite, expected, solution, lane)
        if results[suite].undecided:
            whole = truth.whole(lane, task, suite)
            results[suite], more = run_suite(truth, task, suite, whole, solution, lane, whole=True)
            spent += more
        seconds += spent
        if results[suite].status != "pass":
            break
    return verdict(truth, task, results, seconds)


def run_suite(
    truth: Truth, task: Task, suite: str, expected: Expected, solution: str, lane: Lane, *, whole: bool = False
) -> tuple[SuiteResult, float]:
    """One suite's result and its seconds; with `whole`, outputs cross uncut, however large."""
    judge = Judge(task.rule, expected, partial(truth.inputs, task, suite), whole)
    end = lane.run(truth.run(task, suite, expected, whole=whole), solution, judge.feed)
    return judge.finish(end), end.seconds


def verdict(truth: Truth, task: Task, results: dict[str, SuiteResult], seconds: float) -> Verdict:
    """The verdict that the results of the suites make; a suite that was not run did not pass."""
    base, plus = results["base"], results.get("plus")
    last = plus or base
    suite = "plus" if plus else "base"
    return Verdict(
        base=base.status,
        plus=plus.status if plus else "fail",
        plus_run=plus is not None,
        base_fail=[] if base.status == "pass" or base.index is None else [base.index],
        plus_fail=[] if not plus or plus.status == "pass" or plus.index is None else [plus.index],
        failure=_failure(truth, task, suite, last),
        seconds=round(seconds, 3),
    )


def _failure(truth: Truth, task: Task, suite: str, result: SuiteResult) -> dict[str, Any] | None:
    if result.status == "pass":
        return None
    where: dict[str, Any] = {"suite": suite, "index": result.index}
    if result.index is not None:
        where["input"] = shorten(truth.inputs(task, suite)[result.index])
    return where | (result.failure or {})


def owed_to_others(verdict: Verdict) -> bool:
    """Whether a neighbour may be to blame: time ran out, or something killed the process. Such a sample runs again."""
    error = str((verdict.failure or {}).get("error", ""))
    return "timeout" in (verdict.base, verdict.plus) or error.endswith("by signal 9")
