import re
from pathlib import Path

import pytest

from bench.commands import prompts
from bench.imports.files import holds_solutions
from bench.profiles.file import load

ROOT = Path(__file__).parents[2]
AGENTS = {"humaneval-solver": "bench-opus4.6", "humaneval-solver-thinking": "bench-opus4.6-thinking"}


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest) -> tuple[str, dict[str, str], str]:
    """Name, front matter and instructions of each agent."""
    text = (ROOT / ".claude" / "agents" / f"{request.param}.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    return request.param, dict(line.split(": ", 1) for line in head.splitlines()), body


def test_tools(agent: tuple[str, dict[str, str], str]) -> None:
    """An agent reads and writes, and does nothing else."""
    name, head, _ = agent
    assert (head["name"], head["tools"]) == (name, "Read, Write")
    assert head["description"]


def test_it_writes_where_its_profile_reads(agent: tuple[str, dict[str, str], str]) -> None:
    """The parts are in the folder that the shipped profile imports, under names that are read."""
    name, head, body = agent
    profile = load(ROOT / "profiles.toml").profile(AGENTS[name])
    folder, part = re.search(r"`(results/\S+/)(part-01\.jsonl)`", body).groups()  # type: ignore[union-attr]
    assert profile.solutions == (folder,)
    assert holds_solutions(Path(part))
    assert head["model"].removeprefix("claude-").replace("-", " ") in profile.title.lower().replace(".", " ")


def test_the_readme_describes_agents(agent: tuple[str, dict[str, str], str]) -> None:
    """The README's own section has the commands of each agent, its effort, and what a newcomer trips over."""
    name, head, _ = agent
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Claude\n")[1].split("\n## ")[0]
    text = " ".join(section.split())
    assert f"claude --agent {name}" in text
    assert f"doit eval:{AGENTS[name]}" in text
    assert f"`effort: {head['effort']}`" in text
    for word in ("doit prompts", "start", "Plan mode", "Subscription", "partial = true", "Training data"):
        assert word in text


@pytest.mark.slow
def test_it_reads_what_prompts_writes(
    agent: tuple[str, dict[str, str], str], tmp_path: Path, real_datasets: dict[str, Path]
) -> None:
    """Problem n begins in line 5n + 2 of the prompts file, as the agent is told."""
    (tmp_path / "profiles.toml").write_text('[profiles.x]\nsolutions = "import"\n')
    config = load(tmp_path / "profiles.toml")
    path = prompts.write(config, "humaneval")
    assert f"`{path.relative_to(tmp_path)}`" in agent[2]
    assert "problem n (from 0) begins in line 5n + 2" in agent[2]
    lines = path.read_text(encoding="utf-8").splitlines()
    for n in (0, 20, 163):
        assert lines[5 * n + 2 - 1].strip() == "{"
        assert f'"HumanEval/{n}"' in lines[5 * n + 2]
