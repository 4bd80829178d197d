"""One reader and appender of JSON lines, whoever wrote them."""

import json
import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bench import jsonl
from bench.errors import BenchError


@dataclass(frozen=True)
class Row:
    name: str
    count: int = 0
    share: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)


def parsed(data: bytes) -> list[tuple[int, Row | None, str, bool]]:
    """Each line that is read: number, record, error, broken."""
    return [(line.number, line.record, line.error, line.broken) for line in jsonl.parse(data, Row)]


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (b'{"name": "a", "count": 2, "share": 1}', Row("a", 2, 1.0)),
        (b'\xef\xbb\xbf{"name": "a"}\r', Row("a")),
        ('{"name": "a\u2028b\u0085c"}'.encode(), Row("a\u2028b\u0085c")),
        (b'{"name": "\\ud83d"}', Row("\ud83d")),
        (b'{"name": "a", "share": Infinity}', Row("a", share=math.inf)),
        (b'{"name": "a", "share": 1e999}', Row("a", share=math.inf)),
        (b'{"name": "a", "unknown": [1]}', Row("a")),
        (b'{"name": "a", "more": {"b": {"c": null}}}', Row("a", more={"b": {"c": None}})),
    ],
)
def test_records(line: bytes, record: Row) -> None:
    """What Python or another program writes as JSON is read as a typed record."""
    assert parsed(line) == [(1, record, "", False)]
    assert jsonl.decode(line.removeprefix(jsonl.BOM), Row) == record


@pytest.mark.parametrize(
    ("line", "error", "broken"),
    [
        (b'{"name": 5}', "`name` is of type int, not str", False),
        (b'{"name": "a", "count": "5"}', "`count` is of type str, not int", False),
        (b'{"name": "a", "more": [NaN]}', "`more` is of type array, not object", False),
        (b"{}", "it has no `name`", False),
        (b"[1, 2]", "it is of type array, not object", False),
        (b'{"name": "a"', "not JSON (character 13: Expecting ',' delimiter)", True),
        (b'{"name": "a"} {"name": "b"}', "not JSON (character 15: Extra data)", True),
        (b'{"name": "caf\xc3"}', "no UTF-8 (byte 14)", True),
        (b"\0\0\0\0", "not JSON (character 1: Expecting value)", True),
        (b'{"more": ' + b"[" * 100_000, "nested too deeply", True),
    ],
)
def test_a_damaged_line_costs_itself_alone(line: bytes, error: str, broken: bool) -> None:  # noqa: FBT001
    """A line that is no record has a phrase that says why, and the lines around it are read."""
    assert parsed(b'{"name": "a"}\n' + line + b'\n\n{"name": "b"}') == [
        (1, Row("a"), "", False),
        (2, None, error, broken),
        (4, Row("b"), "", False),
    ]
    with pytest.raises(ValueError, match=re.escape(error)):
        jsonl.decode(line, Row)


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    """Rows come back as they were; a number that is not finite is null, so that every reader of JSON takes the file."""
    path = tmp_path / "new" / "rows.jsonl"
    size = jsonl.append(path, Row("a\u2028\ud83d", more={"b": [math.nan, 1.5]}), {"name": "c"})
    assert size == path.stat().st_size
    assert jsonl.records(path, Row) == [Row("a\u2028\ud83d", more={"b": [None, 1.5]}), Row("c")]
    assert [json.loads(line)["name"] for line in path.read_bytes().splitlines()] == ["a\u2028\ud83d", "c"]


def test_a_torn_end_stays_on_a_line_of_its_own(tmp_path: Path) -> None:
    """Rows that are appended behind a line without its end do not become part of it."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"name": "a"}\n{"na')
    jsonl.append(path, Row("b"))
    assert [line.record for line in jsonl.read(path, Row)] == [Row("a"), None, Row("b")]
    assert jsonl.records(path, Row) == [Row("a"), Row("b")]


def test_another_writer(tmp_path: Path) -> None:
    """A file that grew since its one writer left it takes nothing from that one."""
    path = tmp_path / "rows.jsonl"
    size = jsonl.append(path, Row("a"))
    jsonl.append(path, Row("other"))
    with pytest.raises(jsonl.OtherWriterError):
        jsonl.append(path, Row("b"), size=size)
    assert jsonl.records(path, Row) == [Row("a"), Row("other")]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is not there has no lines; one that cannot be read is an error, or left out where that is meant."""
    assert jsonl.read(tmp_path / "none.jsonl", Row) == []
    with pytest.raises(BenchError, match=r"cannot be read \(Is a directory\)"):
        jsonl.read(tmp_path, Row)
    assert jsonl.records(tmp_path, Row) == []
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(BenchError, match=r"cannot be read \(it is a pipe\)"):
        jsonl.read(tmp_path / "pipe.jsonl", Row)
