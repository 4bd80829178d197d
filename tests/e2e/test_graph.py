"""Which steps run after which change, on a real server and in a real sandbox."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, serve

REPORT = "report"
IMPORTED = ["samples b", "eval b", REPORT]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, demo_model: Path) -> Project:
    """A project after its first run: a local model, and an import beside it."""
    project = Project(tmp_path_factory.mktemp("first"))
    serve(project, demo_model)
    project.edit("[profiles.a]", '[profiles.b]\ntitle = "Import B"\nsolutions = "solutions.jsonl"\n[profiles.a]')
    solutions(project, {})
    ran = project.doit()
    assert ran.code == 0, ran.out
    assert ran.tasks == [*IMPORTED, "generate a", "samples a", "eval a", REPORT]
    return project


@pytest.fixture
def made(first: Project, tmp_path: Path) -> Project:
    """A copy of that project, which is as fresh as the project itself."""
    shutil.copytree(first.root, tmp_path / "made")
    return Project(tmp_path / "made")


def solutions(project: Project, changed: dict[str, str]) -> None:
    """Write the import: canonical solutions of the demo's problems, some of them changed."""
    from bench import problems

    rows = [
        {"task_id": p.task_id, "solution": changed.get(p.task_id, p.prompt + p.canonical_solution)}
        for p in problems.load("demo").problems.values()
    ]
    (project.root / "solutions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_second_run_does_nothing(made: Project) -> None:
    """A second doit runs nothing, says nothing, and starts no server."""
    log = made.results / "a" / "server.log"
    before = log.stat().st_mtime_ns
    began = time.monotonic()
    second = made.doit()
    assert (second.code, second.out) == (0, "")
    assert log.stat().st_mtime_ns == before
    assert time.monotonic() - began < 10


def test_a_title_renders_the_report_alone(made: Project) -> None:
    """A new title runs the report and nothing else."""
    made.edit('"Model A"', '"Model Aleph"')
    assert made.doit().tasks == [REPORT]
    assert "Model Aleph" in made.report()


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


def test_one_imported_solution(made: Project) -> None:
    """An edited solution imports and grades that profile again, and no model runs."""
    solutions(made, {"Demo/0": "def broken("})
    again = made.doit()
    assert again.tasks == IMPORTED
    n = len((made.root / "solutions.jsonl").read_text().splitlines())
    assert made.scores("b") == pytest.approx(((n - 1) / n, (n - 1) / n))


def test_clean_makes_exactly_that_rerun(made: Project) -> None:
    """Cleaning a step runs that step again, and what follows only where its output changed."""
    assert made.doit("clean", "eval:a").code == 0
    assert made.doit().tasks == ["eval a", REPORT]
    made.doit("clean", "samples:a")
    assert made.doit().tasks == ["samples a"]
    made.doit("clean", "generate:a")
    assert made.doit().tasks == ["generate a", "samples a", REPORT]


def test_clean_keeps_what_was_imported(made: Project) -> None:
    """A whole clean makes everything run again, keeps the imported file, and puts the journal aside."""
    imported = (made.root / "solutions.jsonl").read_bytes()
    journal = made.file("a", "raw.jsonl").read_bytes()
    assert made.doit("clean").code == 0
    assert (made.root / "solutions.jsonl").read_bytes() == imported
    assert made.file("a", "raw.jsonl.1").read_bytes() == journal
    assert made.doit().tasks == [*IMPORTED, "generate a", "samples a", "eval a", REPORT]


def test_why_runs_nothing(made: Project) -> None:
    """`doit why` names what would run, with old and new value, and runs nothing."""
    made.edit("[defaults]", '[defaults]\nsystem_prompt = ""')
    files = [made.file("a", "raw.jsonl"), made.results / "a" / "server.log", made.results / "REPORT.md"]
    before = [file.read_bytes() for file in files]
    told = made.doit("why")
    assert re.search(
        r"generate +a +system_prompt You are a helpful assistant good at coding\. → none, 18 of 18 completions are to",
        told.out,
    )
    assert re.search(r"fresh +b +nothing would run", told.out)
    assert [file.read_bytes() for file in files] == before


def test_info_is_truthful(made: Project) -> None:
    """`doit info` says up-to-date and run as doit would act, and why, of one step and of all that lead to a score."""
    for name in ("eval:a:demo", "eval:a"):
        assert re.search(r"status +: up-to-date", made.doit("info", name).out)
    made.file("a", "eval_results.json").write_text("{}")
    for name in ("eval:a:demo", "eval:a"):
        told = made.doit("info", name).out
        assert re.search(r"status +: run", told)
        assert "eval a: eval_results.json was changed by hand" in told
    made.edit("[defaults]", '[defaults]\nsystem_prompt = ""')
    assert "generate a: system_prompt You are a helpful" in made.doit("info", "eval:a").out


def test_one_profile_by_name(made: Project) -> None:
    """`doit eval:<profile>` brings one profile up to date and refreshes the report."""
    made.doit("clean")
    one = made.doit("eval:b")
    assert one.tasks[:2] == ["samples b", "eval b"]
    assert not made.file("a", "raw.jsonl").exists()
    assert "Import B" in made.report()
