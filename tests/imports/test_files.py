import gzip
import json
from pathlib import Path

import pytest

from bench.errors import SamplesError
from bench.imports.archives import Source
from bench.imports.files import find, holds_solutions, relative
from bench.imports.rows import rows

ROW = {"task_id": "HumanEval/0", "solution": "x = 1"}
LINE = json.dumps(ROW) + "\n"


def read(path: Path, data: bytes | str) -> list[tuple[str, str]]:
    """Origin and problem of each row of a file with that content."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    matches = rows(Source(path), path.name)
    return [
        (row.origin, str(next(iter(row.record.names), "")) + (" incomplete" if row.incomplete else ""))
        for row in matches
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of solutions."""
    return tmp_path / "part-01.jsonl"


@pytest.mark.parametrize(
    ("data", "origins"),
    [
        ("", []),
        ("\n \n", []),
        (LINE, ["part-01.jsonl:1"]),
        (LINE.strip(), ["part-01.jsonl:1"]),
        ("\n" + LINE + "\n\n" + LINE, ["part-01.jsonl:2", "part-01.jsonl:5"]),
        (LINE.replace("\n", "\r\n") * 2, ["part-01.jsonl:1", "part-01.jsonl:2"]),
        ("\ufeff" + LINE, ["part-01.jsonl:1"]),
        (json.dumps([ROW, ROW], indent=2), ["part-01.jsonl, entry 1", "part-01.jsonl, entry 2"]),
        (
            json.dumps(ROW | {"solution": "a\u2028b\x85c"}, ensure_ascii=False) + "\n" + LINE,
            ["part-01.jsonl:1", "part-01.jsonl:2"],
        ),
    ],
)
def test_rows(path: Path, data: str, origins: list[str]) -> None:
    """Rows are counted as an editor counts lines; blank ones, a byte order mark and Windows line ends do no harm."""
    assert [origin for origin, _ in read(path, data)] == origins


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "{oops}\n" + LINE,
            "part-01.jsonl:1 is not JSON ('{oops}'); correct it, or delete it and solve its problem again.",
        ),
        ("```json\n" + LINE, "part-01.jsonl:1 is not JSON ('```json')"),
        (LINE + "```\n", "part-01.jsonl:2 is not JSON ('```')"),
        (LINE + '{"task_id": "HumanEval/1", "solution": "}\n' + LINE, "part-01.jsonl:2 is not JSON"),
        (LINE + "{oops", "part-01.jsonl:2 is not JSON ('{oops')"),
        (LINE + "{'task_id': 'HumanEval/1'", "part-01.jsonl:2 is not JSON"),
        (LINE + '{"task_id": "HumanEval/1"}}', "part-01.jsonl:2 is not JSON"),
        (LINE + LINE.strip() + '{"task_id": "Hum', "part-01.jsonl:2 is not JSON"),
        (LINE + '{"task_id": "HumanEval/1", "solution": tru}', "part-01.jsonl:2 is not JSON"),
        (LINE + '{"task_id": "HumanEval/1", "solution": "\\q', "part-01.jsonl:2 is not JSON"),
        ("[1, 2", "part-01.jsonl:1 is not JSON"),
        ("5\n", 'part-01.jsonl:1 names no problem; write {"task_id": …, "solution": …} on a line.'),
        ('{"solution": "x"}\n', "part-01.jsonl:1 names no problem"),
        ('{"task_id": true, "solution": "x"}\n', "part-01.jsonl:1 names no problem (it has task_id, solution);"),
        ("[5]", "part-01.jsonl names no problem"),
        ('{"config": {"model": "x"}}', "part-01.jsonl:1 names no problem (it has config);"),
        ('{\n "config": {"model": "x"}\n}', "part-01.jsonl names no problem (it has config);"),
        ("[" * 100_000, "part-01.jsonl:1 is not JSON"),
        (b"\xff\xfe\x00", "part-01.jsonl is not UTF-8 text (byte 0); save it as UTF-8."),
        (gzip.compress(LINE.encode(), mtime=0)[:-9], "part-01.jsonl is a damaged gzip file; copy or write it again."),
        (b"\x1f\x8b\x00", "part-01.jsonl is a damaged gzip file"),
    ],
)
def test_what_cannot_be_read(path: Path, data: str | bytes, message: str) -> None:
    """What is no row is one sentence with place, fault and remedy."""
    with pytest.raises(SamplesError) as caught:
        read(path, data)
    assert caught.value.sentence.startswith(message)
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize("cut", [1, 12, 25, 30, len(LINE) - 3])
@pytest.mark.parametrize("end", ["", "\n"])
def test_an_incomplete_last_line(path: Path, cut: int, end: str) -> None:
    """A last line that begins an object and does not end it was cut off; what it says of its problem counts."""
    matches = read(path, LINE + LINE[:cut] + end)
    assert matches[0] == ("part-01.jsonl:1", "HumanEval/0")
    assert matches[1:] == [("part-01.jsonl:2", "HumanEval/0 incomplete" if cut > 24 else " incomplete")]


