"""The stages of a profile on a dataset: the settings that each depends on beside its files, and its work.

    Generate ─▶ Samples ─▶ Evaluate ─▶ report.py

A stage locks its folder while it works, whatever reporter doit has, and records a failure for the report. Heavy modules
are imported when a stage runs, never before.
"""

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from doit.exceptions import TaskFailed
from doit.task import Task

from bench import datasets, jsonl, versions
from bench.console import duration, in_worker, print_line, relative, warn
from bench.errors import BenchError, LockedError, MissingPrerequisite, SamplesError
from bench.files import digest, digest_of, read_table, write_json
from bench.graph.cleaning import remove
from bench.graph.prerequisites import require
from bench.graph.settings import Change, Settings
from bench.interrupts import Stopped, begin_work
from bench.layout import SAMPLES, RunFiles
from bench.locks import abandoned, holding, locked
from bench.profiles import Config, Profile
from bench.progress import Progress, live
from bench.text import visible


@dataclass(frozen=True, repr=False)
class Stage:
    """One stage of one profile on one dataset."""

    config: Config
    profile: Profile
    dataset: str
    name: ClassVar[str] = ""

    def __repr__(self) -> str:
        """As `doit info` shows it: its name, and its settings."""
        try:
            settings = self.settings()
        except MissingPrerequisite as error:
            return f"{self.name} of {self.label}: {error.sentence}"
        return "\n".join(
            [f"{self.name} of {self.label}", *(f"    {name}: {visible(str(settings[name]))}" for name in settings)]
        )

    @property
    def files(self) -> RunFiles:
        """The files of the profile for the dataset."""
        return self.config.layout.run(self.profile.id, self.dataset)

    @property
    def label(self) -> str:
        """The profile's id, with the dataset where it has several."""
        several = len(self.profile.sampling.datasets) > 1
        return f"{self.profile.id}:{self.dataset}" if several else self.profile.id

    @property
    def targets(self) -> list[Path]:
        """The files that this stage writes."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """The inputs of the targets beside their file_dep, as named JSON scalars. May raise MissingPrerequisite."""
        raise NotImplementedError

    def work(self) -> None:
        """Write the targets. Raises BenchError."""
        raise NotImplementedError

    def uptodate(self) -> Settings:
        """The `uptodate` of this stage's task."""
        return Settings(self.settings, lambda: self.targets, self.last)

    def last(self) -> str:
        """The end of the last try, or a running one, in words; "" where the last one succeeded."""
        if self.running:
            return f"under way in {self.running}"
        failure = read_table(self.files.failure)
        if failure.get("stage") == self.name:
            sentence = str(failure.get("sentence", "")).removeprefix(f"{self.profile.id}: ").rstrip(".")
            return f"failed last time: {sentence}"
        return "interrupted last time" if self._mark in abandoned(self.files.lock) else ""

    @property
    def missing(self) -> str:
        """The prerequisite that the last try lacked on this machine; "" where none was missing."""
        failure = read_table(self.files.failure)
        is_missing = failure.get("missing") is True and failure.get("stage") == self.name
        return str(failure.get("sentence", "")).removeprefix(f"{self.profile.id}: ") if is_missing else ""

    @property
    def running(self) -> str:
        """The process that runs this stage, and since when; "" for none."""
        holder = holding(self.files.lock)
        return holder.removesuffix(self._mark) if holder.endswith(self._mark) else ""

    def run(self, task: Task) -> TaskFailed | None:
        """The action of its task: work under the lock; a failure is recorded for the report, and is one sentence.

        A prerequisite that the work finds missing is no failure of a whole run, in which the task was not `named`.
        """
        begin_work()
        try:
            self.settings()
        except MissingPrerequisite as error:
            # Nothing has begun: earlier results stay, and the report shows by itself what is missing.
            return self._failed(error)
        try:
            with self._locked(wait=True):
                self.work()
        except BenchError as error:
            with contextlib.suppress(BenchError):
                record = {"stage": self.name, "sentence": error.sentence, "at": time.strftime("%Y-%m-%d %H:%M")}
                # The report skips the profile, as it does for a prerequisite that is missing before the run.
                write_json(self.files.failure, record | {"missing": isinstance(error, MissingPrerequisite)})
            named = task.meta.get("named", True)
            return self._failed(error) if named or not isinstance(error, MissingPrerequisite) else None
        except (KeyboardInterrupt, Stopped):
            warn(f"\n{self.name} {self.label} stopped; the next doit goes on from here.")
            raise Stopped from None
        self.files.failure.unlink(missing_ok=True)
        return None

    def work_alone(self) -> None:
        """Write the targets outside the graph. Raises BenchError, LockedError where another process runs the stage."""
        with self._locked(wait=False):
            self.work()

    def clean(self, dryrun: bool) -> None:  # noqa: FBT001 - doit tells by this name whether to touch anything
        """The task's clean action: remove the targets and a failure's record. Ends doit where a stage is running."""
        try:
            with self._locked(wait=False) if self.files.root.is_dir() and not dryrun else contextlib.nullcontext():
                for path in (*self.targets, self.files.failure):
                    if path.is_file():
                        self.remove(path, dryrun=dryrun)
        except LockedError as error:
            raise SystemExit(error.sentence) from None

    def remove(self, path: Path, *, dryrun: bool) -> None:
        """Remove one of the targets, or a failure's record."""
        remove(path, dryrun=dryrun)

    def _locked(self, *, wait: bool) -> contextlib.AbstractContextManager[None]:
        return locked(self.files.lock, subject=relative(self.files.root), wait=wait, note=self._mark)

    @property
    def _mark(self) -> str:
        return f" ({self.name})"

    def _failed(self, error: BenchError) -> TaskFailed:
        sentence = error.sentence if self.profile.id in error.sentence else f"{self.profile.id}: {error.sentence}"
        return TaskFailed("\n".join(filter(None, [sentence, error.log])))


