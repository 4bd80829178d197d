import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import DODO, start

UP_TO_DATE = "everything is up to date   results/report.html   results/REPORT.md\n"
"""What a whole run tells where nothing runs."""
RAN = re.compile(r"^(generate|samples|eval|report) +(?:\S*/REPORT\.md)?(\S*)", re.MULTILINE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every end-to-end test is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Ran:
    """What one doit said, and its exit code."""

    code: int
    out: str

    @property
    def tasks(self) -> list[str]:
        """The steps that ran, such as `generate a`."""
        return [f"{verb} {name}".strip() for verb, name in RAN.findall(self.out)]


@dataclass(frozen=True)
class Project:
    """A profiles file in a folder of its own, and doit on it as a user runs it."""

    root: Path
    before: tuple[str, ...] = ()
    """What stands before each command line, such as that which runs it on another host."""

    def write(self, text: str) -> None:
        (self.root / "profiles.toml").write_text(text)

    def edit(self, old: str, new: str) -> None:
        text = (self.root / "profiles.toml").read_text()
        assert old in text
        self.write(text.replace(old, new))

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "BENCH_PROFILES": str(self.root / "profiles.toml"), "COLUMNS": "100",
            "PYTHONWARNINGS": "error", "BENCH_LOCKS": str(self.root),
        }  # fmt: skip

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """An interpreter of its own, for what is done to it from outside."""
        command = [*self.before, sys.executable, "-m", "doit", "-f", DODO, *arguments]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.root,
            env=self.environment | environment,
        )  # fmt: skip

    def doit(self, *arguments: str, seconds: float = 300, **environment: str) -> Ran:
        environment = self.environment | environment
        process = start("-f", DODO, *arguments, cwd=self.root, environment=environment, before=self.before)
        try:
            out, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
            raise AssertionError(f"doit took more than {seconds} s and had said: {out}") from None
        return Ran(process.returncode, out)

    @property
    def results(self) -> Path:
        return self.root / "results"

    def file(self, profile: str, name: str, dataset: str = "demo") -> Path:
        return self.results / profile / dataset / name

    def scores(self, profile: str, dataset: str = "demo") -> tuple[float, float]:
        """Base and plus pass@1 in the profile's results."""
        found: dict[str, Any] = json.loads(self.file(profile, "eval_results.json", dataset).read_bytes())["pass_at_k"]
        return found["base"]["pass@1"], found["plus"]["pass@1"]

    def statuses(self, profile: str, dataset: str = "demo") -> dict[str, list[tuple[str, str]]]:
        """Base and plus status of every sample, by problem."""
        found = json.loads(self.file(profile, "eval_results.json", dataset).read_bytes())["eval"]
        return {task: [(row["base_status"], row["plus_status"]) for row in rows] for task, rows in found.items()}

    def report(self) -> str:
        return (self.results / "REPORT.md").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty folder to run doit in."""
    return Project(tmp_path)


@pytest.fixture(scope="session")
def demo_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's model as a file that any profile can name."""
    from bench.demo import model

    path = tmp_path_factory.mktemp("models") / "demo.gguf"
    model.build(path)
    return path


@pytest.fixture(scope="session")
def slow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's model with so much more to compute that there is time to pull a cable."""
    pytest.importorskip("xllamacpp", reason="no llama.cpp server on this machine: pip install xllamacpp")
    from bench.demo.bundled_answers import pairs
    from bench.demo.model import build_answers

    path = tmp_path_factory.mktemp("slow") / "slow.gguf"
    build_answers(path, pairs(), name="demo", load_layers=2)
    return path


@pytest.fixture
def served(project: Project, demo_model: Path) -> Project:
    """A project with one local model `a` on the demo's problems, served as a process, graded in bubblewrap."""
    serve(project, demo_model)
    return project


def serve(project: Project, model: Path) -> None:
    """Make the model the profile `a` of a project."""
    (project.root / "models").mkdir()
    shutil.copy(model, project.root / "models" / "a.gguf")
    project.write("""
[defaults]
datasets = ["demo"]
max_tokens = 256
context = 2048
canary = false
[server]
kind = "process"
[sandbox]
kind = "bubblewrap"
[profiles.a]
title = "Model A"
model = "a.gguf"
placement = ["-t", "1"]
""")


def servers() -> list[str]:
    """The command lines of llama.cpp servers that run on this machine, by pid."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if "servers/xllamacpp_server.py" in line or line.startswith("llama-server"):
            found.append(f"{entry.name} {line}")
    return found
