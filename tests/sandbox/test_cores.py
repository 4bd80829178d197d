"""Whose turn it is on this machine's cores, as workers of a cluster ask, each of them in several threads."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from bench.sandbox.cores import turn

CROWD = """
import os, resource, sys, tempfile, threading
from bench.sandbox.cores import turn
tempfile.tempdir = sys.argv[1]
os.sysconf = lambda _: 32
os.sched_getaffinity = lambda _: set(range(32))
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
all_in, entered = threading.Barrier(32, timeout=30), []

def batch(alone):
    with turn(alone=alone):
        all_in.wait()
        entered.append(alone)

for alone in (False, True):
    threads = [threading.Thread(target=batch, args=[alone]) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(entered.count(False), entered.count(True))
"""


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever else grades on this machine is not waited for."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_as_many_second_tries_at_once_as_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine of two cores two samples are tried again at once, a third and a batch wait for both."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    entered: list[str] = []

    def enter(name: str, *, alone: bool) -> None:
        with turn(alone=alone):
            entered.append(name)

    waiting = [
        threading.Thread(target=enter, args=("third",), kwargs={"alone": True}),
        threading.Thread(target=enter, args=("batch",), kwargs={"alone": False}),
    ]
    with turn(alone=True), turn(alone=True):
        for thread in waiting:
            thread.start()
        waiting[0].join(0.3)
        assert entered == []
    for thread in waiting:
        thread.join()
    assert sorted(entered) == ["batch", "third"]


def test_who_is_held_to_a_core_takes_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker with more threads than cores tries no more samples at once than its own cores hold."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1})
    second = threading.Event()

    def enter() -> None:
        with turn(alone=True):
            second.set()

    thread = threading.Thread(target=enter)
    with turn(alone=True):
        thread.start()
        assert not second.wait(0.3)
    thread.join()
    assert second.is_set()


def test_a_batch_costs_one_descriptor(tmp_path: Path) -> None:
    """A worker of 32 threads on 32 cores works with 64 descriptors in all, on batches and on second tries."""
    ran = subprocess.run([sys.executable, "-c", CROWD, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ran.stdout == "32 32\n", ran.stderr
