import json
from pathlib import Path
from typing import Any

import pytest
from doit.dependency import JsonDB

from bench.graph.database import Database, prepare
from bench.layout import Layout

RECORD = {"_values_:": {"settings": {"a": 1}}, "checker:": "MD5Checker", "deps:": ["x"], "x": [1.5, 3, "abc"]}


def opened(path: Path) -> Database:
    """The database in a file, as doit opens it."""
    from doit.dependency import JSONCodec

    return Database(str(path), JSONCodec())


def test_written_after_each_task(tmp_path: Path) -> None:
    """What doit saves of a task is on the disk with the last value of it, and what it forgets is gone at once."""
    database = opened(tmp_path / "db")
    database.set("a", "_values_:", {})
    assert not (tmp_path / "db").exists()
    database.set("a", "deps:", [])
    assert json.loads((tmp_path / "db").read_bytes()) == {"a": {"_values_:": {}, "deps:": []}}
    database.remove("a")
    assert json.loads((tmp_path / "db").read_bytes()) == {}


def test_two_runs_at_once(tmp_path: Path) -> None:
    """Two runs on one database keep each other's records."""
    one, two = opened(tmp_path / "db"), opened(tmp_path / "db")
    one.set("a", "deps:", [])
    two.set("b", "deps:", [])
    one.set("c", "deps:", [])
    assert set(json.loads((tmp_path / "db").read_bytes())) == {"a", "b", "c"}
    two.remove_all()
    two.dump()
    assert json.loads((tmp_path / "db").read_bytes()) == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[]", b"null", b'"x"', bytes(100), b"[" * 100_000],
    ids=["empty", "torn", "no UTF-8", "a list", "null", "a string", "zeros", "deep"],
)
def test_damaged(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A database that is no JSON object is set right with one sentence, and doit can read it."""
    path = tmp_path / ".doit.json"
    path.write_bytes(content)
    assert prepare(Layout(tmp_path)) == str(path)
    assert JsonDB(str(path), opened(tmp_path / "other").codec).get("a", "deps:") is None
    assert "was damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damaged",
    [
        "x", None, [], {"_values_:": "x"}, {"_values_:": {"settings": 1}}, {"_values_:": {"files": {"x": 1}}},
        {"deps:": {}}, {"checker:": 1}, {"x": "y"}, {"x": [1, 2]}, {"x": [None, 2, "z"]},
    ],
)  # fmt: skip
def test_a_damaged_record(tmp_path: Path, damaged: Any) -> None:
    """A record of another shape is dropped, and the others are kept."""
    path = tmp_path / ".doit.json"
    path.write_text(json.dumps({"a": damaged, "b": RECORD}))
    prepare(Layout(tmp_path))
    assert json.loads(path.read_bytes()) == {"b": RECORD}


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """A folder where the database should be is put aside."""
    (tmp_path / ".doit.json" / "x").mkdir(parents=True)
    prepare(Layout(tmp_path))
    assert not (tmp_path / ".doit.json").exists()
    assert (tmp_path / ".doit.json.damaged" / "x").is_dir()
