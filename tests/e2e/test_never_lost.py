"""Kills, interrupts and locks, on a real llama.cpp server."""

import contextlib
import fcntl
import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from bench.sandbox.kinds import available
from tests import images
from tests.e2e.conftest import Project, servers
from tests.running import DODO

KILLS = 12


def children(pid: int) -> list[int]:
    """The processes that a process started, and what those started."""
    found = []
    for line in subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )[1:]:
        if line.split()[1:] == [str(pid)]:
            child = int(line.split()[0])
            found += [child, *children(child)]
    return found


def wait_for(path: Path, size: int, process: "subprocess.Popen[str]") -> None:
    """Until a file has that many bytes, or the process ended."""
    while process.poll() is None and (not path.exists() or path.stat().st_size < size):
        time.sleep(0.01)


def rows(path: Path) -> list[dict[str, object]]:
    """The whole lines of a journal."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_twelve_kills(served: Project) -> None:
    """Twelve kill -9 of doit or of its server at random moments lose no completion, double none, and change no byte."""
    chance = random.Random(20)
    undisturbed = served.doit("samples:a")
    assert undisturbed.code == 0, undisturbed.out
    expected = served.file("a", "samples.jsonl").read_bytes()
    total = len(rows(served.file("a", "raw.jsonl")))
    journal, seen = served.file("a", "raw.jsonl"), 0
    for _ in range(KILLS):
        if len(rows(journal)) >= total:
            served.doit("clean", "generate:a")
            seen = 0
        process = served.start("generate:a")
        wait_for(journal, (journal.stat().st_size if journal.exists() else 0) + chance.randrange(2000), process)
        time.sleep(chance.random() * 0.2)
        victims = [process.pid] if chance.random() < 0.7 else children(process.pid)[-1:]
        for victim in victims:
            # A server may have ended by itself just now.
            with contextlib.suppress(ProcessLookupError):
                if process.poll() is None:
                    os.kill(victim, signal.SIGKILL)
        process.communicate(timeout=60)
        now = rows(journal)
        assert len(now) >= seen
        seen = len(now)
    last = served.doit("samples:a")
    assert last.code == 0, last.out
    keys = [row["key"] for row in rows(journal)]
    assert len(keys) == len(set(keys)) == total
    assert served.file("a", "samples.jsonl").read_bytes() == expected
    assert not [line for line in servers() if str(served.root) in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_cleanly(served: Project, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end doit within ten seconds with a sentence, no server stays, and the next run goes on."""
    process = served.start("generate:a")
    wait_for(served.file("a", "raw.jsonl"), 1500, process)
    had, began = len(rows(served.file("a", "raw.jsonl"))), time.monotonic()
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert "generate a stopped; the next doit goes on from here." in out
    assert "Traceback" not in out
    assert not [line for line in servers() if str(served.root) in line]
    again = served.doit("generate:a")
    assert "goes on from" in again.out
    assert len(rows(served.file("a", "raw.jsonl"))) > had


def test_the_database_survives_an_interrupt(served: Project) -> None:
    """What was done before SIGTERM is not done again, and a run that was stopped is not summed up as one that ended."""
    served.doit("samples:a")
    served.edit("[profiles.a]", '[profiles.b]\ntitle = "B"\nmodel = "a.gguf"\nsystem_prompt = ""\n[profiles.a]')
    process = served.start()
    wait_for(served.file("b", "raw.jsonl"), 1000, process)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert " done, " not in out
    assert "generate a" not in served.doit().tasks


