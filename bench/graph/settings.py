"""Reasons why a task runs: named settings in doit's own database, and doit's own reasons for files and targets.

A setting is an input that doit cannot see as a file: a key of profiles.toml that changes an answer, a model's
fingerprint. Values and contents count, never times: touching or copying a file makes nothing stale.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doit import Globals
from doit.dependency import MD5Checker, UptodateCalculator

from bench.console import relative
from bench.errors import MissingPrerequisite
from bench.text import visible

CHECKER = MD5Checker()
ABSENT = "absent"
DATASET = "dataset"
NAMED = ("model", DATASET)
"""Settings whose digests are shown: of files of the user, who may recognise them."""

MOST_FILES = 3
"""Files that are named for one reason."""

LONG = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Change:
    """A setting whose value is not that of the last success."""

    name: str
    old: Any
    new: Any

    def __str__(self) -> str:
        """A phrase for the terminal, such as `max_tokens 4096 → 8192`."""
        old, new = _values(self.old, self.new)
        digests = any(map(_is_digest, (self.old, self.new)))
        if old == new or (digests and self.name not in NAMED):
            return f"{self.name} changed"
        return f"{self.name} changed ({old} → {new})" if digests else f"{self.name} {old} → {new}"


class Settings:
    """doit's `uptodate`: the settings of the last success equal those of now; as `doit info` shows it, the differences.

    `compute` returns named JSON scalars, and may raise MissingPrerequisite, which is never up to date. `files` lists
    files whose content counts though doit does not check it: targets, and results that may be missing. `last` is the
    end of the last try, "" where it succeeded; `counted` describes how many completions the changes are for.
    """

    no_record = "no record of the last run"

    def __init__(
        self,
        compute: Callable[[], dict[str, Any]],
        files: Callable[[], Iterable[Path]],
        last: Callable[[], str] = str,
        counted: Callable[[Sequence[Change]], str] | None = None,
    ) -> None:
        self.compute, self.files, self.last, self.counted = compute, files, last, counted
        self.now: dict[str, Any] | None = None
        self.saved: dict[str, Any] | None = None
        self.changes: list[Change] = []
        self.others: list[str] = []
        self.looking = False
        self.text = ""

    def configure_task(self, task: Any) -> None:
        """Let doit keep the values of `save` when the task has succeeded."""
        self.task = task
        task.value_savers.append(self.save)

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:
        """Whether nothing differs; the reasons are kept, since with -n the task has begun when they are printed."""
        if not self.looking:
            self.text = describe(task)
        else:
            self.look(values)
        return self.saved is not None and not self.changes and not self.others

    def look(self, values: dict[str, Any]) -> None:
        """Compare with the last success."""
        self.now, self.changes, self.saved = None, [], values.get("settings")
        try:
            self.now = self.compute()
        except MissingPrerequisite as error:
            self.others = [error.sentence]
            return
        self.others = list(filter(None, [self.last()]))
        if self.saved is not None:
            self.changes = differences(self.saved, self.now)
            self.others += self.edited(values.get("files", {}))

    def edited(self, kept: Mapping[str, Any]) -> list[str]:
        """The files that changed since the last success; a missing one is doit's to report."""
        now = {relative(path): path for path in self.files() if path.exists()}
        return [
            f"{path.name} was changed by hand" if path.is_file() else f"{path.name} is no file"
            for name, path in now.items()
            if not path.is_file() or (name in kept and is_changed(path, kept[name]))
        ]

    def save(self) -> dict[str, Any]:
        """The settings that the task was run with; a dataset may have been downloaded meanwhile."""
        settings = self.compute() if self.now is None else dict(self.now)
        for name in [name for name in settings if settings[name] is None]:
            settings[name] = self.compute()[name]
        return {"settings": settings, "files": states(self.files())}

    def __repr__(self) -> str:
        """The reasons, as `doit info` prints them."""
        return describe(self.task) or "nothing changed"


