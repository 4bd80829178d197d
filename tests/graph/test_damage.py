"""Damaged state, full disks and odd names: one sentence, and never a traceback."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.sandbox.kinds import available
from tests.graph.conftest import Project

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


@pytest.mark.parametrize("content", [b"[1]", b"\xff\xfe", b'"x"', b"{"])
def test_records_of_another_shape(made: Project, content: bytes) -> None:
    """Records that are no JSON objects, or no text at all, are survived by every command."""
    for name in ("a/demo/run.json", "a/demo/failure.json", ".cache/report.json", "a/demo/.lock"):
        (made.results / name).write_bytes(content)
    made.doit("why")
    made.doit("list", "--all", "--status")
    made.doit()


def test_a_full_standard_output(made: Project) -> None:
    """Where standard output takes no more, a run and a command end with one sentence on standard error."""
    for words in (["-a", "eval:b"], ["why"]):
        with Path("/dev/full").open("w") as full:
            process = subprocess.run(
                made.command(*words), stdout=full, stderr=subprocess.PIPE, text=True, env=made.environment, check=False
            )
        assert process.returncode != 0
        assert "Standard output cannot be written (No space left on device)" in process.stderr
        assert "Traceback" not in process.stderr


def test_an_id_that_no_folder_can_have(project: Project) -> None:
    """A profile's id of 300 letters is one sentence."""
    project.edit("[profiles.a]", f"[profiles.{'a' * 300}]")
    assert "Traceback" not in project.doit("list", code=3)
    shutil.rmtree(project.results, ignore_errors=True)
