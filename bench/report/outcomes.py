"""The one table of outcomes of a sample, with one word for each wherever people read it."""

from collections import Counter
from dataclasses import dataclass

from bench.report.results import GradedSample, Result

NO_PYTHON = ("SyntaxError", "IndentationError", "TabError")
NO_NAME = ("NameError", "ImportError", "ModuleNotFoundError")
SUSPECT_SHARE = 0.1
"""Of all problems: from here on, failures that are seldom the model's fault get a caveat."""


@dataclass(frozen=True)
class Outcome:
    """A kind of outcome.

    `letter` stands for it in the page's data, `sign` in a cell of the matrix; `key` is its word in addresses and
    report.json, `label` its word for people, and `about` its meaning. `lost` outcomes had no whole answer to grade;
    `suspect` ones are seldom the model's fault.
    """

    letter: str
    sign: str
    key: str
    label: str
    about: str
    lost: bool = False
    suspect: bool = False


TABLE = (
    Outcome("p", "✓", "pass", "passed", "passed every test"),
    Outcome("u", "+", "plus", "wrong answer, plus only", "passed the base tests, failed one of the additional ones"),
    Outcome("b", "\N{MULTIPLICATION SIGN}", "wrong", "wrong answer", "a base test got another output"),
    Outcome("c", "E", "crash", "crashed", "raised an exception in a test"),
    Outcome("t", "T", "test-timeout", "test timed out", "a test did not end within its limit"),
    Outcome("m", "N", "name", "name missing", "used a name that was never defined or imported", suspect=True),
    Outcome("f", "F", "undefined", "function not defined", "the function asked for is not there", suspect=True),
    Outcome("s", "S", "syntax", "not valid Python", "the code cannot be compiled", suspect=True),
    Outcome(
        "x", "…", "truncated", "truncated", "the answer was cut off at its limit; a part may still pass", lost=True
    ),
    Outcome("o", "∞", "looping", "looping", "the answer repeated itself and was stopped", lost=True),
    Outcome("e", "○", "empty", "empty", "the answer has no text", lost=True),
    Outcome("n", "\N{EN DASH}", "no-code", "no code", "no code was found in the answer", lost=True),
    Outcome("r", "!", "refused", "request failed", "the server answered with an error", lost=True),
    Outcome("l", "L", "request-timeout", "request timed out", "no complete answer in time", lost=True),
    Outcome("-", "·", "missing", "not attempted", "there is no sample", lost=True),
)
BY_KEY = {outcome.key: outcome for outcome in TABLE}
FROM_INFO = {
    "truncated": "truncated", "looping": "looping", "empty": "empty", "no code": "no-code", "error": "refused",
    "timeout": "request-timeout", "not attempted": "missing",
}  # fmt: skip
"""SampleInfo.lost → key."""


def loss_of(sample: GradedSample) -> Outcome | None:
    """The reason why no whole answer was graded; None for a sample with code from a whole answer."""
    return BY_KEY[FROM_INFO.get(sample.info.lost, "refused")] if sample.info.lost else None


def outcome_of(sample: GradedSample) -> Outcome:
    """`passed` if it passed, else why it was lost, else how it failed."""
    if sample.passed:
        return BY_KEY["pass"]
    return loss_of(sample) or BY_KEY[_failure(sample)]


def _failure(sample: GradedSample) -> str:
    if "timeout" in sample.statuses:
        return "test-timeout"
    error = str((sample.failure or {}).get("error", ""))
    error_type = error.partition(":")[0]
    if error_type in NO_PYTHON:
        return "syntax"
    if sample.info.rule == "other" or "not defined by" in error or "does not define" in error or _no_function(sample):
        return "undefined"
    if error_type in NO_NAME:
        return "name"
    if error_type[:1].isupper() and " " not in error_type:
        return "crash"
    return "plus" if sample.statuses[0] == "pass" else "wrong"


def _no_function(sample: GradedSample) -> bool:
    """Results of version 0.1 show the look-up that failed, outside the solution: a KeyError without a line."""
    failure = sample.failure or {}
    return str(failure.get("error", "")).startswith("KeyError:") and failure.get("line") == 0


def count(result: Result, absent: int) -> dict[str, int]:
    """Samples by the key of their outcome, in the order of the table; of problems not attempted there are `absent`."""
    counts = Counter(outcome_of(sample).key for sample in result.samples)
    counts["missing"] += absent
    return {outcome.key: counts[outcome.key] for outcome in TABLE if counts[outcome.key]}


def count_lost(result: Result, absent: int) -> dict[str, int]:
    """Samples by why they were lost, also those that passed all the same."""
    counts = Counter(loss.key for sample in result.samples if (loss := loss_of(sample)))
    counts["missing"] += absent
    return {outcome.key: counts[outcome.key] for outcome in TABLE if counts[outcome.key]}


def listed(counts: dict[str, int]) -> str:
    """Counts by key as people read them: `3 truncated, 1 empty`."""
    return ", ".join(f"{number:,} {BY_KEY[key].label}" for key, number in counts.items())