class AllUpToDate(UptodateCalculator):  # type: ignore[misc] # doit is untyped
    """`uptodate` of a group of tasks: whether nothing would run; `doit info` shows the tasks that would, and why."""

    def __call__(self, task: Any, values: Any) -> bool:  # noqa: ARG002 - doit tells by these names what it gives
        """Check all tasks that the group leads to."""
        self.pending: dict[str, str] = {}
        self.producers = {target: other.name for other in self.tasks_dict.values() for target in other.targets}
        self._look(task)
        return not self.pending

    def _look(self, task: Any) -> None:
        # Outside of a run, doit has not resolved yet which tasks make the file dependencies.
        for name in dict.fromkeys(
            [*task.task_dep, *(self.producers[dep] for dep in task.file_dep & self.producers.keys())]
        ):
            self._look(self.tasks_dict[name])
        if task.actions and (reasons := describe(task)):
            self.pending[task.name] = reasons

    def __repr__(self) -> str:
        """The tasks that would run, and why."""
        return "; ".join(f"{name}: {reasons}" for name, reasons in self.pending.items())


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The settings that differ. A new value of None is unknown here now, and is no difference."""
    return [
        Change(name, old.get(name, ABSENT), new.get(name, ABSENT))
        for name in dict.fromkeys([*new, *old])
        if old.get(name, ABSENT) != new.get(name, ABSENT) and new.get(name, ABSENT) is not None
    ]


def settings_of(task: Any) -> Settings:
    """The settings of a stage's task, or of the report's."""
    settings: Settings = next(entry[0] for entry in task.uptodate if isinstance(entry[0], Settings))
    return settings


def describe(task: Any, *, counted: bool = True) -> str:
    """The reasons why a stage's task would run, in one line; "" where it is up to date.

    Unless `counted`, the journal is not read to count the missing completions.
    """
    settings = settings_of(task)
    settings.looking = True
    try:
        status = Globals.dep_manager.get_status(task, {}, get_log=True)
    finally:
        settings.looking = False
    if status.status == "up-to-date":
        return ""
    parts = [*map(str, settings.changes), *settings.others]
    if settings.now is None:
        return ", ".join(parts)
    if settings.saved is not None:
        parts += _files(status.reasons)
    elif not parts:
        parts = ["first run" if len(status.reasons["missing_target"]) == len(task.targets) else settings.no_record]
    if counted and settings.counted and (count := settings.counted(settings.changes)):
        parts = [*(part for part in parts if part not in ("first run", settings.no_record)), count]
    return ", ".join(parts)


def _files(reasons: Mapping[str, Any]) -> list[str]:
    """The reasons of doit for targets and file dependencies."""
    new = reasons.get("added_file_dep", [])
    changed = [path for path in reasons.get("changed_file_dep", []) if path not in new]
    kinds = {"is missing": reasons.get("missing_target", []), "is new": new, "changed": changed,
             "is gone": reasons.get("removed_file_dep", [])}  # fmt: skip
    return [
        phrase
        for state, paths in kinds.items()
        for phrase in [
            *(f"{Path(path).name} {state}" for path in sorted(paths)[:MOST_FILES]),
            *([f"and {len(paths) - MOST_FILES} more"] if len(paths) > MOST_FILES else []),
        ]
    ]


def states(paths: Iterable[Path]) -> dict[str, Any]:
    """Each file's time, size and MD5, as doit keeps them."""
    return {relative(path): CHECKER.get_state(str(path), None) for path in paths if path.is_file()}


def is_changed(path: Path, kept: Any) -> bool:
    """Whether a file's content differs from its saved state; it is read only if its time changed."""
    return bool(CHECKER.check_modified(str(path), path.stat(), kept))


def _values(old: Any, new: Any) -> tuple[str, str]:
    """Both values for people, in one line: a digest by its beginning, long texts from where they differ."""
    texts = [" ".join(visible(str("none" if value in ("", None) else value)).split()) for value in (old, new)]
    start = 0
    if not any(map(_is_digest, texts)) and max(map(len, texts)) > LONG:
        same = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
        # Whole words, and one before them: "--temp 0.2" is clearer than "2". A long word is cut.
        word = texts[0].rfind(" ", 0, max(0, texts[0].rfind(" ", 0, same))) + 1
        start = word if same - word < LONG // 2 else same - LONG // 3
    return _short(texts[0], start), _short(texts[1], start)


def _short(text: str, start: int) -> str:
    if _is_digest(text):
        return text[:8]
    part = text[start:]
    return f"{'… ' if start else ''}{part if len(part) <= LONG else part[:LONG] + '…'}"


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= 24 and all(c in "0123456789abcdef" for c in value)