AWKWARD = {"task_id": "HumanEval/1", "solution": 'd = {"a": {}}\n# \\ é {}', "n": -1.5e-3, "b": [True, None, {"x": {}}]}


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_line_cut_anywhere(path: Path, ascii_only: bool) -> None:  # noqa: FBT001
    """Wherever the last line is cut, after a brace, in an escape or in a character, it is incomplete, not an error."""
    whole = json.dumps(AWKWARD, ensure_ascii=ascii_only).encode()
    for cut in range(1, len(whole)):
        matches = read(path, LINE.encode() + whole[:cut])
        assert matches[0] == ("part-01.jsonl:1", "HumanEval/0")
        assert matches[1][1].endswith(" incomplete"), whole[:cut]
    assert read(path, LINE.encode() + whole)[1] == ("part-01.jsonl:2", "HumanEval/1")


def test_unreadable(path: Path) -> None:
    """A file that went away is named with the system's reason."""
    with pytest.raises(
        SamplesError, match=r"gone.jsonl cannot be read \(No such file or directory\); make it readable\."
    ):
        rows(Source(path.with_name("gone.jsonl")), "gone.jsonl")


def test_a_python_file_is_one_solution(tmp_path: Path) -> None:
    """The whole file is the solution, line ends and all."""
    path = tmp_path / "HumanEval_3.py"
    path.write_bytes(b"x = 1\r\n")
    (row,) = rows(Source(path), "HumanEval_3.py")
    assert (row.record.names[0], row.record.texts, row.origin) == (
        "HumanEval_3",
        {"solution": ("x = 1\r\n",)},
        "HumanEval_3.py",
    )


def touch(root: Path, *names: str) -> None:
    """Empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names(tmp_path: Path, *solutions: str) -> tuple[list[str], list[str]]:
    """What is read and what is ignored, by relative path."""
    matches = find(solutions, tmp_path)
    return [relative(f.place, tmp_path) for f in matches.files], [relative(f, tmp_path) for f in matches.ignored]


def test_natural_order(tmp_path: Path) -> None:
    """Part 10 comes after part 2."""
    touch(tmp_path, "part-10.jsonl", "part-2.jsonl", "part-1.jsonl")
    assert names(tmp_path, ".")[0] == ["part-1.jsonl", "part-2.jsonl", "part-10.jsonl"]
    assert names(tmp_path, "part-*.jsonl")[0] == ["part-1.jsonl", "part-2.jsonl", "part-10.jsonl"]


def test_a_named_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    """In a folder only known kinds are read; who names a file means it, but for Python that names no problem."""
    touch(tmp_path, "answers.txt", "tool.py")
    assert names(tmp_path, ".") == ([], ["answers.txt", "tool.py"])
    assert names(tmp_path, "answers.txt", "tool.py") == (["answers.txt"], ["tool.py"])


def test_names_that_look_like_globs(tmp_path: Path) -> None:
    """A path that exists is that path, brackets or not."""
    touch(tmp_path, "run[1]/part-01.jsonl", "run1/part-01.jsonl")
    assert names(tmp_path, "run[1]")[0] == ["run[1]/part-01.jsonl"]


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["", "**", "../..//**/nothing*", "no**", "a\0b", "~nobody-here/x", "[", "*" * 300])
def test_odd_names_find_nothing_and_harm_nothing(tmp_path: Path, entry: str) -> None:
    """Whatever the profile says, looking for it does not raise."""
    assert find((entry,), tmp_path).files == ()


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    """A link to its own folder is not followed for ever."""
    touch(tmp_path, "a/part-01.jsonl")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    assert names(tmp_path, "a")[0] == ["a/part-01.jsonl"]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a.jsonl", True),
        ("a.jsonl.gz", True),
        ("HumanEval_0.py", True),
        ("HumanEval_0/0.py", True),
        ("Third_alpha.py", True),
        ("a.JSON", True),
        ("a.ndjson.xz", True),
        ("45.py", True),
        ("a.py", False),
        ("README.md", False),
        ("a.csv", False),
        ("a_b_c.py", False),
    ],
)
def test_holds_solutions(name: str, read: bool) -> None:  # noqa: FBT001
    """JSON and texts that may be named after a problem hold solutions."""
    assert holds_solutions(Path(name)) is read
