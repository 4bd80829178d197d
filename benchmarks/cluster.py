"""Grading on a Dask cluster of 1 and of 2 workers of one core each: rate, efficiency, what scheduler and client take.

    HUMANEVAL_OVERRIDE_PATH=HumanEvalPlus.jsonl python -m benchmarks.cluster CORPUS [--samples 15000] [--models NAME …]

The samples are those of all models of CORPUS, again and again under other names, with no verdict known. Workers are
held to a core each. Scheduler and client run beside them: on two cores the second worker has less than one.
"""

import argparse
import itertools
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

from bench.evaluate.run import evaluate
from bench.layout import RunFiles
from bench.profiles import Sandbox

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """One grading: seconds of wall time, of the scheduler's and of the client's processor; MB at most."""

    wall: float
    scheduler: float
    client: float
    scheduler_peak: float


@contextmanager
def running(folder: Path, workers: int) -> Iterator[tuple[str, int]]:
    """A scheduler and so many workers, each held to its core: the address and the scheduler's process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str, core: int | None = None) -> None:
        with (folder / "dask.log").open("ab") as log:
            pinned = ["taskset", "--cpu-list", str(core)] if core is not None else []
            command = [*pinned, sys.executable, "-m", f"distributed.cli.dask_{name}", "--no-dashboard", *arguments]
            started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    try:
        start("scheduler", "--host", "127.0.0.1", "--port", str(port))
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        for core in range(workers):
            place = ["--local-directory", str(folder / f"worker-{core}")]
            start("worker", address, "--nthreads", "1", "--no-nanny", *place, core=core)
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers)
        yield address, started[0].pid
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def samples(corpus: list[Path], count: int) -> Iterator[str]:
    """So many lines, no two of them alike."""
    rows = [json.loads(line) for path in corpus for line in path.read_text().splitlines()]
    for number, row in enumerate(itertools.islice(itertools.cycle(rows), count)):
        key = "solution" if "solution" in row else "completion"
        yield json.dumps({"task_id": row["task_id"], key: f"{row[key]}\n# {number}\n"}) + "\n"


def graded(folder: Path, address: str, scheduler: int = 0) -> Measured:
    """Grade what lies in the folder, knowing nothing but the ground truth."""
    began, before, used = time.monotonic(), _client_seconds(), _seconds(scheduler)
    files = RunFiles(folder / "profile", "humaneval")
    evaluate(files, "humaneval", Sandbox(kind="bubblewrap"), folder / "cache", scheduler=address, reuse=False)
    peak = _peak(scheduler)
    return Measured(time.monotonic() - began, _seconds(scheduler) - used, _client_seconds() - before, peak)


def _client_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() if pid else []
    return sum(map(int, fields[11:13])) / TICK


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Print a line for each number of workers."""
    parser = argparse.ArgumentParser(description="Grading on a Dask cluster")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--samples", type=int, default=15000)
    parser.add_argument("--models", nargs="*", help="instead of all models of the corpus")
    options = parser.parse_args()
    models = options.models or sorted(path.stem for path in options.corpus.glob("*.jsonl"))
    corpus = [options.corpus / f"{model}.jsonl" for model in models]
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        files = RunFiles(folder / "profile", "humaneval")
        files.root.mkdir(parents=True)
        print("workers  seconds  samples/s  efficiency  scheduler: s   MB  ms/sample  client: ms/sample")
        alone = 0.0
        for workers in (1, 2):
            with running(folder, workers) as (address, scheduler):
                # Once with few samples: the ground truth is made and handed out, and the sandboxes are open.
                files.samples.write_text("".join(samples(corpus, 20)))
                graded(folder, address, scheduler)
                files.samples.write_text("".join(samples(corpus, options.samples)))
                found = graded(folder, address, scheduler)
            alone = alone or found.wall
            print(
                f"{workers:>7} {found.wall:>8.0f} {options.samples / found.wall:>10.1f} "
                f"{100 * alone / found.wall / workers:>9.0f} % {found.scheduler:>13.1f} {found.scheduler_peak:>4.0f} "
                f"{1000 * found.scheduler / options.samples:>10.2f} {1000 * found.client / options.samples:>18.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
