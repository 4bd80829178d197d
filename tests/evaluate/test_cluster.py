"""Grading by real Dask workers on this machine; tests/e2e/test_cluster.py has them on hosts of their own."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError, GraderError, SandboxError
from bench.evaluate import cluster
from bench.sandbox.kinds import available
from tests.evaluate.grading import SOLUTIONS, Grader

ROOT = Path(__file__).parents[2]


class Programs:
    """A scheduler and workers, started one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"

    def start(self, name: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """A program of Dask's; its words go to a log."""
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "distributed.cli.dask_" + name.partition("-")[0], "--no-dashboard"]
            process = subprocess.Popen(
                [*command, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            )  # fmt: skip
        self.running.append(process)
        return process

    def scheduler(self, **environment: str) -> "subprocess.Popen[bytes]":
        """The scheduler, ready."""
        host, port = self.address.removeprefix("tcp://").split(":")
        process = self.start("scheduler", "--host", host, "--port", port, **environment)
        for _ in range(1200):
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                return process
            time.sleep(0.1)
        raise AssertionError((self.folder / "scheduler.log").read_text())

    def worker(self, number: int, threads: int = 1, **environment: str) -> "subprocess.Popen[bytes]":
        """A worker."""
        folder = self.folder / f"worker-{number}"
        options = ["--nthreads", str(threads), "--no-nanny", "--local-directory", str(folder)]
        return self.start(f"worker-{number}", self.address, *options, **environment)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Dask's programs, gone when the test ends."""
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    started = Programs(tmp_path)
    yield started
    for process in started.running:
        process.kill()
        process.wait()


def samples(copies: int) -> list[tuple[str, str]]:
    """Right, wrong, failing, empty and hanging solutions of every problem, each so many times with another name."""
    pairs = []
    for number in range(copies):
        for task_id, right in SOLUTIONS.items():
            name = right.partition("(")[0].removeprefix("def ")
            wrong = [f"def {name}(*_): return {number}", f"def {name}(*_): raise ValueError", f"# {number}", ""]
            pairs += [(task_id, f"{text}\n# {number}" * bool(text)) for text in [right, *wrong]]
    return [*pairs, ("Demo/0", "def total(numbers):\n    while True: pass\n")]


ALONE: dict[int, list[tuple[str, str, bool]]] = {}


def statuses_here(grader: Grader, copies: int) -> list[tuple[str, str, bool]]:
    """The statuses of these samples on this machine without a cluster, graded once for all tests."""
    if copies not in ALONE:
        ALONE[copies] = statuses(grader.grade(samples(copies), reuse=False))
    return ALONE[copies]


def statuses(graded: list[tuple[str, str, dict[str, Any]]]) -> list[tuple[str, str, bool]]:
    """What must be the same wherever a sample was graded."""
    return [(base, plus, about["retried"]) for base, plus, about in graded]


@pytest.mark.slow
def test_a_cluster_finds_what_one_machine_finds(grader: Grader, tmp_path: Path, programs: Programs) -> None:
    """Two workers give the same statuses, compute the ground truth, and keep each verdict once in the same cache."""
    programs.scheduler()
    programs.worker(1)
    programs.worker(2)
    far = Grader(tmp_path / "far", tmp_path / "far-cache")
    pairs = samples(3)
    graded = far.grade(pairs, scheduler=programs.address)
    assert statuses(graded) == statuses_here(grader, 3)
    keys = [json.loads(line)["key"] for line in (far.cache / "verdicts" / "demo.jsonl").read_bytes().splitlines()]
    assert len(keys) == len(set(keys)) == len({*pairs}) - 1
    block = far.results()["bench"]
    assert (block["scheduler"], block["workers"], block["retries"]) == (programs.address, 2, 1)
    assert block["sandbox"]["kind"] == "bubblewrap"
    assert block["sandbox"]["numpy"]
    assert far.run(scheduler=programs.address).cached == len(pairs) - 1


@pytest.mark.slow
def test_workers_that_cannot_grade_are_left_out(
    grader: Grader, programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Workers without sandbox or with another grader are named, and the others do the work."""
    other = tmp_path / "other"
    shutil.copytree(ROOT / "bench", other / "bench")
    with (other / "bench" / "evaluate" / "formatting.py").open("a") as file:
        file.write("# another one\n")
    (tmp_path / "none" / "bench").mkdir(parents=True)
    (tmp_path / "none" / "bench" / "__init__.py").write_text("raise ModuleNotFoundError('there is no bench')")
    programs.scheduler()
    programs.worker(1, PYTHONPATH=str(other))
    programs.worker(2, PATH="/nowhere")
    programs.worker(3, PYTHONPATH=str(tmp_path / "none"))
    grader.write(samples(1))
    with pytest.raises(SandboxError) as caught:
        grader.run(scheduler=programs.address, reuse=False)
    assert caught.value.sentence.startswith(f"No worker of {programs.address} can grade: ")
    programs.worker(4)
    # A worker without bench that comes late does not even start.
    while grader_workers(programs.address) < 3:
        time.sleep(0.1)
    assert grader.run(scheduler=programs.address, reuse=False).plus_passed == len(SOLUTIONS)
    output = capsys.readouterr().out
    assert "is left out: it has another grader; install this machine's bench and EvalPlus there" in output
    assert 'is left out: [sandbox] kind = "bubblewrap" cannot be used here (' in output


def grader_workers(address: str) -> int:
    """How many workers have joined."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        return len(client.nthreads())


@pytest.mark.slow
@pytest.mark.parametrize("how", ["it ends", "it ends and another one comes"])
def test_a_worker_that_is_killed_loses_nothing(
    grader: Grader, programs: Programs, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a worker had in hand is done by another one, even one that comes when all are gone."""
    programs.scheduler()
    first = programs.worker(1)
    if how == "it ends":
        programs.worker(2)
    pairs = samples(3)

    def on_progress(done: int, _of: int, phase: str, _share: float) -> None:
        if done >= 10 and not phase and first.poll() is None:
            first.kill()
            first.wait()
            if how != "it ends":
                programs.worker(2)

    graded = grader.grade(pairs, scheduler=programs.address, reuse=False, on_progress=on_progress)
    assert first.poll() is not None
    assert statuses(graded) == statuses_here(grader, 3)
    assert "left out" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_scheduler_that_ends_is_one_sentence(grader: Grader, programs: Programs, tmp_path: Path) -> None:
    """Where the scheduler is gone, the old result and the verdicts that came stay, and the next run goes on."""
    grader.cache = tmp_path / "own"
    scheduler = programs.scheduler()
    programs.worker(1)
    pairs = samples(3)
    grader.write(pairs)
    grader.files.results.write_text("old")

    def on_progress(done: int, _of: int, phase: str, _share: float) -> None:
        if done >= 10 and not phase:
            scheduler.kill()

    with pytest.raises(GraderError) as caught:
        grader.run(scheduler=programs.address, on_progress=on_progress)
    assert caught.value.sentence == (
        f"The Dask scheduler at {programs.address} is gone; start it, and run doit again: what was graded is kept."
    )
    assert grader.files.results.read_text() == "old"
    assert grader.run().cached >= 10


@pytest.mark.slow
def test_a_scheduler_without_the_grader_is_one_sentence(grader: Grader, programs: Programs, tmp_path: Path) -> None:
    """A scheduler reads what is sent through it, so it must have the same grader."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").write_text("raise ModuleNotFoundError('there is no bench')")
    programs.scheduler(PYTHONPATH=str(tmp_path))
    grader.write(samples(1))
    with pytest.raises(SandboxError) as caught:
        grader.run(scheduler=programs.address)
    assert (
        "has no bench, or another one (there is no bench); install this machine's bench and EvalPlus there"
        in caught.value.sentence
    )


def test_no_scheduler_is_one_sentence(grader: Grader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An address at which nothing answers is said with its remedy."""
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    grader.write(samples(1))
    with pytest.raises(SandboxError) as caught:
        grader.run(scheduler=Programs(tmp_path).address)
    assert caught.value.sentence.startswith("No Dask scheduler answers at tcp://127.0.0.1:")
    assert caught.value.sentence.endswith("; start it, or remove [evaluate] scheduler.")


def test_without_dask_it_is_one_sentence(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler that is set on a machine without the extra is said with the command that installs it."""
    monkeypatch.setitem(sys.modules, "bench.evaluate.cluster", None)
    grader.write(samples(1))
    with pytest.raises(BenchError, match=r'pip install "bench\[dask\]"'):
        grader.run(scheduler="tcp://127.0.0.1:8786")