class Generate(Stage):
    """Completions of a local model, an endpoint or a command; the journal is never rewritten."""

    name: ClassVar[str] = "generate"

    @property
    def targets(self) -> list[Path]:
        """The journal and the provenance."""
        return [self.files.journal, self.files.provenance]

    def settings(self) -> dict[str, Any]:
        """The settings of the completions, and their number."""
        known = completion_identity(self.config, self.profile, self.dataset)
        if not self.profile.duel:
            return known
        from bench.graph import duels  # noqa: PLC0415 - heavy, and only for duels

        return known | duels.settings(self.config, self.profile)

    def opponents(self, skipped: Container[str]) -> list[str]:
        """The tasks of a duel's opponent, unless it cannot run here: then its earlier results count."""
        other = self.profile.duel
        return [
            f"eval:{other}:{dataset}" for dataset in self.profile.sampling.datasets if other and other not in skipped
        ]

    def uptodate(self) -> Settings:
        """As for every stage, with the number of missing completions."""
        return Settings(self.settings, lambda: self.targets, self.last, self.counted)

    def counted(self, changes: Sequence[Change]) -> str:
        """The missing completions in words; "" where there is no journal yet."""
        if not self.files.journal.is_file() or self.profile.duel:
            return ""
        from bench.generate.requests import count  # noqa: PLC0415 - only where something changed

        known = count(self.profile, self.config, self.dataset)
        return missing_completions(changes, *known) if known else ""

    def work(self) -> None:
        """Generate the completions that the journal lacks; in a duel, as many as it needs."""
        if self.profile.duel:
            from bench.graph import duels  # noqa: PLC0415 - heavy

            duels.run(self.config, self.profile)
            return
        from bench.generate.run import generate  # noqa: PLC0415 - heavy

        generate(self.profile, self.config, self.dataset)

    def remove(self, path: Path, *, dryrun: bool) -> None:
        """As for every stage, but the journal, which took hours, is kept under a free name."""
        if path != self.files.journal:
            return super().remove(path, dryrun=dryrun)
        names = (path.with_name(f"{path.name}.{number}") for number in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        print(f"  keeps   {relative(path)} as {aside.name}")
        if not dryrun:
            path.rename(aside)
        return None


def missing_completions(changes: Sequence[Change], missing: int, total: int, cut: int) -> str:
    """The completions that the journal lacks, in words; `cut` of the `missing` ones were truncated."""
    if not missing:
        return f"all {total} completions are in the journal"
    only = changes[0] if len(changes) == 1 else None
    if only and only.name == "max_tokens" and isinstance(only.old, int) and only.new > only.old and cut:
        others = f", {missing - cut} failed" if cut < missing else ""
        return f"{cut} of {total} completions {'was' if cut == 1 else 'were'} truncated{others}"
    if changes:
        return f"{missing} of {total} completions are to be asked for"
    return f"goes on from {total - missing} of {total} completions"


@dataclass(frozen=True, repr=False)
class Samples(Stage):
    """Code out of answers, or solutions made elsewhere, in EvalPlus's sample format."""

    name: ClassVar[str] = "samples"
    part: bool = False
    """Whether problems may be left out."""

    @property
    def targets(self) -> list[Path]:
        """The samples, and their provenance."""
        return [self.files.samples, self.files.sample_info]

    def settings(self) -> dict[str, Any]:
        """The extractor, and the settings of the completions or solutions."""
        known = {"dataset": dataset_identity(self), "extractor": versions.EXTRACTOR}
        if self.profile.imported:
            from bench.imports.archives import archive_of  # noqa: PLC0415 - only where a profile imports

            require(self.config, self.profile)
            others = {str(path): digest(path.read_bytes()) for path in self._imported() if self._is_made(path)}
            known |= {"solutions of other profiles": digest_of(others)} if others else {}
            archived = [
                solution for solution in self.profile.solutions if archive_of(self.config.file.parent / solution)
            ]
            known |= {"solutions": ", ".join(archived)} if archived else {}
            return known | {"partial": self.profile.partial, "samples": self.profile.sampling.samples}
        return known | completion_identity(self.config, self.profile, self.dataset)

    def inputs(self) -> list[Path]:
        """The journal, or the files that are imported; another profile's need not be up to date, and is a setting."""
        if not self.profile.imported:
            return [self.files.journal]
        return [path for path in self._imported() if not self._is_made(path)]

    def _imported(self) -> list[Path]:
        from bench.imports.files import imported_by  # noqa: PLC0415 - only where a profile imports

        with contextlib.suppress(SamplesError):  # an archive that cannot be read, which `work` reports
            paths = list(dict.fromkeys(source.path for source in imported_by(self.profile, self.config).files))
            info_files = (RunFiles.around(path).sample_info for path in paths if path.name == SAMPLES)
            return [*paths, *filter(Path.is_file, info_files)]
        return []

    def _is_made(self, path: Path) -> bool:
        run = RunFiles.around(path)
        return run.folder.parent == self.config.layout.root and path in (run.journal, run.samples, run.sample_info)

    def work(self) -> None:
        """Extract, or import."""
        from bench import samples  # noqa: PLC0415 - heavy

        if self.profile.imported:
            samples.from_imports(self.profile, self.config, self.dataset)
            return
        from bench.generate.requests import completions_of  # noqa: PLC0415 - heavy

        completions = completions_of(self.profile, self.config, self.dataset)
        samples.from_completions(self.profile, self.config, self.dataset, completions, part=self.part)


class Evaluate(Stage):
    """Verdicts, in a sandbox."""

    name: ClassVar[str] = "eval"

    @property
    def targets(self) -> list[Path]:
        """EvalPlus's results."""
        return [self.files.results]

    def settings(self) -> dict[str, Any]:
        """The tests, the grader, and the limits of a sandbox, by their keys in profiles.toml."""
        from bench.evaluate import GRADER_VERSION  # noqa: PLC0415 - only where a profile is looked at

        sandbox = self.config.sandbox
        return {
            "dataset": dataset_identity(self),
            "grader": GRADER_VERSION,
            "memory": sandbox.memory,
            "pids": sandbox.pids,
            **({"image": sandbox.image} if sandbox.kind in ("auto", "docker") else {}),
        }

    def work(self) -> None:
        """Grade, and print the score."""
        from bench.evaluate.run import alone, evaluate  # noqa: PLC0415 - heavy

        progress = Progress(f"grading {self.label}" if in_worker() else "grading", _count_lines(self.files.samples))
        cache = self.config.layout.cache
        with alone(cache), live(progress, stays=False):
            summary = evaluate(
                self.files, self.dataset, self.config.sandbox, cache, scheduler=self.config.evaluation.scheduler,
                trusted=self.profile.builtin, on_progress=progress.reach,
            )  # fmt: skip
        if not self.profile.imported and summary.not_attempted:
            return  # a part of the problems has no score; a duel's verdict has been printed
        score = score_line(self.dataset, summary, jsonl.records(self.files.sample_info, dict[str, Any]))
        print_line(f"  {self.label}  {score}" if in_worker() else f"  {score}")


def score_line(dataset: str, summary: Any, sample_info: list[dict[str, Any]]) -> str:
    """The score for people, with the 95 % interval, the lost answers, and the seconds of grading."""
    title, plus = datasets.known()[dataset].title, summary.plus
    lost = Counter(info["lost"] for info in sample_info if info.get("lost"))
    interval = f"{100 * plus.value:.1f} ({100 * plus.low:.1f} to {100 * plus.high:.1f})"
    several = len(datasets.known()[dataset].suites) > 1
    parts = [
        *([f"{title} {100 * summary.base.value:.1f}", f"{title}+ {interval}"] if several else [f"{title} {interval}"]),
        *(f"{count} {name}" for name, count in sorted(lost.items())),
        *([f"{len(summary.not_attempted)} not attempted"] if summary.not_attempted else []),
        duration(summary.seconds),
    ]
    return "   ".join(parts)


def completion_identity(config: Config, profile: Profile, dataset: str) -> dict[str, Any]:
    """The settings that the completions of a profile depend on, flat, by their keys in profiles.toml.

    Raises MissingPrerequisite where the model is not on this machine.
    """
    require(config, profile)
    from bench.generate.model import identify  # noqa: PLC0415 - only where a profile is looked at
    from bench.generate.prompt import identity  # noqa: PLC0415 - the same

    return {
        "dataset": datasets.fingerprint(dataset),
        "samples": profile.sampling.samples,
        **identity(profile, identify(config, profile)),
    }


def dataset_identity(stage: Stage) -> str | None:
    """The dataset's fingerprint; None where its file is not on this machine, with a warning if there are results."""
    fingerprint = datasets.fingerprint(stage.dataset)
    if fingerprint is None and stage.files.results.is_file():
        _note_absent(stage.dataset)
    return fingerprint


@lru_cache
def _note_absent(dataset: str) -> None:
    source = datasets.known()[dataset]
    name = f"; to grade or generate anew, let {source.variable} name its file" if source.variable else ""
    warn(f"The dataset {source.title}+ is not at {datasets.location(dataset)}: results made with it stand{name}.")


def _count_lines(path: Path) -> int:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return sum(1 for _ in file)
    return 0
