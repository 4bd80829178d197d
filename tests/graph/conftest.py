import fcntl
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import DODO, Fork, start

UP_TO_DATE = "everything is up to date   results/report.html   results/REPORT.md\n"
"""What a whole run tells where nothing runs."""
OLD = Path(__file__).with_name("version_0_1")
INPUTS = ("profiles.toml", "answer", "solutions.jsonl")
"""The files of a project."""


@dataclass(frozen=True)
class Project:
    """A program that answers as profile `a`, an import as profile `b`, and doit on them as a user runs it.

    The program appends a line to `asked` for each prompt.
    """

    root: Path

    def edit(self, old: str, new: str) -> None:
        """Change profiles.toml."""
        text = (self.root / "profiles.toml").read_text()
        assert old in text
        (self.root / "profiles.toml").write_text(text.replace(old, new))

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which doit is run."""
        ours = {"BENCH_PROFILES": str(self.root / "profiles.toml"), "BENCH_LOCKS": str(self.root), "COLUMNS": "100"}
        return os.environ | ours | {"PYTHONWARNINGS": "error"}

    def start(self, *arguments: str, cwd: Path | None = None, **environment: str) -> Fork:
        return start("-f", DODO, *arguments, cwd=cwd or self.root, environment=self.environment | environment)

    def doit(self, *arguments: str, code: int = 0, cwd: Path | None = None, **environment: str) -> str:
        """What doit prints; its exit code is as expected."""
        process = self.start(*arguments, cwd=cwd, **environment)
        try:
            out, _ = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
        assert process.returncode == code, out
        assert "Traceback" not in out
        return out

    def tasks(self, *arguments: str, code: int = 0) -> list[str]:
        """The tasks that a run runs, such as `generate a`."""
        verbs = ("generate", "samples", "eval", "report")
        rows = [line.split() for line in self.doit(*arguments, code=code).splitlines()]
        lines = [line[:2] for line in rows if line and line[0] in verbs]
        return [verb if verb == "report" else f"{verb} {name}" for verb, name in lines]

    @property
    def results(self) -> Path:
        return self.root / "results"

    def file(self, profile: str, name: str) -> Path:
        return self.results / profile / "demo" / name

    @property
    def asked(self) -> int:
        """How many prompts the program has had."""
        path = self.root / "asked"
        return len(path.read_text()) if path.exists() else 0


@pytest.fixture
def project(first: Project, tmp_path: Path) -> Project:
    """A project that has no results yet, where the verdicts on what it will grade are known."""
    for name in INPUTS:
        shutil.copy(OLD / name, tmp_path / name)
    for name in ("truth", "verdicts"):
        shutil.copytree(first.results / ".cache" / name, tmp_path / "results" / ".cache" / name)
    return Project(tmp_path)


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """A project after its first run, which the processes that run tests share."""
    base = tmp_path_factory.getbasetemp()
    project = Project((base if worker_id == "master" else base.parent) / "first")
    project.root.mkdir(exist_ok=True)
    with project.root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (project.results / "REPORT.md").exists():
            for name in INPUTS:
                shutil.copy(OLD / name, project.root / name)
            project.doit()
    return project


@pytest.fixture
def made(first: Project, tmp_path: Path) -> Project:
    """A copy of it, which is as fresh as the project itself."""
    shutil.copytree(first.root, tmp_path / "made")
    return Project(tmp_path / "made")
