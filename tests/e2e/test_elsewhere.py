"""Solutions from elsewhere, a program as a model, several datasets and samples, from profiles.toml to the report."""

import json
import sys
from pathlib import Path

import pytest

from bench import datasets
from tests.e2e.conftest import UP_TO_DATE, Project
from tests.e2e.test_never_lost import rows

HEAD = """
[defaults]
datasets = ["demo"]
max_tokens = 256
context = 2048
canary = false
[sandbox]
kind = "bubblewrap"
"""
PROGRAM = """
import json, os, sys
prompt, seed = sys.stdin.read(), os.environ.get("BENCH_SEED")
print(f"asked with seed {seed}", file=sys.stderr)
known = json.load(open(sys.argv[1]))
print("Here it is:\\n```python\\n" + next(text for text in known if text.split("(")[0] + "(" in prompt) + "```")
"""


def canonical(dataset: str = "demo") -> list[dict[str, str]]:
    """The canonical solutions, as rows of an import."""
    found = datasets.load(dataset).problems.values()
    return [{"task_id": p.task_id, "solution": p.reference} for p in found]


def write(path: Path, solved: list[dict[str, str]], tail: str = "") -> None:
    """A part, as an agent writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in solved) + tail)


def test_three_sittings(project: Project) -> None:
    """An agent's parts are graded when all is there, or as far as they go where `partial` says so; none is changed."""
    project.write(f'{HEAD}[profiles.agent]\ntitle = "Agent"\nsolutions = "import"\n')
    all_of_them, parts = canonical(), project.root / "import"
    nothing = project.doit("eval:agent")
    assert nothing.code != 0
    assert "agent: no solutions yet in import (README: Claude)" in nothing.out
    write(parts / "part-01.jsonl", all_of_them[:7])
    write(parts / "part-02.jsonl", all_of_them[7:10], tail=json.dumps(all_of_them[10])[:60])
    half = project.doit("eval:agent")
    assert half.code != 0
    assert "10 of 18 problems are solved, 8 are missing, next is Demo/10 (incomplete in import/part-02" in half.out
    project.edit('title = "Agent"', 'title = "Agent"\npartial = true')
    partial = project.doit("eval:agent", "report")
    assert partial.code == 0, partial.out
    assert "8 missing: Demo/10 to 17" in partial.out
    assert project.scores("agent") == pytest.approx((10 / 18, 10 / 18))
    assert "10 of 18 problems attempted" in project.report()
    project.edit("\npartial = true", "")
    fenced = dict(all_of_them[10], solution=f"```python\n{all_of_them[10]['solution']}```")
    write(parts / "part-03.jsonl", [all_of_them[9], fenced, *all_of_them[11:]])
    before = {path.name: path.read_bytes() for path in parts.iterdir()}
    done = project.doit("eval:agent", "report")
    assert done.code == 0, done.out
    assert "found 18 of 18 problems in 3 files, 1 by extraction, Demo/10 is incomplete in import/part-02" in done.out
    assert project.scores("agent") == (1.0, 1.0)
    project.doit("clean")
    assert {path.name: path.read_bytes() for path in parts.iterdir()} == before


def test_a_program_as_a_model(project: Project) -> None:
    """A program that reads a prompt and writes an answer is asked, journalled, graded and reported as a model is."""
    (project.root / "program.py").write_text(PROGRAM)
    (project.root / "known.json").write_text(json.dumps([row["solution"] for row in canonical()]))
    command = json.dumps([sys.executable, str(project.root / "program.py"), str(project.root / "known.json")])
    project.write(
        f'{HEAD}[profiles.cli]\ntitle = "A program"\nslots = 2\nserver = {{ kind = "command", command = {command} }}\n'
    )
    ran = project.doit()
    assert ran.code == 0, ran.out
    assert ran.tasks == ["generate cli", "samples cli", "eval cli", "report"]
    assert project.scores("cli") == (1.0, 1.0)
    assert {row["outcome"] for row in rows(project.file("cli", "raw.jsonl"))} == {"stop"}
    assert "asked with seed None" in (project.results / "cli" / "server.log").read_text()
    assert "by a program with its own settings" in project.report()
    assert project.doit().out == UP_TO_DATE


def test_datasets_by_name_and_more_samples(project: Project, demo_model: Path) -> None:
    """One dataset of a profile is built by its name; more samples later add only those, and reach the report."""
    (project.root / "models").mkdir()
    (project.root / "models" / "a.gguf").symlink_to(demo_model)
    text = '[profiles.a]\ntitle = "A"\nmodel = "a.gguf"\nplacement = ["-t", "1"]\nsamples = 2\ntemperature = 0.8\n'
    both = HEAD.replace('["demo"]', '["demo", "demo-mbpp"]')
    project.write(f'{both}{text}server = {{ kind = "process" }}\n')
    one = project.doit("eval:a:demo-mbpp")
    assert one.code == 0, one.out
    assert one.tasks == ["generate a:demo-mbpp", "samples a:demo-mbpp", "eval a:demo-mbpp"]
    had = rows(project.file("a", "raw.jsonl", "demo-mbpp"))
    project.edit("samples = 2", "samples = 3")
    more = project.doit("eval:a", "report")
    assert more.code == 0, more.out
    after = rows(project.file("a", "raw.jsonl", "demo-mbpp"))
    count = len(datasets.load("demo-mbpp").problems)
    assert after[: len(had)] == had
    assert {row["sample"] for row in after[len(had) :]} == {2}
    assert (len(had), len(after)) == (2 * count, 3 * count)
    assert f"samples 2 → 3, {count} of {3 * count} completions are to be asked for" in more.out
    assert "| A | 3 | 0.8 | " in project.report()
    assert json.loads(project.file("a", "eval_results.json").read_bytes())["pass_at_k"]["base"].keys() >= {"pass@1"}


def test_compare(project: Project) -> None:
    """`doit compare` puts two profiles side by side, and names what it lacks where one is not graded or not there."""
    solved = canonical()
    write(project.root / "good.jsonl", solved)
    write(project.root / "bad.jsonl", [*[dict(row, solution="pass") for row in solved[:9]], *solved[9:]])
    project.write(
        f'{HEAD}[profiles.good]\ntitle = "Good"\nsolutions = "good.jsonl"\n'
        '[profiles.bad]\ntitle = "Bad"\nsolutions = "bad.jsonl"\n'
    )
    early = project.doit("compare", "-a", "good", "-b", "bad")
    assert early.code != 0
    assert "Traceback" not in early.out
    assert project.doit().code == 0
    said = project.doit("compare", "-a", "good", "-b", "bad")
    assert said.code == 0, said.out
    assert "A alone passes (9)" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    unknown = project.doit("compare", "-a", "good", "-b", "nobody")
    assert (unknown.code != 0, 'There is no profile "nobody"; doit list has them.' in unknown.out) == (True, True)
