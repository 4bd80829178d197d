"""evaluation.log: how a file was graded, in two sentences, and a line for each sample."""

from collections.abc import Iterator, Sequence

from bench.evaluate.grader import Environment
from bench.evaluate.results import GradedBy, SampleResult, Summary
from bench.evaluate.samples_file import Sample


def text(samples: Sequence[Sample], graded: Sequence[SampleResult], summary: Summary, by: GradedBy) -> str:
    """The whole log."""
    return "\n".join([_how(by), _what(summary), "", *map(_line, samples, graded)]) + "\n"


def _how(by: GradedBy) -> str:
    settings, workers = by.settings, f" by the workers of {by.scheduler}" if by.scheduler else ""
    sandboxes = " and ".join(" ".join(_named(site)) for site in by.environments)
    return (
        f"Graded in {sandboxes}, {by.workers} at once{workers}; a sample may have {settings.memory} MiB and "
        f"{settings.pids} processes."
    )


def _named(one: Environment) -> Iterator[str]:
    yield "no sandbox" if one.kind == "none" else one.kind
    versions = [f"Python {one.python}", f"NumPy {one.numpy}"] if one.python else []
    if one.image or versions:
        yield f"({', '.join([*filter(None, [one.image]), *versions])})"


def _what(summary: Summary) -> str:
    return (
        f"{summary.n_samples} samples of a dataset of {summary.n_problems} problems: {summary.base_passed} pass base, "
        f"{summary.plus_passed} plus; {summary.retries} were run again alone, {summary.cached} were known before; "
        f"{summary.seconds:.1f} s."
    )


def _line(sample: Sample, one: SampleResult) -> str:
    verdict = one.verdict
    marks = [mark for mark, on in (("cached", one.cached), ("run alone", verdict.retried)) if on]
    return (
        f"{sample.task_id:<16} base {verdict.base:<8} plus {verdict.plus:<8} {verdict.seconds:8.3f} s "
        f"{' '.join(marks)} {verdict.failure or ''}".rstrip()
    )
