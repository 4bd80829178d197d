"""Grading one samples file.

    samples ─▶ known verdicts ─▶ the rest, longest first, one lane a core ─▶ what ran out of time, alone ─▶ results

Where anything goes wrong as a whole, the old results stay.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import SandboxError
from bench.evaluate import results, samples_file
from bench.evaluate.cache import Verdicts
from bench.evaluate.grade import Attempt, owed_to_others
from bench.evaluate.lane import Lane
from bench.evaluate.pool import Pool
from bench.evaluate.results import Graded, Summary
from bench.evaluate.samples_file import Sample, Solutions
from bench.evaluate.sandbox import sandbox_for
from bench.evaluate.truth import Task, Truth
from bench.files import locked, write_atomic
from bench.layout import RunFiles
from bench.profiles import Sandbox
from bench.records import Verdict

Progress = Callable[[int, int], None]
ENDED_IT = {"suite": "base", "error": "it ended its sandbox", "line": 0}
UNSANDBOXED = Verdict("fail", "fail", plus_run=False, failure=ENDED_IT)


def evaluate(
    files: RunFiles, dataset: str, sandbox: Sandbox, cache: Path, *, trusted: bool = False,
    on_progress: Progress | None = None, reuse: bool = True,
) -> Summary:  # fmt: skip
    """Grade `files.samples`, write `files.results` and the evaluation log, and return the summary.

    `cache` keeps ground truth and verdicts for all profiles; `trusted` is for the bundled demo's solutions alone;
    without `reuse` every sample runs, whatever is known.
    `on_progress` gets how many of how many samples have a verdict. Raises SamplesError, SandboxError, DatasetError or
    GraderError; the old results stay as they were.
    """
    began = time.monotonic()
    truth = Truth(cache, dataset)
    samples = samples_file.read(files.samples, truth.tasks)
    box = sandbox_for(sandbox, trusted)
    verdicts = Verdicts(cache, dataset, box.identity)
    if not reuse:
        verdicts.known.clear()
    with Pool(box, truth.box) as pool:
        known = {sample.key for sample in samples if verdicts.get(sample.key)}
        found = Grading(truth, pool, verdicts, Solutions(files.samples, truth.tasks)).run(samples, on_progress)
    graded = [Graded(found[sample.key], sample.key in known) for sample in samples]
    summary = results.summarise(truth, samples, graded, time.monotonic() - began)
    python = pool.hello.get("python") or verdicts.python
    results.write(files.results, truth, samples, graded, summary, pool, python)
    write_atomic(files.log("evaluation"), log(samples, graded, summary, pool))
    return summary


@dataclass
class Grading:
    """One grading: from samples to verdicts by key."""

    truth: Truth
    pool: Pool
    verdicts: Verdicts
    solutions: Solutions

    def run(self, samples: list[Sample], on_progress: Progress | None = None) -> dict[str, Verdict]:
        """The verdict for each key; a text that occurs twice runs once."""
        found = {sample.key: known for sample in samples if (known := self.verdicts.get(sample.key))}
        unique = {sample.key: sample for sample in samples if sample.key not in found}
        if not unique:
            return found
        ensure_truth(self.truth, self.pool)
        again, same = [], Counter(sample.key for sample in samples)
        done = sum(same[key] for key in found)
        for sample, verdict in self._graded(sorted(unique.values(), key=self._cost), {}):
            found[sample.key] = verdict
            if owed_to_others(verdict):
                again.append(sample)
            else:
                self.verdicts.put(sample.key, verdict, self.pool.hello.get("python", ""))
            done += same[sample.key]
            if on_progress:
                on_progress(done, len(samples))
        for sample, verdict in self._graded(again, found):
            found[sample.key] = replace(verdict, retried=True)
            self.verdicts.put(sample.key, found[sample.key], self.pool.hello.get("python", ""))
        return found

    def _graded(self, jobs: list[Sample], before: dict[str, Verdict]) -> Iterator[tuple[Sample, Verdict]]:
        def verdict(lane: Lane, sample: Sample) -> Verdict:
            text = "" if sample.empty else self.solutions.text(sample)
            task = self.truth.tasks[sample.task_id]
            return Attempt(self.truth, task, text, lane, before.get(sample.key)).verdict()

        lanes = 1 if before else min(self.pool.box.workers, len(jobs))
        return self.pool.each(jobs, verdict, lambda _: UNSANDBOXED, lanes)

    def _cost(self, sample: Sample) -> float:
        return -self.truth.costs.get(sample.task_id, 0.0)


def ensure_truth(truth: Truth, pool: Pool) -> None:
    """Compute what is missing or damaged of the ground truth, one process at a time. Raises SandboxError."""

    def lost(task: Task) -> None:
        raise SandboxError(f"The sandbox ended twice while it ran the canonical solution of {task.task_id}.")

    if truth.missing():
        with locked(truth.root / "lock", what=f"the ground truth in {truth.root}", wait=True):
            for _ in pool.each(truth.missing(), truth.compute, lost):
                pass


def log(samples: list[Sample], graded: list[Graded], summary: Summary, pool: Pool) -> str:
    """What a person reads when something went wrong: one line a sample."""
    lines = [f"{pool.box.kind} {pool.box.identity} {pool.hello}", f"{summary}", ""]
    for sample, one in zip(samples, graded, strict=True):
        verdict = one.verdict
        marks = [mark for mark, on in (("cached", one.cached), ("retried", verdict.retried)) if on]
        lines.append(
            f"{sample.task_id:<16} base {verdict.base:<8} plus {verdict.plus:<8} {verdict.seconds:8.3f} s "
            f"{' '.join(marks)} {verdict.failure or ''}".rstrip()
        )
    return "\n".join(lines) + "\n"
