"""What a doit user knows, run as a user runs it: each command does here what doit documents."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from bench.sandbox.kinds import available
from tests import slow
from tests.graph.conftest import UP_TO_DATE, Project

pytestmark = pytest.mark.skipif(bool(available("bubblewrap")), reason="no bubblewrap to grade in")

EVERYTHING = ["generate a", "samples a", "eval a", "samples b", "eval b", "report"]


def test_a_first_run_and_a_second(made: Project) -> None:
    """A first run builds everything and tells why; a second one runs nothing and asks nothing."""
    requests = made.asked
    assert requests == 18
    assert made.tasks() == []
    shutil.rmtree(made.results)
    out = made.doit()
    assert re.findall(r"^(\w+) +\S+ +first run$", out, re.MULTILINE) == [name.split()[0] for name in EVERYTHING]
    assert made.asked == 2 * requests


def test_list(made: Project) -> None:
    """The list is the profiles, in the file's order; --all --deps --status has every task, its files and its state."""
    assert [line.split()[0] for line in made.doit("list").splitlines()] == ["eval:a", "eval:b", "report"]
    made.edit("max_tokens = 256", "max_tokens = 300")
    output = made.doit("list", "--all", "--deps", "--status")
    assert re.search(r"^R generate:a:demo", output, re.MULTILINE)
    assert re.search(r"^U samples:b:demo .*\n -  solutions.jsonl$", output, re.MULTILINE)
    assert re.search(r"^R samples:a:demo .*\n -  results/a/demo/raw.jsonl$", output, re.MULTILINE)
    assert re.search(r"^U eval:a:demo .*\n -  results/a/demo/samples.jsonl$", output, re.MULTILINE)


def test_info(made: Project) -> None:
    """`info` names files, targets and settings, and why a task, or what leads to a score, would run."""
    fresh = made.doit("info", "eval:a:demo")
    for part in ("up-to-date", "results/a/demo/samples.jsonl", "results/a/demo/eval_results.json", "pids: 128"):
        assert part in fresh
    assert "up-to-date" in made.doit("info", "eval:a")
    made.edit("max_tokens = 256", "max_tokens = 300")
    assert "max_tokens 256 → 300, 1 of 18 completions" in made.doit("info", "generate:a:demo", code=1)
    assert "generate:a:demo: max_tokens 256 → 300" in made.doit("info", "eval:a", code=1)
    assert "up-to-date" in made.doit("info", "eval:b")


def test_nothing_of_the_environment_makes_a_task_fresh(made: Project) -> None:
    """A variable that a run of version 0.1 exported changes no answer of `info`."""
    made.edit("max_tokens = 256", "max_tokens = 300")
    made.doit("info", "eval:a", code=1, BENCH_RUN="1")


def test_forget(made: Project) -> None:
    """What is forgotten runs again: a generation takes its answers from the journal, and asks for what failed alone."""
    made.doit("forget", "eval:a")
    assert made.tasks() == ["eval a", "report"]
    requests, journal = made.asked, made.file("a", "raw.jsonl").read_bytes()
    made.doit("forget", "--all")
    out = made.doit()
    assert "generate  a                         goes on from 17 of 18 completions" in out
    assert made.asked == requests + 1
    assert made.file("a", "raw.jsonl").read_bytes().startswith(journal)


def test_clean_names_each_file(made: Project) -> None:
    """`clean -n` names each file that would go, and touches nothing."""
    before = {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file() and path.name != ".doit.json"}
    output = made.doit("clean", "-n")
    names = ("samples.jsonl", "samples_info.jsonl", "eval_results.json", "run.json", "raw.jsonl")
    for name in ("results/REPORT.md", *(f"results/a/demo/{name}" for name in names)):
        assert name in output
    assert {path: path.read_bytes() for path in before} == before
    assert made.tasks() == []


def test_clean(made: Project) -> None:
    """Cleaning a task runs that task again, and what follows only where its output changed."""
    for name, expected in (
        ("eval:a", ["eval a", "report"]),
        ("samples:a", ["samples a"]),
        ("report", ["report"]),
        ("samples:b:demo", ["samples b"]),
    ):
        made.doit("clean", name)
        assert made.tasks() == expected


