"""Two doits on the same results, and doit killed at any moment."""

import contextlib
import json
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.sandbox.kinds import available
from tests.graph.conftest import UP_TO_DATE, Project

pytestmark = pytest.mark.skipif(bool(available("bubblewrap")), reason="no bubblewrap to grade in")


def slowed(project: Project, seconds: float) -> Project:
    """The project, whose program takes so long for an answer."""
    answer = project.root / "answer"
    answer.write_text(answer.read_text().replace("printf x", f"sleep {seconds}\nprintf x"))
    return project


@pytest.fixture
def slow(project: Project) -> Project:
    """A project whose generation takes about two seconds."""
    return slowed(project, 0.1)


def begun(project: Project) -> None:
    """Wait until the program has had a prompt."""
    ends = time.monotonic() + 60
    while not project.asked and time.monotonic() < ends:
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("reporter", ["console", "json", ""])
def test_a_second_doit_waits(slow: Project, reporter: str) -> None:
    """A second doit tells whom it waits for, then finds all answers, whatever reporter the first one has."""
    first = slow.start(*(["-r", reporter] if reporter else []), "generate:a")
    begun(slow)
    second = slow.doit("generate:a")
    assert f"results/a/demo is in use by process {first.pid} since 20" in second
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert slow.asked <= 19  # the one that fails is tried again


@pytest.mark.slow
@pytest.mark.parametrize("reporter", ["console", ""])
def test_clean_beside_a_run(slow: Project, reporter: str) -> None:
    """A clean beside a generation is refused with its process, and takes none of its answers."""
    first = slow.start(*(["-r", reporter] if reporter else []), "generate:a")
    begun(slow)
    refused = slow.doit("clean", "generate:a", code=1)
    assert f"in use by process {first.pid}" in refused
    first.communicate(timeout=60)
    assert len(slow.file("a", "raw.jsonl").read_text().splitlines()) == 18


@pytest.mark.slow
def test_looks_beside_a_run(project: Project) -> None:
    """why, list, info, compare and doctor wait for nobody, and why tells of the run."""
    slow = slowed(project, 0.2)
    first = slow.start("generate:a")
    begun(slow)
    began = time.monotonic()
    assert re.search(rf"generate +a +under way in process {first.pid} since", slow.doit("why"))
    slow.doit("list", "--all", "--status")
    slow.doit("info", "eval:b:demo", code=1)
    assert first.poll() is None or time.monotonic() - began > 3
    first.communicate(timeout=60)
    assert first.returncode == 0


@pytest.mark.slow
def test_an_interrupt(slow: Project) -> None:
    """A run that is stopped leaves its answers, which the report grades as a part, and goes on from there."""
    first = slow.start("-r", "console")
    begun(slow)
    time.sleep(0.5)
    first.send_signal(signal.SIGTERM)
    out, _ = first.communicate(timeout=30)
    assert first.returncode == 130, out
    assert "generate a stopped" in out
    had = len(slow.file("a", "raw.jsonl").read_text().splitlines())
    assert f"a: {had} of 18 completions so far; these are graded for the report" in slow.doit("report")
    text = (slow.results / "REPORT.md").read_text()
    assert f"| partial | {had} of 18 problems so far |" in text
    assert f"{had} of 18 completions" not in slow.doit("report")
    assert f"goes on from {had} of 18 completions" in slow.doit("generate:a")


def lines(name: str, count: int) -> Callable[[Project], bool]:
    """Whether a file of profile a has that many lines."""
    return lambda project: _count(project.file("a", name)) >= count


def _count(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.read_bytes().count(b"\n")
    return 0


def recorded(count: int) -> Callable[[Project], bool]:
    """Whether doit's database knows that many tasks."""

    def look(project: Project) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return len(json.loads((project.results / ".doit.json").read_bytes())) >= count
        return False

    return look


MOMENTS = {
    "started": lambda project: (project.results / "a" / "demo" / ".lock").exists(),
    "first answer": lines("raw.jsonl", 1),
    "half the answers": lines("raw.jsonl", 9),
    "last answer": lines("raw.jsonl", 18),
    "provenance": lines("run.json", 1),
    "generate recorded": recorded(1),
    "samples": lines("samples.jsonl", 1),
    "samples recorded": recorded(2),
    "results": lines("eval_results.json", 1),
    "report": lambda project: (project.results / "REPORT.md").exists(),
}


@pytest.mark.slow
def test_ten_kills(project: Project) -> None:
    """After kill -9 at ten moments, what was recorded is not run again, and no answer is lost or doubled."""
    project.edit('[profiles.b]\ntitle = "Import B"\nsolutions = "solutions.jsonl"\n', "")
    answer = project.root / "answer"
    answer.write_text(answer.read_text().replace('echo "nothing today" >&2; exit 1', "printf 'I do not know.'"))
    project.doit()
    samples = project.file("a", "samples.jsonl").read_bytes()
    for moment, reached in MOMENTS.items():
        shutil.rmtree(project.results)
        process = project.start()
        while process.poll() is None and not reached(project):
            time.sleep(0.001)
        assert process.poll() is None, moment
        process.kill()
        process.communicate()
        with contextlib.suppress(FileNotFoundError):
            done = list(json.loads((project.results / ".doit.json").read_bytes()))
            assert not {f"{name.split()[0]}:a:demo" for name in project.tasks()} & set(done), moment
        project.doit()
        keys = [json.loads(line)["key"] for line in project.file("a", "raw.jsonl").read_text().splitlines()]
        assert len(keys) == len(set(keys)) == 18, moment
        assert project.file("a", "samples.jsonl").read_bytes() == samples
        assert project.doit() == UP_TO_DATE
