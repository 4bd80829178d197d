"""The steps of the graph: what each depends on, what it writes, and how it is made.

    Generate ─▶ Samples ─▶ Evaluate        one of each for a profile and a dataset
                               └──▶ Report (report.py)

Heavy modules are imported when a step is made, never before.
"""

import contextlib
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from bench import problems
from bench.console import duration, in_worker, shown, tell
from bench.graph import stale
from bench.graph.prerequisites import require
from bench.graph.step import Step
from bench.profiles import Config, Profile
from bench.progress import Progress, live


class Generate(Step):
    """Completions of a local model, an endpoint or a command; the journal is never rewritten."""

    stage: ClassVar[str] = "generate"

    def depends(self) -> dict[str, Any]:
        """What a completion depends on, and how many are wanted."""
        return completion_identity(self.config, self.profile, self.dataset)

    def outputs(self) -> tuple[Path, ...]:
        """The journal and the provenance."""
        return (self.files.journal, self.files.provenance)

    def reasons(self) -> tuple[stale.Reason, ...]:
        """As for every step, and how many completions it is for."""
        found = super().reasons()
        if not found or found[0].kind == "prerequisite" or not self.files.journal.exists():
            return found
        from bench.generate.requests import count  # noqa: PLC0415 - only where something changed

        counted = count(self.profile, self.config, self.dataset)
        if counted is None:
            return found
        told = tuple(reason for reason in found if reason.kind not in ("first run", "unfinished"))
        return (*told, stale.Reason("asks", what_is_asked(found, *counted)))

    def clean(self) -> None:
        """As for every step, but the journal, which cost hours, is put aside under a free name."""
        journal = self.files.journal
        if journal.exists():
            names = (journal.with_name(f"{journal.name}.{number}") for number in itertools.count(1))
            aside = journal.rename(next(name for name in names if not name.exists()))
            print(f"clean     {shown(journal)} (kept as {aside.name})")
        super().clean()

    def run(self) -> None:
        """Ask for what the journal lacks."""
        from bench.generate.run import generate  # noqa: PLC0415 - heavy

        generate(self.profile, self.config, self.dataset)


def what_is_asked(found: Sequence[stale.Reason], missing: int, total: int, cut: int) -> str:
    """What the journal lacks, as the reasons for it have it; counts are in completions, `cut` of those missing."""
    if not missing:
        return f"all {total} completions are in the journal"
    only = found[0] if len(found) == 1 else None
    if only and only.what == "max_tokens" and isinstance(only.old, int) and only.new > only.old and cut:
        others = f", {missing - cut} failed" if cut < missing else ""
        return f"{cut} of {total} completions {'was' if cut == 1 else 'were'} truncated{others}"
    if any(reason.kind == "changed" for reason in found):
        return f"{missing} of {total} completions are to be asked for"
    return f"goes on from {total - missing} of {total} completions"


class Samples(Step):
    """Code out of answers, or solutions made elsewhere, in EvalPlus's sample format."""

    stage: ClassVar[str] = "samples"

    def depends(self) -> dict[str, Any]:
        """The completions (or the imported files), how they are chosen, and the extractor."""
        from bench import extract, imports  # noqa: PLC0415 - only where a profile is looked at

        common = {"dataset": problems.fingerprint(self.dataset), "extractor": extract.VERSION}
        if self.profile.imported:
            found = imports.import_digest(self.profile, self.config)
            if found is None:
                require(self.config, self.profile)
            asked = {"partial": self.profile.partial, "samples": self.profile.sampling.samples}
            return {**common, "solutions": found, **asked}
        chosen = completion_identity(self.config, self.profile, self.dataset)
        return {**common, "completions": stale.content_digest(self.files.journal), **chosen}

    def outputs(self) -> tuple[Path, ...]:
        """The samples, and what is known about each."""
        return (self.files.samples, self.files.infos)

    def run(self) -> None:
        """Extract, or import."""
        from bench import samples  # noqa: PLC0415 - heavy

        if self.profile.imported:
            samples.from_imports(self.profile, self.config, self.dataset)
            return
        from bench.generate.requests import completions_of  # noqa: PLC0415 - heavy

        completions = completions_of(self.profile, self.config, self.dataset)
        samples.from_completions(self.profile, self.config, self.dataset, completions)


class Evaluate(Step):
    """Verdicts, in a sandbox."""

    stage: ClassVar[str] = "eval"

    def depends(self) -> dict[str, Any]:
        """The samples, the tests, the grader, and what a sandbox gives a sample, in the words of profiles.toml."""
        from bench.evaluate import GRADER_VERSION  # noqa: PLC0415 - only where a profile is looked at

        sandbox = self.config.sandbox
        return {
            "samples": stale.content_digest(self.files.samples),
            "dataset": problems.fingerprint(self.dataset),
            "grader": GRADER_VERSION,
            "memory": sandbox.memory,
            "pids": sandbox.pids,
            **({"image": sandbox.image} if sandbox.kind in ("auto", "docker") else {}),
        }

    def outputs(self) -> tuple[Path, ...]:
        """EvalPlus's results."""
        return (self.files.results,)

    def run(self) -> None:
        """Grade, and say the score."""
        from bench.evaluate.run import alone, evaluate  # noqa: PLC0415 - heavy

        progress = Progress(f"grading {self.label}" if in_worker() else "grading", _count_lines(self.files.samples))
        cache = self.config.layout.cache
        with alone(cache), live(progress, stays=False):
            summary = evaluate(
                self.files, self.dataset, self.config.sandbox, cache, scheduler=self.config.evaluation.scheduler,
                trusted=self.profile.builtin, on_progress=progress.reach,
            )  # fmt: skip
        told = score_line(self.dataset, summary, _rows(self.files.infos))
        tell(f"  {self.label}  {told}" if in_worker() else f"  {told}")


def score_line(dataset: str, summary: Any, infos: list[dict[str, Any]]) -> str:
    """The score as a person reads it, with the 95 % interval, what was lost, and the seconds of grading."""
    title, plus = problems.SOURCES[dataset].title, summary.plus
    lost = Counter(info["lost"] for info in infos if info.get("lost"))
    parts = [
        f"{title} {100 * summary.base.value:.1f}",
        f"{title}+ {100 * plus.value:.1f} ({100 * plus.low:.1f} to {100 * plus.high:.1f})",
        *(f"{count} {name}" for name, count in sorted(lost.items())),
        *([f"{len(summary.not_attempted)} not attempted"] if summary.not_attempted else []),
        duration(summary.seconds),
    ]
    return "   ".join(parts)


def completion_identity(config: Config, profile: Profile, dataset: str) -> dict[str, Any]:
    """What the completions of a profile depend on, flat and named, in the words of profiles.toml.

    Raises MissingPrerequisite where the model is not on this machine.
    """
    require(config, profile)
    from bench.generate.model import identify  # noqa: PLC0415 - only where a profile is looked at
    from bench.generate.prompt import identity  # noqa: PLC0415 - the same

    return {
        "dataset": problems.fingerprint(dataset),
        "samples": profile.sampling.samples,
        **identity(profile, identify(config, profile)),
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(OSError, ValueError):
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return []


def _count_lines(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.read_bytes().count(b"\n")
    return 0