@pytest.mark.slow
def test_clean_keeps_journals_and_imports(made: Project) -> None:
    """A whole clean makes everything run again, keeps the imported file, and puts the journal aside, twice too."""
    journal, imported = made.file("a", "raw.jsonl").read_bytes(), (made.root / "solutions.jsonl").read_bytes()
    made.doit("clean")
    assert made.file("a", "raw.jsonl.1").read_bytes() == journal
    assert made.tasks() == EVERYTHING
    made.doit("clean", "-a")
    assert made.file("a", "raw.jsonl.1").read_bytes() == journal
    assert made.file("a", "raw.jsonl.2").exists()
    assert (made.root / "solutions.jsonl").read_bytes() == imported


@pytest.mark.slow
def test_clean_cache(made: Project) -> None:
    """`clean cache` removes known verdicts, so that a grading runs the samples again."""
    made.doit("clean", "cache", "eval:b")
    assert not (made.results / ".cache" / "verdicts").exists()
    assert made.tasks() == ["eval b", "report"]


@pytest.mark.slow
def test_reset_dep(made: Project) -> None:
    """`reset-dep` takes files as they are now for good; a setting that changed stays a reason."""
    lines = (made.root / "solutions.jsonl").read_text()
    (made.root / "solutions.jsonl").write_text(lines + "\n")
    made.edit("max_tokens = 256", "max_tokens = 300")
    made.doit("reset-dep", "samples:b", "report")
    assert made.tasks("eval:b") == []
    assert "max_tokens 256 → 300" in made.doit("eval:a")


@pytest.mark.slow
def test_ignore(made: Project) -> None:
    """An ignored task does not run, nor does what depends on it."""
    made.edit("max_tokens = 256", "max_tokens = 300")
    made.doit("ignore", "generate:a")
    assert made.tasks() == ["report"]
    made.doit("forget", "generate:a")
    assert "generate a" in made.tasks()


def test_always(made: Project) -> None:
    """`-a` runs all that is named; a model is asked again for what failed, and for nothing else."""
    requests = made.asked
    assert "generate  a                         forced" in made.doit("-a", "generate:a")
    assert made.asked == requests + 1


@pytest.mark.slow
def test_targets_and_patterns(made: Project) -> None:
    """A target's path is a task's name, and so is a pattern."""
    made.doit("forget", "--all")
    assert made.tasks("results/REPORT.md") == ["report"]
    assert made.tasks("results/b/demo/samples.jsonl") == ["samples b"]
    assert made.tasks("eval:b*") == ["eval b"]


@pytest.mark.parametrize("how", [["-n", "2"], *slow(["-n", "3", "-P", "thread"], ["-r", "console"], ["--continue"])])
def test_other_ways_to_run(project: Project, how: list[str]) -> None:
    """Several at once, in threads, under another reporter: all is built once, the report last, then all is fresh."""
    out = project.doit(*how)
    assert "first run" in out
    assert project.asked == 18
    assert len(re.findall("report +results/REPORT.md", out)) == 1
    assert "Import B" in (project.results / "REPORT.md").read_text()
    assert project.tasks() == []


def test_json(made: Project) -> None:
    """The JSON reporter prints JSON alone, with what a task did and how it ended."""
    made.edit("max_tokens = 256", "max_tokens = 300")
    actual = {task["name"]: task["result"] for task in json.loads(made.doit("-r", "json"))["tasks"]}
    assert actual["generate:a:demo"] == "success"
    assert actual["eval:b:demo"] == "up-to-date"


