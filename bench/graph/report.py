"""The last step of the graph: the report over all profiles, whatever became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from doit.exceptions import TaskFailed

from bench import problems
from bench.console import line, shown, tell
from bench.errors import BenchError
from bench.files import digest, digest_of, locked
from bench.graph import stale
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
        """The result files and datasets that are shown, profiles.toml, the skipped profiles, and the templates."""
        from bench import report  # noqa: PLC0415 - light, but only the report needs it

        root = self.config.layout.root
        files = {str(path.relative_to(root)): stale.content_digest(path) for path in report.inputs(self.config)}
        return {
            "results": digest_of(files),
            "profiles": digest(self.config.file.read_bytes()),
            "skipped profiles": digest_of(dict(self.skipped)),
            "datasets": digest_of({name: problems.fingerprint(name) for name in report.datasets(self.config)}),
            "templates": digest_of({path.name: stale.content_digest(path) for path in report.sources()}),
        }

    def outputs(self) -> tuple[Path, ...]:
        """The three reports."""
        root = self.config.layout.root
        return (root / "REPORT.md", root / "report.html", root / "report.json")

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
                report.write(self.config, self.skipped)
                stale.mark(self.stamp, depends, self.outputs())
        except BenchError as error:
            return TaskFailed(error.sentence)
        return None

    def refresh(self) -> TaskFailed | None:
        """Render again, and say so, if anything changed: after each profile, and when a run ends early."""
        reasons = self.reasons()
        if not reasons:
            return None
        tell(line(self.stage, self.label, ", ".join(map(str, reasons))))
        return self.make()

    def clean(self) -> None:
        """Remove the reports."""
        for path in (*self.outputs(), self.stamp):
            if path.exists():
                path.unlink()
                print(f"clean     {shown(path)}")
