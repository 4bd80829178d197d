"""The last task of the graph: the report over all profiles, also failed and skipped ones."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doit import Globals
from doit.dependency import UptodateCalculator
from doit.exceptions import TaskFailed

from bench import datasets
from bench.console import in_worker, relative, warn
from bench.errors import BenchError
from bench.files import digest, digest_of, read_table, write_json
from bench.graph import unfinished
from bench.graph.cleaning import remove
from bench.graph.settings import Settings, describe, is_changed
from bench.graph.stages import Generate, Stage
from bench.locks import locked
from bench.profiles import Config, Profile


@dataclass(frozen=True)
class Report:
    """REPORT.md, report.html and report.json; `skipped` maps ids of profiles that cannot run here to the reason.

    `chains` has the settings of each profile's stages on a dataset, in the order in which they run.
    """

    config: Config
    skipped: dict[str, str]
    chains: dict[tuple[str, str], list[tuple[Stage, Settings]]] = field(default_factory=dict)

    @property
    def targets(self) -> list[Path]:
        """The three reports."""
        layout = self.config.layout
        return [layout.report, layout.page, layout.data]

    def results(self) -> list[Path]:
        """The result files of the report. Any may be missing: as file_dep, a failed profile would hide the others."""
        from bench import report  # noqa: PLC0415 - light, but only the report needs it

        return report.inputs(self.config)

    def settings(self) -> dict[str, Any]:
        """The report's inputs beside the results: skipped and outdated profiles, the datasets, and the templates."""
        from bench import report  # noqa: PLC0415 - as above

        begun = [[stage.label, stage.files.journal.stat().st_size] for stage in self.unfinished()]
        return {
            "skipped profiles": digest_of(self.skipped),
            **({"ungraded completions": digest_of(begun)} if begun else {}),
            "outdated results": digest_of([[*key, reason] for key, reason in self.outdated().items()]),
            "templates": digest_of({path.name: digest(path.read_bytes()) for path in report.sources()}),
            **{f"dataset {name}": datasets.fingerprint(name) for name in report.datasets(self.config)},
        }

    def unfinished(self) -> list[Generate]:
        """The generations of which only a part can be shown."""
        chains = (chain for (profile_id, _), chain in self.chains.items() if profile_id not in self.skipped)
        return list(unfinished.unfinished([stage for chain in chains for stage, _ in chain]))

    def uptodate(self) -> Settings:
        """The `uptodate` of the report's task."""
        return ReportSettings(self)

    def outdated(self) -> dict[tuple[str, str], str]:
        """By profile and dataset, the first reason why a result would be made again."""
        reasons = {}
        for (profile_id, dataset), chain in self.chains.items():
            profile = self.config.profile(profile_id)
            known = profile_id not in self.skipped and _model_known(self.config, profile)
            files = self.config.layout.run(profile_id, dataset)
            part = not (profile.imported or profile.duel) and unfinished.is_part(files, profile.sampling.samples)
            if known and files.results.is_file() and not part:
                reasons[profile_id, dataset] = next(filter(None, (_reason(*link) for link in chain)), "")
        return {key: reason for key, reason in reasons.items() if reason}

    def make(self) -> TaskFailed | None:
        """Render; the task's action."""
        try:
            with self._locked():
                for stage in self.unfinished():
                    unfinished.grade(stage)
                self._render(self._state())
        except BenchError as error:
            return TaskFailed(error.sentence)
        return None

    def refresh(self) -> None:
        """Render if anything changed since the last time: before the next model starts, and when a run ends early."""
        if not self.results():
            return
        try:
            with self._locked():
                state = self._state()
                if read_table(self._record).get("seen") != state or not all(map(Path.is_file, self.targets)):
                    self._render(state)
        except BenchError as error:
            warn(error.sentence)
        except Exception as error:  # noqa: BLE001 - the next model must start; the task `report` shows the traceback
            warn(f"The report cannot be rendered now ({type(error).__name__}: {error}); the run goes on without it.")

    def clean(self, dryrun: bool) -> None:  # noqa: FBT001 - doit tells by this name whether to touch anything
        """Remove the reports and the files to share; the task's clean action."""
        shared = sorted(self.config.layout.share.glob("*"))
        for path in filter(Path.is_file, [*self.targets, *shared]):
            remove(path, dryrun=dryrun)

    @property
    def _record(self) -> Path:
        return self.config.layout.cache / "report.json"

    def _locked(self) -> Any:
        # No message: with doit -n, several profiles may be graded at about the same time.
        return locked(self._record.with_suffix(".lock"), subject="", wait=True)

    def _state(self) -> str:
        """A digest of the report's inputs, by the times and sizes of files."""
        if in_worker() and hasattr(Globals.dep_manager.backend, "reload"):
            Globals.dep_manager.backend.reload()
        files = [path for path in (*self.results(), self.config.file) if path.is_file()]
        states = [[relative(path), path.stat().st_mtime_ns, path.stat().st_size] for path in files]
        return digest_of([self.settings(), states])

    def _render(self, state: str) -> None:
        from bench import report  # noqa: PLC0415 - as above

        report.write(self.config, self.skipped, self.outdated())
        with contextlib.suppress(BenchError):  # without it, the next refresh renders again
            write_json(self._record, {"seen": state})


