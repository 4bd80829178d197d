"""The last step of the graph: the report over all profiles, whatever became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from doit.exceptions import TaskFailed

from bench import problems
from bench.console import line, shown, tell
from bench.errors import BenchError
from bench.files import digest, digest_of
from bench.graph import stale
from bench.graph.chain import chain
from bench.graph.step import Step
from bench.locks import locked
from bench.profiles import Config, Profile


@dataclass(frozen=True, repr=False)
class Report:
    """REPORT.md, report.html and report.json; `skipped` maps ids of profiles that cannot run here to the reason."""

    config: Config
    skipped: Mapping[str, str]
    stage: ClassVar[str] = "report"
    profile: ClassVar[Profile | None] = None

    def __repr__(self) -> str:
        """As `doit info` shows it."""
        return self.stage

    @property
    def label(self) -> str:
        """Where the report is."""
        return shown(self.config.layout.report)

    @property
    def stamp(self) -> Path:
        """What the report was made from."""
        return self.config.layout.cache / "report.json"

    def depends(self) -> dict[str, Any]:
        """All that is shown: results, profiles.toml, what is skipped or outdated, the datasets; and the templates."""
        from bench import report  # noqa: PLC0415 - light, but only the report needs it

        root = self.config.layout.root
        files = {str(path.relative_to(root)): stale.content_digest(path) for path in report.inputs(self.config)}
        return {
            "results": digest_of(files),
            "profiles": digest(self.config.file.read_bytes()),
            "skipped profiles": digest_of(dict(self.skipped)),
            "outdated results": digest_of([[*which, why] for which, why in self.outdated().items()]),
            "datasets": digest_of({name: problems.fingerprint(name) for name in report.datasets(self.config)}),
            "templates": digest_of({path.name: stale.content_digest(path) for path in report.sources()}),
        }

    def outdated(self) -> dict[tuple[str, str], str]:
        """By profile and dataset, why a result that is there would be made again, as its first such step has it."""
        found = {}
        for profile in self.config.profiles:
            if profile.id in self.skipped or not _model_known(self.config, profile):
                continue
            for dataset in profile.sampling.datasets:
                if self.config.layout.run(profile.id, dataset).results.is_file():
                    found[profile.id, dataset] = _outdated(self.config, profile, dataset)
        return {which: why for which, why in found.items() if why}

    def outputs(self) -> tuple[Path, ...]:
        """The three reports."""
        layout = self.config.layout
        return (layout.report, layout.page, layout.data)

    def reasons(self) -> tuple[stale.Reason, ...]:
        """Why the report is rendered again."""
        return stale.reasons(self.stamp, self.depends(), self.outputs())

    def make(self) -> TaskFailed | None:
        """Render, and record what from; doit's action."""
        from bench import report  # noqa: PLC0415 - light, but only the report needs it

        try:
            # With doit -n, several profiles may be graded at about the same time.
            with locked(self.stamp.with_suffix(".lock"), what="The report", wait=True):
                depends = self.depends()
                stale.begin(self.stamp, depends)
                report.write(self.config, self.skipped, self.outdated())
                stale.mark(self.stamp, depends, self.outputs())
        except BenchError as error:
            return TaskFailed(error.sentence)
        return None

    def refresh(self) -> TaskFailed | None:
        """Render again, and say so, if anything changed: after each profile, and when a run ends early."""
        reasons = self.reasons()
        if not reasons:
            return None
        tell(line(self.stage, self.label, stale.said(reasons)))
        return self.make()

    def clean(self) -> None:
        """Remove the reports."""
        for path in (*self.outputs(), self.stamp):
            if path.exists():
                path.unlink()
                print(f"clean     {shown(path)}")


def _outdated(config: Config, profile: Profile, dataset: str) -> str:
    """What changed, and the stage that would run for it; what is missing for a stage says nothing about its result."""
    for step in chain(config, profile, dataset):
        # Not how many completions Generate would ask for: the journal is not read for each report.
        reasons = Step.reasons(step)
        if reasons and reasons[0].kind == "prerequisite":
            return ""
        if reasons:
            return f"{', '.join(map(_told, reasons))} ({step.stage})"
    return ""


def _told(reason: stale.Reason) -> str:
    return "what it was made from is not on record" if reason.kind == "first run" else str(reason)


def _model_known(config: Config, profile: Profile) -> bool:
    """Whether a profile's model is known without a look at another machine."""
    if not (profile.host and profile.host.docker):
        return True
    from bench.servers import remote_models  # noqa: PLC0415 - only where a host is looked at

    return remote_models.cached(config, profile) is not None