def test_from_another_folder(made: Project, tmp_path: Path) -> None:
    """From any folder, by -f and a relative BENCH_PROFILES, the same results are found, and paths count from there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert (
        made.doit(cwd=elsewhere, BENCH_PROFILES=os.path.relpath(made.root / "profiles.toml", elsewhere)) == UP_TO_DATE
    )
    assert sorted(elsewhere.iterdir()) == []
    assert "There is no profiles file" in made.doit("list", code=3, BENCH_PROFILES="~nobody-of-that-name/profiles.toml")
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read" in made.doit("list", code=3, BENCH_PROFILES=str(tmp_path / "loop"))


def test_commands(made: Project) -> None:
    """why, doctor, compare, selftest and prompts are commands of doit's, with a line in its help each."""
    help_text = made.doit("help")
    for name in ("why", "doctor", "compare", "selftest", "prompts"):
        assert re.search(rf"^ .* {name} +\w", help_text, re.MULTILINE)
        assert "PURPOSE" in made.doit("help", name)
    by_name, by_flag = made.doit("compare", "a", "b"), made.doit("compare", "-a", "a", "-b", "b")
    assert by_name == by_flag
    assert "Import B" in by_name
    assert "doit list has them" in made.doit("compare", "a", code=1)
    assert "results/demo_prompts.json" in made.doit("prompts")
    assert "18/18 plus" in made.doit("selftest", "demo")


def test_why(made: Project) -> None:
    """`why` tells of every task that would run, or of those that are named, and runs nothing."""
    assert made.doit("why") == "".join(
        f"{'fresh':<9} {name:<24}  nothing would run\n" for name in ("a", "b", "results/REPORT.md")
    )
    made.edit("max_tokens = 256", "max_tokens = 300")
    (made.root / "solutions.jsonl").unlink()
    before = {path: path.read_bytes() for path in made.results.rglob("*") if path.is_file()}
    output = made.doit("why")
    assert re.search(r"generate +a +max_tokens 256 → 300, 1 of 18 completions", output)
    assert re.search(r"eval +a +if samples changes its input", output)
    assert re.search(r"skip +b +no solutions yet in solutions.jsonl", output)
    assert re.search(r"report +results/REPORT.md .*profiles.toml changed", output)
    assert "skip" not in made.doit("why", "a")
    assert "skip" in made.doit("why", "samples:b")
    assert made.doit("why", "results/a/*/samples.jsonl").startswith("generate  a ")
    assert made.doit("why", "report").startswith("report ")
    assert 'no profile, task or target "c"' in made.doit("why", "c", code=1)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
def test_why_tells_of_the_report(made: Project) -> None:
    """`why` says that the report would be made again where a page was edited, is gone, or is to show new results."""
    (made.results / "report.html").write_text("mine")
    assert re.search(r"report +results/REPORT.md +report.html was changed by hand", made.doit("why"))
    (made.results / "report.html").unlink()
    assert re.search(r"report +results/REPORT.md +report.html is missing", made.doit("why", "report"))
    made.doit()
    made.file("a", "eval_results.json").unlink()
    assert re.search(r"report +results/REPORT.md .*results changed \(a\)", made.doit("why"))


def test_why_says_how_long_it_takes(made: Project) -> None:
    """A step takes what is missing at the pace that was measured; what is not known, or short, is not said."""
    run = json.loads(made.file("a", "run.json").read_text())
    made.file("a", "run.json").write_text(json.dumps(run | {"totals": run["totals"] | {"seconds": 18 * 1000}}))
    graded = json.loads(made.file("a", "eval_results.json").read_text())
    graded["bench"] |= {"seconds": 360.0, "cached": 0}
    made.file("a", "eval_results.json").write_text(json.dumps(graded))
    made.edit("args = []", 'args = ["--top-k", "4"]')
    output = made.doit("why", "a")
    assert re.search(r"generate +a .*\(about 5 h 00 min\)", output)
    assert re.search(r"eval +a .*\(about 6 min\)", output)
    assert output.endswith("\nAbout 5 h 06 min, by what was measured before.\n")


def test_what_reruns(made: Project) -> None:
    """A title renders the report alone; an edited solution is imported and graded, and no model is asked."""
    made.edit("Model A", "Model Aleph")
    assert made.tasks() == ["report"]
    assert "Model Aleph" in (made.results / "REPORT.md").read_text()
    path, requests = made.root / "solutions.jsonl", made.asked
    path.write_text(path.read_text().replace("return", "return None #", 1))
    assert made.tasks() == ["samples b", "eval b", "report"]
    assert made.asked == requests


def test_one_profile_by_name(project: Project) -> None:
    """`doit eval:<profile>` brings one profile up to date, and its score into the report."""
    assert project.tasks("eval:b") == ["samples b", "eval b"]
    assert project.asked == 0
    assert "Import B" in (project.results / "REPORT.md").read_text()
