"""Which steps run after which change, on a real server and in a real sandbox."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, serve


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, demo_model: Path) -> Project:
    """A project after its first run: a local model, and an import beside it."""
    project = Project(tmp_path_factory.mktemp("first"))
    serve(project, demo_model)
    project.edit("[profiles.a]", '[profiles.b]\ntitle = "Import B"\nsolutions = "solutions.jsonl"\n[profiles.a]')
    solutions(project)
    ran = project.doit()
    assert ran.code == 0, ran.out
    assert ran.tasks == ["samples b", "eval b", "generate a", "samples a", "eval a", "report"]
    return project


@pytest.fixture
def made(first: Project, tmp_path: Path) -> Project:
    """A copy of that project, which is as fresh as the project itself."""
    shutil.copytree(first.root, tmp_path / "made")
    return Project(tmp_path / "made")


def solutions(project: Project) -> None:
    """Write the import: canonical solutions of the demo's problems."""
    from bench import datasets

    found = datasets.load("demo").problems.values()
    rows = [{"task_id": p.task_id, "solution": p.reference} for p in found]
    (project.root / "solutions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_max_tokens_asks_for_what_was_truncated(made: Project) -> None:
    """More tokens generate again, with the reason in words, for the truncated completions alone."""
    lines = made.file("a", "raw.jsonl").read_bytes().count(b"\n")
    made.edit("max_tokens = 256", "max_tokens = 300")
    again = made.doit()
    assert re.search(r"generate +a +max_tokens 256 → 300, 1 of 18 completions was truncated", again.out)
    assert made.file("a", "raw.jsonl").read_bytes().count(b"\n") == lines + 1
    assert "generate b" not in again.tasks


def test_going_back_generates_nothing(made: Project) -> None:
    """Back at the earlier max_tokens the earlier completions are found again, and the samples are the same bytes."""
    samples = made.file("a", "samples.jsonl").read_bytes()
    made.edit("max_tokens = 256", "max_tokens = 300")
    made.doit()
    lines = made.file("a", "raw.jsonl").read_bytes()
    made.edit("max_tokens = 300", "max_tokens = 256")
    assert "max_tokens 300 → 256, all 18 completions are in the journal" in made.doit().out
    assert made.file("a", "raw.jsonl").read_bytes() == lines
    assert made.file("a", "samples.jsonl").read_bytes() == samples
