"""Results that doit has no record of: of version 0.1, copied from elsewhere, or after the database was lost."""

import json
import shutil
from pathlib import Path

import pytest

from bench.sandbox.kinds import available
from tests.graph.conftest import OLD, UP_TO_DATE, Project

pytestmark = pytest.mark.skipif(bool(available("bubblewrap")), reason="no bubblewrap to grade in")


@pytest.fixture
def old(tmp_path: Path) -> Project:
    """A project with results of version 0.1, one of whose 18 requests failed."""
    shutil.copytree(OLD, tmp_path / "old")
    return Project(tmp_path / "old")


@pytest.mark.slow
def test_results_of_version_0_1(old: Project) -> None:
    """The next doit asks no model for anything, grades from known verdicts, and tells in one line what it took over."""
    journal, samples = old.file("a", "raw.jsonl").read_bytes(), old.file("a", "samples.jsonl").read_bytes()
    out = old.doit()
    assert [line for line in out.splitlines() if "took over results of version 0.1 (a, b)" in line]
    assert "generate" not in out
    assert old.asked == 0
    assert old.file("a", "raw.jsonl").read_bytes() == journal
    assert old.file("a", "samples.jsonl").read_bytes() == samples
    assert "older result" not in (old.results / "REPORT.md").read_text()
    assert not list(old.results.glob("*/*/.stamps"))
    assert old.doit() == UP_TO_DATE


@pytest.mark.slow
def test_what_had_changed_since_version_0_1(old: Project) -> None:
    """What was edited before the first run of this version is told with old and new value."""
    old.edit("max_tokens = 256", "max_tokens = 300")
    assert "generate  a                         max_tokens 256 → 300, 1 of 18 completions" in old.doit()
    assert old.asked == 1


@pytest.mark.slow
def test_a_copied_folder(made: Project) -> None:
    """A results folder that was copied under another profile's name costs no answer."""
    made.edit(
        "[profiles.b]", '[profiles.c]\nserver = { kind = "command", command = ["./answer"], retries = 0 }\n[profiles.b]'
    )
    shutil.copytree(made.results / "a", made.results / "c")
    requests, journal = made.asked, made.file("c", "raw.jsonl").read_bytes()
    out = made.doit("eval:c")
    assert "generate  c                         goes on from 17 of 18 completions" in out
    assert made.asked == requests + 1
    assert made.file("c", "raw.jsonl").read_bytes().startswith(journal)


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"[]", b"\xff"])
def test_a_lost_database(made: Project, content: bytes) -> None:
    """With another database than it wrote, doit makes up for it from the results, without a traceback."""
    made.edit("Model A", "Model Aleph")
    (made.results / ".doit.json").write_bytes(content)
    (made.results / ".cache" / "report.json").write_bytes(content)
    samples = made.file("a", "samples.jsonl").read_bytes()
    assert "goes on from 17 of 18 completions" in made.doit()
    assert made.file("a", "samples.jsonl").read_bytes() == samples
    assert made.doit() == UP_TO_DATE


@pytest.mark.slow
def test_a_dataset_that_is_away(project: Project, tmp_path: Path) -> None:
    """Without the dataset's file results stand: nothing runs, the report stays, and one note tells how to name it."""
    rows = [
        {"task_id": f"HumanEval/{n}", "prompt": f"def f{n}():\n", "entry_point": f"f{n}", "atol": 0, "contract": "",
         "canonical_solution": "    return 1\n", "base_input": [[]], "plus_input": [[]]}
        for n in range(164)
    ]  # fmt: skip
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    project.edit('solutions = "solutions.jsonl"', 'solutions = "few.jsonl"\npartial = true\ndatasets = ["humaneval"]')
    few = [{"task_id": row["task_id"], "solution": f"{row['prompt']}    return 1\n"} for row in rows[:3]]
    (project.root / "few.jsonl").write_text("".join(json.dumps(row) + "\n" for row in few))
    here = {"HUMANEVAL_OVERRIDE_PATH": str(tmp_path / "set.jsonl")}
    away = {"HUMANEVAL_OVERRIDE_PATH": str(tmp_path / "nowhere.jsonl")}
    project.doit("eval:b", "report", **here)
    report = (project.results / "REPORT.md").read_bytes()
    out = project.doit("eval:b", "report", **away)
    assert out.count("nowhere.jsonl: results made with it stand") == 1
    assert "let HUMANEVAL_OVERRIDE_PATH name its file" in out
    assert len(out.replace(UP_TO_DATE, "").splitlines()) == 1
    assert (project.results / "REPORT.md").read_bytes() == report
    assert project.doit("eval:b", "report", **here) == UP_TO_DATE
    assert "HumanEval+" in project.doit("-a", "eval:b", code=2, **away)
