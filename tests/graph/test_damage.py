"""Damaged state, full disks and odd names: one sentence, and never a traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from bench.sandbox.kinds import available
from tests.graph.conftest import Project
from tests.running import DODO, PIPE, start

pytestmark = pytest.mark.skipif(bool(available("bubblewrap")), reason="no bubblewrap to grade in")


@pytest.mark.parametrize(
    ("name", "code", "phrase"),
    [
        ("a/demo/samples.jsonl", 2, "samples.jsonl cannot be written (Is a directory); remove that folder"),
        ("b/demo/eval_results.json", 2, "eval_results.json cannot be written (Is a directory); remove that folder"),
        ("REPORT.md", 1, "REPORT.md cannot be written (Is a directory); remove that folder"),
        ("a/demo/.lock", 0, ""),
        (".cache/report.json", 0, ""),
        (".doit.json", 0, ".doit.json was a folder"),
    ],
)
def test_a_folder_where_a_file_should_be(made: Project, name: str, code: int, phrase: str) -> None:
    """A folder in the place of a file is named with the remedy; where the file is no result, doit does without it."""
    path = made.results / name
    if path.exists():
        path.unlink()
    (path / "x").mkdir(parents=True)
    assert phrase in made.doit(code=code)


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"[1]", b"\xff\xfe", b'"x"', b"{"])
def test_records_of_another_shape(made: Project, content: bytes) -> None:
    """Records that are no JSON objects, or no text at all, are survived by every command."""
    for name in ("a/demo/run.json", "a/demo/failure.json", ".cache/report.json", "a/demo/.lock"):
        (made.results / name).write_bytes(content)
    made.doit("why")
    made.doit("list", "--all", "--status")
    made.doit()


COMMANDS = (
    ["-a", "eval:b"], ["-r", "json"], ["why"], ["list"], ["list", "--all", "--deps", "--status"],
    ["info", "eval:a:demo"], ["help"], ["help", "eval:a"], ["clean", "-n"], ["forget", "eval:b"], ["doctor"],
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_standard_output(made: Project, arguments: list[str]) -> None:
    """Where standard output takes no more, a run and each command, doit's own too, end with one sentence."""
    with Path("/dev/full").open("w") as full:
        ran = run(made, arguments, full)
    assert ran.returncode != 0
    assert [line for line in ran.stderr.splitlines() if not line.startswith("skip ")] == [
        "Standard output cannot be written (No space left on device)."
    ]


@pytest.mark.parametrize("arguments", [["-a", "eval:b"], ["list"], ["help"], ["doctor"]], ids=" ".join)
def test_a_reader_that_has_gone(made: Project, arguments: list[str]) -> None:
    """Where nobody reads standard output, a run and each command end without a word, as other programs do."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        ran = run(made, arguments, pipe)
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert "Error" not in ran.stderr


def test_a_closed_standard_output(made: Project) -> None:
    """Where standard output is closed, whatever is opened next would have its place: that is refused."""
    for arguments in (["list"], ["help"], []):
        command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "doit", "-f", DODO, *arguments]
        ran = subprocess.run(command, capture_output=True, text=True, env=made.environment, check=False)
        assert ran.returncode != 0
        assert ran.stderr == "Standard output is closed; let it go somewhere, such as > /dev/null.\n"


def run(project: Project, arguments: list[str], output: IO[str]) -> "subprocess.CompletedProcess[str]":
    """Run doit with that standard output."""
    process = start(
        "-f", DODO, *arguments, cwd=project.root, environment=project.environment, stdout=output.fileno(), stderr=PIPE
    )
    out, error = process.communicate()
    return subprocess.CompletedProcess(arguments, process.wait(), out, error)


def test_an_id_that_no_folder_can_have(project: Project) -> None:
    """A profile's id of 300 letters is one sentence."""
    project.edit("[profiles.a]", f"[profiles.{'a' * 300}]")
    assert "Traceback" not in project.doit("list", code=3)
    shutil.rmtree(project.results, ignore_errors=True)
