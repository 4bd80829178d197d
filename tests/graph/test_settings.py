import os
from pathlib import Path
from typing import Any

import pytest
from doit import Globals
from doit.dependency import Dependency
from doit.task import dict_to_task

from bench.errors import MissingPrerequisite
from bench.graph.database import Database
from bench.graph.settings import Change, Settings, describe, differences
from bench.graph.stages import missing_completions

NOW = {"max_tokens": 4096, "model": "a" * 32, "dataset": "d" * 32}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The database of doit in a folder of its own, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Globals, "dep_manager", Dependency(Database, str(tmp_path / "doit.json")))
    return Globals.dep_manager


class Copy:
    """A task that writes `output` from `input`, as dodo.py declares one."""

    def __init__(self, **settings: Any) -> None:
        self.settings: dict[str, Any] = {**NOW, **settings}
        self.last = ""
        uptodate = Settings(lambda: self.settings, lambda: [Path("output")], lambda: self.last)
        self.task = dict_to_task(
            {"name": "copy", "actions": [], "file_dep": ["input"], "targets": ["output"], "uptodate": [uptodate]}
        )
        Path("input").touch()

    def run(self) -> None:
        """Succeed, as doit does."""
        describe(self.task)
        Path("output").write_text("made")
        self.task.save_extra_values()
        Globals.dep_manager.save_success(self.task)

    @property
    def reasons(self) -> str:
        return describe(self.task)


def test_up_to_date_until_something_changes(database: Any) -> None:
    """A task is stale until it has run, then until a setting, an input or its output has another content."""
    copy = Copy()
    assert copy.reasons == "first run"
    copy.run()
    assert copy.reasons == ""
    copy.settings["max_tokens"] = 8192
    assert copy.reasons == "max_tokens 4096 → 8192"
    copy.run()
    Path("input").write_text("other")
    assert copy.reasons == "input changed"
    copy.run()
    Path("output").write_text("edited")
    assert copy.reasons == "output was changed by hand"
    Path("output").unlink()
    assert copy.reasons == "output is missing"


def test_times_are_no_reason(database: Any) -> None:
    """A file that was touched, or written anew with the same content, changes nothing."""
    copy = Copy()
    copy.run()
    for name in ("input", "output"):
        os.utime(name, (1, 1))
    assert copy.reasons == ""


def test_without_a_record(database: Any) -> None:
    """An output that is there without a record of its making is not called a first run."""
    Path("output").touch()
    assert Copy().reasons == "no record of the last run"


def test_how_the_last_try_ended(database: Any) -> None:
    """What went wrong the last time is a reason, beside what has changed since."""
    copy = Copy()
    copy.last = "failed last time: no memory"
    assert copy.reasons == "failed last time: no memory"
    copy.last = ""
    copy.run()
    copy.last, copy.settings["model"] = "interrupted last time", "b" * 32
    assert copy.reasons == "model changed (aaaaaaaa → bbbbbbbb), interrupted last time"


def test_a_dataset_that_is_away_changes_nothing(database: Any) -> None:
    """A setting that cannot be known here now is no change; one that is known while the task runs is kept."""
    copy = Copy(dataset=None)
    describe(copy.task)
    copy.settings["dataset"] = "d" * 32
    Path("output").write_text("made")
    copy.task.save_extra_values()
    database.save_success(copy.task)
    assert copy.reasons == ""
    copy.settings["dataset"] = None
    assert copy.reasons == ""
    copy.settings["dataset"] = "e" * 32
    assert copy.reasons == "dataset changed (dddddddd → eeeeeeee)"


def test_a_missing_prerequisite_is_the_reason(database: Any) -> None:
    """Settings that cannot be read since a model is away are told by that."""

    def away() -> dict[str, Any]:
        raise MissingPrerequisite("a: no model file a.gguf; put it there.")

    task = dict_to_task({"name": "a", "actions": [], "uptodate": [Settings(away, list)]})
    assert describe(task) == "a: no model file a.gguf; put it there."


@pytest.mark.parametrize(
    ("old", "new", "phrase"),
    [
        ({"max_tokens": 4096}, {"max_tokens": 8192}, "max_tokens 4096 → 8192"),
        ({}, {"seed": 1}, "seed absent → 1"),
        ({"model": "a" * 32}, {}, "model changed (aaaaaaaa → absent)"),
        ({"results": "a" * 32}, {"results": "b" * 32}, "results changed"),
        ({"max_tokens": 4096}, {"max_tokens": ""}, "max_tokens 4096 → none"),
    ],
)
def test_differences(old: dict[str, Any], new: dict[str, Any], phrase: str) -> None:
    """A changed, new or dropped setting is named, with both values, digests by their beginning."""
    assert list(map(str, differences(old, new))) == [phrase]


@pytest.mark.parametrize(
    ("old", "new", "phrase"),
    [
        ("--jinja --temp 0.6", "--jinja --temp 0.7", "args --jinja --temp 0.6 → --jinja --temp 0.7"),
        ("--jinja " * 9 + "--temp 0.6", "--jinja " * 9 + "--temp 0.7", "args … --temp 0.6 → … --temp 0.7"),
        ("x" * 80, "y" + "x" * 79, f"args {'x' * 60}… → y{'x' * 59}…"),
        ("You are\n" * 20, "", f"args {('You are ' * 20)[:60]}… → none"),
        ("You are.\nBe brief.", "You are. Be brief.", "args changed"),
        ("x" * 80 + "1", "x" * 80 + "2", f"args … {'x' * 20}1 → … {'x' * 20}2"),
        (None, "b" * 32, "args changed"),
        ("long " * 20 + "first", "long " * 20 + "first and last", "args … long first → … long first and last"),
    ],
)
def test_long_values(old: str | None, new: str, phrase: str) -> None:
    """Of long texts the part is shown in which they differ, with the word before it, in one line."""
    assert str(Change("args", old, new)) == phrase


@pytest.mark.parametrize(
    ("changes", "missing", "cut", "phrase"),
    [
        ([Change("max_tokens", 4096, 8192)], 7, 7, "7 of 164 completions were truncated"),
        ([Change("max_tokens", 4096, 8192)], 7, 1, "1 of 164 completions was truncated, 6 failed"),
        ([Change("max_tokens", 4096, 8192)], 2, 0, "2 of 164 completions are to be asked for"),
        ([Change("max_tokens", 4096, 2048)], 9, 2, "9 of 164 completions are to be asked for"),
        ([Change("system_prompt", "a", "b")], 0, 0, "all 164 completions are in the journal"),
        ([Change("max_tokens", "absent", 8192)], 7, 7, "7 of 164 completions are to be asked for"),
        ([], 44, 0, "goes on from 120 of 164 completions"),
    ],
)
def test_how_many_are_missing(changes: list[Change], missing: int, cut: int, phrase: str) -> None:
    """Generation tells how many of how many completions it is for, in the words of the reason."""
    assert missing_completions(changes, missing, 164, cut) == phrase


def test_values_are_plain() -> None:
    """What a terminal would obey in a value is shown, not obeyed."""
    text = str(Change("system_prompt", "\x1b[31m", "\u202eb\x07"))
    assert text.isprintable()
    assert "[31m" in text
