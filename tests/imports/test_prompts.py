import json
from pathlib import Path

import pytest

from bench import datasets
from bench.commands import prompts
from bench.extract import extract_code
from bench.profiles import Config
from bench.profiles.file import load


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A profile with imported solutions."""
    (tmp_path / "profiles.toml").write_text('[profiles.x]\nsolutions = "import"\ndatasets = ["demo"]\n')
    return load(tmp_path / "profiles.toml")


def test_all_prompts_in_order(config: Config) -> None:
    """The file holds each problem's task_id, prompt and entry point, and nothing that gives the solution away."""
    path = prompts.write(config, "demo")
    assert path == config.layout.root / "demo_prompts.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert [row["task_id"] for row in rows] == list(datasets.load("demo").problems)
    assert {tuple(row) for row in rows} == {("task_id", "prompt", "entry_point")}


def test_written_twice_the_same(config: Config) -> None:
    """Writing it again changes no byte."""
    path = prompts.write(config, "demo")
    before = path.read_bytes()
    prompts.write(config, "demo")
    assert path.read_bytes() == before


def test_an_agent_can_read_it_in_pieces(config: Config, real_datasets: dict[str, Path]) -> None:
    """Lines suit a tool that reads some hundred lines at a time: five a problem, none over 2000 characters."""
    lines = prompts.write(config, "humaneval").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5 * 164 + 2
    assert max(map(len, lines)) < 2000


def test_prompts_are_those_that_completions_continue(config: Config) -> None:
    """A solution that repeats its prompt is found whole."""
    for row in json.loads(prompts.write(config, "demo").read_text()):
        known = datasets.load("demo").problems[row["task_id"]]
        text = row["prompt"] + known.reference.removeprefix(known.prompt)
        assert f"def {row['entry_point']}" in extract_code(text, row["entry_point"]).code