class ReportSettings(Settings, UptodateCalculator):  # type: ignore[misc] # doit is untyped
    """The settings of a task; tasks requested beside the report run first, with doit -n too."""

    no_record = "first run"  # a refresh has written the targets, and left no record

    def __init__(self, report: Report) -> None:
        Settings.__init__(self, report.settings, lambda: [*report.results(), *report.targets])
        UptodateCalculator.__init__(self)
        self.report, self.pending = report, False

    def setup(self, dep_manager: Any, tasks_dict: dict[str, Any]) -> None:
        """Wait for all tasks that were selected or begun (they have their options by now), and for no other."""
        super().setup(dep_manager, tasks_dict)
        if self.looking:
            return
        # Profiles whose hosts lack the model have been removed from the selection.
        left_out = {f"eval:{profile_id}" for profile_id in self.report.skipped} | {self.task.name}
        others = [task for task in tasks_dict.values() if task.options is not None and task.name not in left_out]
        self.task.setup_tasks = self.task.setup_tasks or [task.name for task in others]
        self.pending = any(task.actions and not task.executed for task in others)

    def look(self, values: dict[str, Any]) -> None:
        """As for every task; a running stage will bring new results."""
        super().look(values)
        if self.pending and not self.others:
            self.others = ["new results"]

    def edited(self, kept: Mapping[str, Any]) -> list[str]:
        """The profiles whose results changed, are new or are gone; else the edited reports."""
        results = {relative(path): path for path in self.report.results()}
        targets = set(map(relative, self.report.targets))
        changed = [name for name in kept if name not in results and name not in targets]
        changed += [name for name, path in results.items() if name not in kept or is_changed(path, kept[name])]
        if not changed:
            return super().edited(kept)
        root = relative(self.report.config.layout.root)
        names = dict.fromkeys(Path(name).relative_to(root).parts[0] for name in changed)
        return [f"results changed ({', '.join(names)})"]

    def save(self) -> dict[str, Any]:
        """The settings of now: with doit -n, much has changed since doit checked."""
        self.now = None
        return super().save()


def _reason(stage: Stage, settings: Settings) -> str:
    """The reason why a stage would run again; "" where it lacks something or runs now, which leaves its result."""
    text = describe(settings.task, counted=False)
    if not text or settings.now is None or stage.running:
        return ""
    return f"{text} ({stage.name})"


def _model_known(config: Config, profile: Profile) -> bool:
    """Whether a profile's model is known without a look at another machine."""
    if not profile.engine:
        return True
    from bench.servers import remote_models  # noqa: PLC0415 - only where a host is looked at

    return remote_models.cached(config, profile) is not None
