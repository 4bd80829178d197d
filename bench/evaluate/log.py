"""evaluation.log: sandbox and counts of a grading in two sentences, and a line for each sample."""

from collections.abc import Iterator, Sequence

from bench.evaluate.grader import Environment
from bench.evaluate.results import GradedBy, SampleResult, Summary


def text(graded: Sequence[SampleResult], summary: Summary, by: GradedBy) -> str:
    """The whole log."""
    return "\n".join([_environment(by), _counts(summary), "", *map(_line, graded)]) + "\n"


def _environment(by: GradedBy) -> str:
    settings, workers = by.settings, f" by the workers of {by.scheduler}" if by.scheduler else ""
    sandboxes = " and ".join(" ".join(_named(environment)) for environment in by.environments)
    return (
        f"Graded in {sandboxes}, {by.workers} at once{workers}; a sample may have {settings.memory} MiB and "
        f"{settings.pids} processes."
    )


def _named(environment: Environment) -> Iterator[str]:
    yield "no sandbox" if environment.kind == "none" else environment.kind
    versions = [f"Python {environment.python}", f"NumPy {environment.numpy}"] if environment.python else []
    if environment.image or versions:
        yield f"({', '.join([*filter(None, [environment.image]), *versions])})"


def _counts(summary: Summary) -> str:
    return (
        f"{summary.n_samples} samples of a dataset of {summary.n_problems} problems: {summary.base_passed} pass base, "
        f"{summary.plus_passed} plus; {summary.retries} were run again alone, {summary.cached} were known before; "
        f"{summary.seconds:.1f} s."
    )


def _line(result: SampleResult) -> str:
    verdict = result.verdict
    marks = [mark for mark, on in (("cached", result.cached), ("run alone", verdict.retried)) if on]
    return (
        f"{result.sample.task_id:<16} base {verdict.base:<8} plus {verdict.plus:<8} {verdict.seconds:8.3f} s "
        f"{' '.join(marks)} {verdict.failure or ''}".rstrip()
    )
