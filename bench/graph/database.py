"""doit's database: written atomically after each task, by several runs at once; damaged records are dropped.

If the database is lost, samples are extracted and graded once more, from the journal and the cached verdicts, and no
model is asked.
"""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
from doit.dependency import JsonDB
from doit.exceptions import InvalidTask

from bench.console import relative, warn
from bench.errors import BenchError
from bench.files import read_json, read_table, write_atomic
from bench.layout import Layout
from bench.locks import locked
from bench.untrusted import table

STAMPS = ".stamps"
"""The folder beside the outputs that version 0.1 had in place of doit's database."""

FileState = tuple[float, int, str]
"""A file's time, size and MD5."""


class TaskValues(msgspec.Struct):
    """The values that our tasks save."""

    settings: dict[str, Any] = {}
    files: dict[str, FileState] = {}


class TaskRecord(msgspec.Struct, rename=lambda name: f"{name}:"):
    """A task's record, beside the states of its file dependencies."""

    deps: list[Any] = []
    checker: str = ""
    ignore: str = ""
    result: str | dict[str, Any] = ""
    values: TaskValues = msgspec.field(default_factory=TaskValues, name="_values_:")


KEYS = {field.encode_name for field in msgspec.structs.fields(TaskRecord)}


class Database(JsonDB):  # type: ignore[misc] # doit is untyped
    """doit's JSON backend, with records on the disk as soon as a task has ended."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._db: dict[str, Any] = {}
        self.changed: set[str] = set()
        super().__init__(*args, **kwargs)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Keep a value; doit saves the names of a task's file dependencies last."""
        super().set(task_id, dependency, value)
        self.changed.add(task_id)
        if dependency == "deps:":
            self.dump()

    def remove(self, task_id: str) -> None:
        """Forget a task."""
        super().remove(task_id)
        self.changed.add(task_id)
        self.dump()

    def remove_all(self) -> None:
        """Forget all tasks."""
        self.changed |= self.read().keys()
        super().remove_all()

    def dump(self) -> None:
        """Merge the records that this process changed into the file."""
        if not self.changed:
            return
        path = Path(self.name)
        try:
            with locked(path.with_suffix(".lock"), subject=str(path), wait=True):
                saved = {name: record for name, record in self.read().items() if name not in self.changed}
                self._db = saved | {name: self._db[name] for name in sorted(self.changed & self._db.keys())}
                write_atomic(path, json.dumps(self._db))
        except BenchError as error:
            raise InvalidTask(error.sentence) from None
        self.changed.clear()

    def read(self) -> dict[str, Any]:
        """The records in the file."""
        return read_table(Path(self.name))

    def reload(self) -> None:
        """Read the records of other processes."""
        self._db = self.read() | {name: self._db[name] for name in self.changed & self._db.keys()}


def prepare(layout: Layout) -> str:
    """The database's path, fit for doit to read: without damaged records, and with those of version 0.1.

    Raises BenchError where it cannot be written.
    """
    path = layout.database
    if path.is_dir():
        aside = path.with_name(f"{path.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        path.rename(aside)
        warn(f"{relative(path)} was a folder; it is {aside.name} now, and is made again from the results.")
    elif path.exists():
        saved = read_json(path)
        sound = {name: record for name, record in table(saved).items() if _is_record(record)}
        if sound != saved:
            write_atomic(path, json.dumps(sound))
            warn(f"{relative(path)} was damaged; what it lacks is made again from the results, and no model is asked.")
    _take_over(layout)
    return str(path)


def _is_record(record: Any) -> bool:
    """Whether doit can read a task's record."""
    try:
        msgspec.convert(record, TaskRecord)
        msgspec.convert({name: record[name] for name in record.keys() - KEYS}, dict[str, FileState])
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def _take_over(layout: Layout) -> None:
    """Give doit the settings under which version 0.1 completed generations, once; its stamps are removed."""
    folders = sorted(layout.root.glob(f"*/*/{STAMPS}"))
    if not folders:
        return
    records = read_table(layout.database)
    for folder in folders:
        stamp = read_table(folder / "generate.json")
        task = f"generate:{folder.parent.parent.name}:{folder.parent.name}"
        if "outputs" in stamp and isinstance(stamp.get("depends"), dict):
            records[task] = {"_values_:": {"settings": stamp["depends"]}, "checker:": "MD5Checker", "deps:": []}
        for stage in ("samples", "eval"):
            records.pop(f"{stage}:{folder.parent.parent.name}:{folder.parent.name}", None)
    write_atomic(layout.database, json.dumps(records))
    with contextlib.suppress(OSError):
        (layout.cache / "report.json").unlink()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    names = dict.fromkeys(folder.parent.parent.name for folder in folders)
    warn(f"took over results of version 0.1 ({', '.join(names)}): their answers stay, their verdicts are known.")
