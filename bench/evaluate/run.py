"""Grading one samples file.

    samples ─▶ known verdicts ─▶ the rest, one lane a core (longest.py) ─▶ what others disturbed, again ─▶ results

Where anything goes wrong as a whole, the old results stay.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.errors import SandboxError
from bench.evaluate import log, results, samples_file
from bench.evaluate.grade import OVERHEAD, Work
from bench.evaluate.grader import Grader, Site
from bench.evaluate.ground_truth import Truth
from bench.evaluate.local import ThisMachine
from bench.evaluate.longest import Longest
from bench.evaluate.results import SampleResult, Summary
from bench.evaluate.samples_file import Sample, Solutions
from bench.evaluate.verdict_cache import Verdicts
from bench.files import write_atomic
from bench.layout import RunFiles
from bench.locks import locked
from bench.profiles import Sandbox
from bench.records import Verdict
from bench.sandbox.kinds import sandbox_for

OnProgress = Callable[[int, int], None]
"""Is told how many of how many samples have a verdict."""


def alone(cache: Path) -> AbstractContextManager[None]:
    """Wait until no other grading with this cache runs: two would share the cores, and samples run out of time."""
    return locked(cache / "grading.lock", what="The grading", wait=True)


def evaluate(
    files: RunFiles, dataset: str, sandbox: Sandbox, cache: Path, *, scheduler: str = "", trusted: bool = False,
    on_progress: OnProgress | None = None, reuse: bool = True,
) -> Summary:  # fmt: skip
    """Grade `files.samples`, write `files.results` and the evaluation log, and return the summary.

    `cache` keeps ground truth and verdicts for all profiles; the workers of the Dask `scheduler` grade, where one is
    named; `trusted` is for the bundled demo's solutions alone; without `reuse` every sample runs, whatever is known.
    `on_progress` gets how many of how many samples have a verdict. Raises SamplesError, SandboxError, DatasetError or
    GraderError; the old results stay as they were.
    """
    began = time.monotonic()
    truth = Truth(cache, dataset)
    samples, solutions = samples_file.read(files.samples, truth.tasks), Solutions(files.samples, truth.tasks)
    with open_grader(truth, sandbox, scheduler, trusted=trusted) as grader:
        verdicts = Verdicts(cache, dataset, {_named(site, sandbox) for site in grader.sites})
        if not reuse:
            verdicts.known.clear()
        known = {sample.key for sample in samples if verdicts.get(sample.key)}
        longest = Longest(cache, dataset, truth.cost)
        grading = Grading(truth, grader, sandbox, verdicts, solutions, longest)
        found = grading.run(samples, on_progress)
        by = results.GradedBy.of(grading.sites or grader.sites, grader, sandbox, verdicts.python)
    graded = [SampleResult(found[sample.key], sample.key in known) for sample in samples]
    summary = results.summarise(truth, samples, graded, time.monotonic() - began)
    results.write(files.results, truth, samples, solutions, graded, summary, by)
    write_atomic(files.log("evaluation"), log.text(samples, graded, summary, by))
    return summary


@contextlib.contextmanager
def open_grader(truth: Truth, sandbox: Sandbox, scheduler: str, *, trusted: bool = False) -> Iterator[Grader]:
    """Those who grade: the workers of the scheduler where one is named, else this machine. Raises SandboxError."""
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

    truth: Truth
    grader: Grader
    sandbox: Sandbox
    verdicts: Verdicts
    solutions: Solutions
    longest: Longest
    sites: set[Site] = field(default_factory=set)

    def run(self, samples: list[Sample], on_progress: OnProgress | None = None) -> dict[str, Verdict]:
        """The verdict for each key; a text that occurs twice runs once."""
        found = {sample.key: known for sample in samples if (known := self.verdicts.get(sample.key))}
        unique = {sample.key: sample for sample in samples if sample.key not in found}
        if not unique:
            return found
        self.grader.prepare(len(unique))
        again, same = [], Counter(sample.key for sample in samples)
        done = sum(same[key] for key in found)
        for work, verdict in self._graded(sorted(unique.values(), key=lambda one: self.longest.turn(one.task_id)), {}):
            found[work.key] = verdict
            if verdict.disturbed:
                again.append(unique[work.key])
            done += same[work.key]
            if on_progress:
                on_progress(done, len(samples))
        # Two suites before one: what takes longest goes first.
        for work, verdict in self._graded(sorted(again, key=lambda one: found[one.key].base == "pass"), found):
            found[work.key] = verdict
        return found

    def _graded(self, samples: list[Sample], before: dict[str, Verdict]) -> Iterator[tuple[Work, Verdict]]:
        works = (
            Work(
                one.task_id, one.key, "" if one.empty else self.solutions.text(one), self._seconds(one),
                before.get(one.key),
            )
            for one in samples
        )  # fmt: skip
        seconds = sum(map(self._seconds, samples))
        for work, verdict, site in self.grader.each(works, seconds=seconds, alone=bool(before)):
            self.sites.add(site)
            self.longest.note(work.task_id, verdict.seconds)
            # Alone, nobody else is to blame.
            final = replace(verdict, retried=True, disturbed=False) if before else verdict
            if not final.disturbed:
                self.verdicts.put(work.key, final, _named(site, self.sandbox), site.python)
            yield work, final
        if samples:
            self.longest.save()

    def _seconds(self, sample: Sample) -> float:
        return OVERHEAD + self.longest.seconds(sample.task_id)


def _named(site: Site, limits: Sandbox) -> str:
    # What failed for want of memory or processes may pass with more of them.
    return f"{site.identity}, {limits.memory} MiB, {limits.pids} processes"
