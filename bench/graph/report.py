"""The last task of the graph: the report over all profiles, whatever became of them."""

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
    skipped: Mapping[str, str]
    chains: dict[tuple[str, str], list[tuple[Stage, Settings]]] = field(default_factory=dict)

    @property
    def targets(self) -> list[Path]:
        """The three reports."""
        layout = self.config.layout
        return [layout.report, layout.page, layout.data]

    def results(self) -> list[Path]:
        """The result files that are shown. Any may be missing: as file_dep, a failed profile would hide the others."""
        from bench import report  # noqa: PLC0415 - light, but only the report needs it

        return report.inputs(self.config)

    def settings(self) -> dict[str, Any]:
        """What is shown beside the results: what is skipped or outdated, the datasets' problems; and the templates."""
        from bench import report  # noqa: PLC0415 - as above

        begun = [[stage.label, stage.files.journal.stat().st_size] for stage in self.unfinished()]
        return {
            "skipped profiles": digest_of(dict(self.skipped)),
            **({"unfinished generations": digest_of(begun)} if begun else {}),
            "outdated results": digest_of([[*which, why] for which, why in self.outdated().items()]),
            "templates": digest_of({path.name: digest(path.read_bytes()) for path in report.sources()}),
            **{f"dataset {name}": datasets.fingerprint(name) for name in report.datasets(self.config)},
        }

    def unfinished(self) -> list[Generate]:
        """The generations of which only a part can be shown."""
        chains = (chain for (profile_id, _), chain in self.chains.items() if profile_id not in self.skipped)
        return list(unfinished.unfinished([stage for chain in chains for stage, _ in chain]))

    def uptodate(self) -> Settings:
        """What doit asks whether the report is up to date."""
        return ReportSettings(self)

    def outdated(self) -> dict[tuple[str, str], str]:
        """By profile and dataset, why a result that is there would be made again, as its first such stage has it."""
        found = {}
        for (profile_id, dataset), chain in self.chains.items():
            profile = self.config.profile(profile_id)
            known = profile_id not in self.skipped and _model_known(self.config, profile)
            files = self.config.layout.run(profile_id, dataset)
            part = not (profile.imported or profile.duel) and unfinished.is_part(files, profile.sampling.samples)
            if known and files.results.is_file() and not part:
                found[profile_id, dataset] = next(filter(None, (_why(*each) for each in chain)), "")
        return {which: why for which, why in found.items() if why}

    def make(self) -> TaskFailed | None:
        """Render; the task's action."""
        try:
            with self._locked():
                for stage in self.unfinished():
                    unfinished.grade(stage)
                self._render(self._seen())
        except BenchError as error:
            return TaskFailed(error.sentence)
        return None

    def refresh(self) -> None:
        """Render if anything changed since the last time: before the next model starts, and when a run ends early."""
        if not self.results():
            return
        try:
            with self._locked():
                seen = self._seen()
                if read_table(self._record).get("seen") != seen or not all(map(Path.is_file, self.targets)):
                    self._render(seen)
        except BenchError as error:
            warn(error.sentence)
        except Exception as error:  # noqa: BLE001 - the next model must start; the task `report` shows the traceback
            warn(f"The report cannot be rendered now ({type(error).__name__}: {error}); the run goes on without it.")

    def clean(self, dryrun: bool) -> None:  # noqa: FBT001 - doit tells by this name whether to touch anything
        """Remove the reports and what people take away from them; the task's clean action."""
        shared = sorted(self.config.layout.share.glob("*"))
        for path in filter(Path.is_file, [*self.targets, *shared]):
            print(f"  removes {relative(path)}")
            if not dryrun:
                path.unlink()

    @property
    def _record(self) -> Path:
        return self.config.layout.cache / "report.json"

    def _locked(self) -> Any:
        # With doit -n, several profiles may be graded at about the same time; nobody needs to hear of that.
        return locked(self._record.with_suffix(".lock"), subject="", wait=True)

    def _seen(self) -> str:
        """Names what the report would be made from, by the times and sizes of files."""
        if in_worker() and hasattr(Globals.dep_manager.backend, "reload"):
            Globals.dep_manager.backend.reload()
        files = [path for path in (*self.results(), self.config.file) if path.is_file()]
        states = [[relative(path), path.stat().st_mtime_ns, path.stat().st_size] for path in files]
        return digest_of([self.settings(), states])

    def _render(self, seen: str) -> None:
        from bench import report  # noqa: PLC0415 - as above

        report.write(self.config, self.skipped, self.outdated())
        with contextlib.suppress(BenchError):  # without it, the next refresh renders again
            write_json(self._record, {"seen": seen})


class ReportSettings(Settings, UptodateCalculator):  # type: ignore[misc] # doit is untyped
    """As for every task; and what was asked for beside the report comes first, with doit -n too."""

    no_record = "first run"  # a refresh has written the targets, and left no record

    def __init__(self, report: Report) -> None:
        Settings.__init__(self, report.settings, lambda: [*report.results(), *report.targets])
        UptodateCalculator.__init__(self)
        self.report, self.pending = report, False

    def setup(self, dep_manager: Any, tasks_dict: dict[str, Any]) -> None:
        """Wait for all tasks that were selected or begun, which have their options by now, and for no other."""
        super().setup(dep_manager, tasks_dict)
        if self.looking:
            return
        # Those whose hosts turned out to lack the model have been taken out of the selection.
        gone = {f"eval:{profile_id}" for profile_id in self.report.skipped} | {self.task.name}
        others = [task for task in tasks_dict.values() if task.options is not None and task.name not in gone]
        self.task.setup_tasks = self.task.setup_tasks or [task.name for task in others]
        self.pending = any(task.actions and not task.executed for task in others)

    def look(self, values: dict[str, Any]) -> None:
        """As for every task; a stage that is at work will change what is shown."""
        super().look(values)
        if self.pending and not self.others:
            self.others = ["new results"]

    def edited(self, kept: Mapping[str, Any]) -> list[str]:
        """The profiles whose results are not as they were shown, or are new, or gone; else what was edited."""
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
        """What is shown now: with doit -n, much has changed since doit asked."""
        self.now = None
        return super().save()


def _why(stage: Stage, settings: Settings) -> str:
    """Why a stage would run again; what it lacks, or that it runs now, says nothing about its result."""
    text = describe(settings.task, counted=False)
    if not text or settings.now is None or stage.running:
        return ""
    return f"{text} ({stage.name})"


def _model_known(config: Config, profile: Profile) -> bool:
    """Whether a profile's model is known without a look at another machine."""
    if not (profile.host and profile.host.docker):
        return True
    from bench.servers import remote_models  # noqa: PLC0415 - only where a host is looked at

    return remote_models.cached(config, profile) is not None
