import importlib
import os
import subprocess
import sys
import time

import pytest

from bench.errors import LockedError
from bench.profiles import SERVER_KINDS, Host
from bench.servers import one_server

HOLD = """
import sys
from bench.servers import one_server
with one_server():
    print("held", flush=True)
    sys.stdin.read()
"""


def hold() -> "subprocess.Popen[str]":
    """A process of run 7 that takes the server, and lets go when its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"BENCH_RUN": "7"},
    )  # fmt: skip


@pytest.fixture
def holder() -> "subprocess.Popen[str]":
    """Another process that has the server."""
    program = hold()
    assert program.stdout is not None
    assert program.stdout.readline() == "held\n"
    return program


def test_second_run_stops(holder: "subprocess.Popen[str]") -> None:
    """A second run says which process has the server since when, and stops; after that process, it may run."""
    with holder:
        with pytest.raises(LockedError) as caught, one_server():
            pass
        since = f"is in use by process {holder.pid} since {time.strftime('%Y-%m-%d')}"
        assert f"A llama-server on this machine {since}" in caught.value.sentence
        holder.communicate()
    with one_server():
        pass


def test_tasks_of_one_run_wait_for_each_other(holder: "subprocess.Popen[str]") -> None:
    """Two tasks of one doit run, whatever -n says, have their servers one after the other."""
    with holder, hold() as second:
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1)
        holder.communicate()
        assert second.communicate(timeout=30)[0] == "held\n"


def test_kill_lets_go(holder: "subprocess.Popen[str]") -> None:
    """A run that is killed keeps nobody out."""
    with holder:
        holder.kill()
        holder.wait()
        with one_server():
            pass


def test_each_host_has_its_own(holder: "subprocess.Popen[str]") -> None:
    """A server on one machine keeps none out on another; two hosts that share an endpoint keep each other out."""
    lab = Host("lab", endpoints=("http://a", "http://b"))
    with holder:
        with one_server(lab), one_server(Host("box", docker="ssh://me@box")):
            with pytest.raises(LockedError, match="A llama-server on other is in use by"):
                with_another_run(Host("other", endpoints=("http://c", "http://b")))
            with one_server(Host("third", endpoints=("http://c",))):
                pass
        with one_server(lab):
            pass
        holder.communicate()


def with_another_run(host: Host) -> None:
    """Take a host's server as another doit run would."""
    before = os.environ.get("BENCH_RUN")
    os.environ["BENCH_RUN"] = "8"
    try:
        with one_server(host):
            pass
    finally:
        os.environ.pop("BENCH_RUN")
        if before is not None:
            os.environ["BENCH_RUN"] = before


@pytest.mark.parametrize("kind", [kind for kind in SERVER_KINDS if kind != "command"])
def test_every_kind_has_its_module(kind: str) -> None:
    """A kind of server is a module of its name with `serve` and `ALONE`."""
    module = importlib.import_module(f"bench.servers.{kind}")
    assert callable(module.serve)
    assert isinstance(module.ALONE, bool)
