"""Grading one samples file.

    samples ─▶ cached verdicts ─▶ the rest, one sandbox a core ─▶ failures that neighbours may have caused, alone
            ─▶ results

Where the grading as a whole fails, the old results stay.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.errors import SandboxError
from bench.evaluate import log, results
from bench.evaluate.grade import OVERHEAD, Job
from bench.evaluate.grader import Environment, Grader
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.local import ThisMachine
from bench.evaluate.results import SampleResult, Summary
from bench.evaluate.samples_file import Sample, SamplesFile
from bench.evaluate.verdict_cache import Verdicts
from bench.files import write_atomic, write_stream
from bench.layout import RunFiles
from bench.locks import locked
from bench.profiles import Sandbox
from bench.progress import Plan
from bench.records import Verdict
from bench.sandbox.kinds import sandbox_for

OnProgress = Callable[[int, int, str, float], None]
"""Called with the number done, the total, the phase (GROUND_TRUTH, "" for grading, ALONE), and the share of time.

The time is that of a plan by expected seconds: the slowest problems go first.
"""
GROUND_TRUTH, ALONE = "ground truth", "re-run alone"


def unwatched(_done: int, _total: int, _phase: str, _share: float) -> None:
    """Ignore progress."""


def alone(cache: Path) -> AbstractContextManager[None]:
    """Wait until no other grading with this cache runs: two would share the cores, and samples would time out."""
    return locked(cache / "grading.lock", subject="The grading", wait=True)


def evaluate(
    files: RunFiles, dataset: str, sandbox: Sandbox, cache: Path, *, scheduler: str = "", trusted: bool = False,
    on_progress: OnProgress = unwatched, reuse: bool = True,
) -> Summary:  # fmt: skip
    """Grade `files.samples`, write `files.results` and the evaluation log, and return the summary.

    `cache` holds ground truth and verdicts for all profiles; the workers of the Dask `scheduler` grade, if one is
    named; `trusted` is for the bundled demo's solutions alone; without `reuse`, cached verdicts are ignored. Raises
    SamplesError, SandboxError, DatasetError or GraderError; the old results stay as they were.
    """
    began = time.monotonic()
    truth = GroundTruth(cache, dataset)
    file = SamplesFile(files.samples, truth.tasks)
    samples = file.samples()
    with open_grader(truth, sandbox, scheduler, trusted=trusted) as grader:
        verdicts = Verdicts(cache, dataset, {_named(environment, sandbox) for environment in grader.environments})
        if not reuse:
            verdicts.known.clear()
        cached = verdicts.known.keys()
        grading = Grading(truth, grader, sandbox, verdicts, file)
        by_key = grading.run(samples, on_progress)
        by = results.GradedBy.of(grading.environments or grader.environments, grader, sandbox, verdicts.python)
    graded = [SampleResult(sample, by_key[sample.key], sample.key in cached) for sample in samples]
    summary = results.summarise(truth, graded, time.monotonic() - began)
    write_stream(files.results, results.pieces(truth, file, graded, summary, by))
    write_atomic(files.log("evaluation"), log.text(graded, summary, by))
    return summary


@contextlib.contextmanager
def open_grader(truth: GroundTruth, sandbox: Sandbox, scheduler: str, *, trusted: bool = False) -> Iterator[Grader]:
    """The grader: the workers of the scheduler if one is named, else this machine. Raises SandboxError."""
    if scheduler:
        try:
            from bench.evaluate.cluster import Cluster  # noqa: PLC0415 - an extra, and heavy
        except ImportError as error:
            raise SandboxError(
                f'[evaluate] scheduler = "{scheduler}" needs Dask here ({error}); pip install "bench[dask]", or remove '
                "the key."
            ) from None

        with Cluster(scheduler, truth, sandbox, trusted=trusted) as cluster:
            yield cluster
    else:
        with ThisMachine(truth, sandbox_for(sandbox, trusted=trusted)) as here:
            yield here


@dataclass
class Grading:
    """One grading: from samples to verdicts by key."""

    truth: GroundTruth
    grader: Grader
    sandbox: Sandbox
    verdicts: Verdicts
    file: SamplesFile
    environments: set[Environment] = field(default_factory=set)

    def run(self, samples: list[Sample], on_progress: OnProgress = unwatched) -> dict[str, Verdict]:
        """The verdict for each key; a text that occurs twice runs once."""
        by_key = {sample.key: known for sample in samples if (known := self.verdicts.known.get(sample.key))}
        unique = {sample.key: sample for sample in samples if sample.key not in by_key}
        if not unique:
            return by_key
        self.grader.prepare(len(unique), lambda done, total: on_progress(done, total, GROUND_TRUTH, done / total))
        retries, copies = [], Counter(sample.key for sample in samples)
        done, order = sum(copies[key] for key in by_key), sorted(unique.values(), key=self._seconds, reverse=True)
        on_progress(done, len(samples), "", 0.0)
        plan = Plan([self._seconds(sample) for sample in order], self.grader.width)
        for job, verdict in self._graded(order, {}):
            by_key[job.key] = verdict
            if verdict.retry_alone:
                retries.append(unique[job.key])
            done += copies[job.key]
            on_progress(done, len(samples), "", plan.share(job.seconds, verdict.seconds))
        # The slowest go first: two suites before one.
        jobs = self._graded(sorted(retries, key=lambda sample: by_key[sample.key].base == "pass"), by_key)
        for number, (job, verdict) in enumerate(jobs, 1):
            by_key[job.key] = verdict
            on_progress(number, len(retries), ALONE, number / len(retries))
        return by_key

    def _graded(self, samples: list[Sample], before: dict[str, Verdict]) -> Iterator[tuple[Job, Verdict]]:
        jobs = (
            Job(sample.task_id, sample.key, self.file.program(sample), self._seconds(sample), before.get(sample.key))
            for sample in samples
        )
        for job, verdict, environment in self.grader.each(jobs, alone=bool(before)):
            self.environments.add(environment)
            # Alone, no neighbour can have caused it.
            final = replace(verdict, retried=True, retry_alone=False) if before else verdict
            if not final.retry_alone:
                self.verdicts.put(job.key, final, _named(environment, self.sandbox), environment.python)
            yield job, final

    def _seconds(self, sample: Sample) -> float:
        return OVERHEAD + self.truth.cost(sample.task_id)


def _named(environment: Environment, limits: Sandbox) -> str:
    # A sample that failed for want of memory or processes may pass with more of them.
    return f"{environment.identity}, {limits.memory} MiB, {limits.pids} processes"