def test_two_servers_at_once(served: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another project's doit tells who runs a server on this machine, and starts its own when that has ended."""
    served.edit("canary = false", "canary = false\nsamples = 4\ntemperature = 0.8")
    other = Project(tmp_path_factory.mktemp("other"))
    (other.root / "models").symlink_to(served.root / "models")
    other.write((served.root / "profiles.toml").read_text())
    first = served.start("generate:a")
    wait_for(served.file("a", "raw.jsonl"), 1, first)
    second = other.doit("generate:a", BENCH_LOCKS=str(served.root))
    assert f"llama-server on this machine is in use by process {first.pid} since 20" in second.out
    assert second.code == 0, second.out
    first.communicate(timeout=120)
    assert first.returncode == 0


def test_parallel_tasks_wait_for_the_server(served: Project) -> None:
    """With -n 2 two profiles are generated one after the other, each by its own server."""
    served.edit("[profiles.a]", '[profiles.b]\ntitle = "B"\nmodel = "a.gguf"\nsystem_prompt = ""\n[profiles.a]')
    both = served.doit("-n", "2", "samples:a", "samples:b")
    assert both.code == 0, both.out
    assert served.file("a", "samples.jsonl").read_bytes() == served.file("b", "samples.jsonl").read_bytes()


def test_a_truncated_line_is_repaired(served: Project) -> None:
    """A truncated last line is reported, and its problem is requested again."""
    served.doit("generate:a")
    journal = served.file("a", "raw.jsonl")
    whole = rows(journal)
    journal.write_bytes(journal.read_bytes()[:-20])
    again = served.doit("generate:a")
    assert again.code == 0, again.out
    assert "its last line was truncated" in again.out
    assert [row["task_id"] for row in rows(journal)] == [row["task_id"] for row in whole]


def test_a_newer_journal_is_left_alone(served: Project) -> None:
    """A journal of a newer version is one clear sentence, and is not touched."""
    journal = served.file("a", "raw.jsonl")
    journal.parent.mkdir(parents=True)
    journal.write_text('{"v": 99, "key": "k"}\n')
    ran = served.doit("generate:a")
    assert ran.code != 0
    assert "line 1 was written by a newer version of this program; update this one" in ran.out
    assert "Traceback" not in ran.out
    assert journal.read_text() == '{"v": 99, "key": "k"}\n'


def in_a_terminal() -> None:
    """What a terminal's shell does: standard input is the terminal, whose end is told, though nohup began the tests."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_a_closed_terminal_stops_cleanly(served: Project) -> None:
    """When the terminal is closed, doit stops as on SIGTERM: no server stays, and the next run goes on."""
    near, far = pty.openpty()
    command = [sys.executable, "-m", "doit", "-f", DODO, "generate:a"]
    process = subprocess.Popen(
        command, stdin=far, stdout=far, stderr=far, cwd=served.root, env=served.environment, start_new_session=True,
        preexec_fn=in_a_terminal,  # noqa: PLW1509 - two calls, no locks
    )  # fmt: skip
    os.close(far)
    journal = served.file("a", "raw.jsonl")
    while not journal.exists() or journal.stat().st_size < 1500:
        assert process.poll() is None
        select.select([near], [], [], 0.01)[0] and os.read(near, 4096)
    os.close(near)
    assert process.wait(timeout=10) == 130
    assert not [line for line in servers() if str(served.root) in line]
    had = len(rows(journal))
    again = served.doit("generate:a")
    assert f"goes on from {had} of " in again.out


def test_what_failed_is_asked_again_on_demand(served: Project) -> None:
    """A problem whose answer came too late is lost until it is asked for again, which `-a` does, for that one alone."""
    served.edit('kind = "process"', 'kind = "process"\nrequest_timeout = 0.001')
    assert served.doit("generate:a").code == 0
    journal = served.file("a", "raw.jsonl")
    late = [row["task_id"] for row in rows(journal)]
    assert {row["outcome"] for row in rows(journal)} == {"timeout"}
    served.edit("request_timeout = 0.001", "request_timeout = 60")
    assert served.doit("generate:a").tasks == []
    assert served.doit("-a", "generate:a").code == 0
    assert [row["task_id"] for row in rows(journal) if row["outcome"] != "timeout"] == late


@pytest.mark.docker
@pytest.mark.alone  # any other run on this machine removes the container, too
def test_a_killed_container(served: Project) -> None:
    """A container that is killed is started once more; one that a kill -9 of doit left is removed; no byte differs."""
    if reason := available("docker"):
        pytest.skip(f"no Docker: {reason}")
    images.server()
    served.edit('kind = "process"', f'kind = "compose"\nimage = "{images.SERVER}"')
    label = f"label=bench.results={served.results}"
    assert served.doit("samples:a").code == 0
    expected, journal = served.file("a", "samples.jsonl").read_bytes(), served.file("a", "raw.jsonl")
    total = len(rows(journal))
    served.doit("clean", "generate:a")
    process = served.start("generate:a")
    wait_for(journal, 1500, process)
    subprocess.run(["docker", "kill", *containers(label)], check=True, capture_output=True)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "Trying again." in out
    served.doit("clean", "generate:a")
    process = served.start("generate:a")
    wait_for(journal, 1500, process)
    process.kill()
    process.communicate()
    assert len(containers(label)) == 1
    last = served.doit("samples:a")
    assert "removed the llama-server container of a killed run of a" in last.out
    assert last.code == 0, last.out
    assert len({row["key"] for row in rows(journal)}) == len(rows(journal)) == total
    assert served.file("a", "samples.jsonl").read_bytes() == expected
    assert containers(label) == []


def containers(label: str) -> list[str]:
    """The ids of the containers with that label."""
    command = ["docker", "ps", "--all", "--quiet", "--filter", label]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
