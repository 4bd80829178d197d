"""A machine that is reached by ssh alone: a real sshd and a real ssh, Docker's engine behind them, and a tunnel."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.docker import DockerError, Engine
from bench.servers import compose
from tests import images
from tests.e2e.conftest import Project
from tests.e2e.namespaces import hosts
from tests.e2e.sshd import Sshd
from tests.e2e.test_never_lost import rows, wait_for
from tests.servers.test_remote_models import free

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module", autouse=True)
def image() -> str:
    """llama.cpp's server in an image; skips where no Docker engine answers."""
    try:
        Engine().version()
        Engine().compose_version()
    except DockerError as error:
        pytest.skip(f"no Docker with compose: {error}")
    pytest.importorskip("xllamacpp", reason="no llama.cpp server on this machine: pip install xllamacpp")
    return images.server()


@pytest.fixture
def basement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """The machine of the test, its sshd running, as a laptop sees it that has a network of its own."""
    with hosts(1, tmp_path) as (laptop,):
        there = Sshd(tmp_path, laptop)
        there.make()
        monkeypatch.setenv("PATH", there.path)
        there.start()
        try:
            yield there
        finally:
            there.stop()


@pytest.fixture
def port() -> int:
    """A port of the host that nobody has."""
    return free()


@pytest.fixture
def laptop(tmp_path: Path, basement: Sshd, port: int, slow_model: Path) -> Project:
    """A project on the laptop: profile `a` of a model that is on the host, and `b` of one that is not."""
    (tmp_path / "there").mkdir()
    os.link(slow_model, tmp_path / "there" / "slow.gguf")
    # In a session of its own, as from a terminal of its own.
    project = Project(tmp_path, ("setsid", "ip", "netns", "exec", basement.laptop.name))
    project.write(f"""
[defaults]
datasets = ["demo"]
max_tokens = 256
context = 2048
canary = false
[paths]
models = "there"
[server]
image = "{images.SERVER}"
[sandbox]
kind = "bubblewrap"
[hosts.basement]
docker = "{basement.url}"
models = "{tmp_path}/there"
port = {port}
[profiles.a]
title = "A"
model = "slow.gguf"
placement = ["-t", "1"]
host = "basement"
[profiles.b]
title = "B"
model = "absent.gguf"
host = "basement"
[profiles.here]
title = "Here"
model = "slow.gguf"
placement = ["-t", "1"]
server = {{ kind = "process" }}
""")
    return project


def containers_there() -> list[str]:
    """The states of llama-server's containers on the host."""
    command = ["docker", "ps", "--all", "--filter", f"name=^{compose.NAME}$", "--format", "{{.Status}}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def tunnel(basement: Sshd, port: int) -> "subprocess.Popen[bytes]":
    """The tunnel of docs/howto/hosts.md."""
    return basement.tunnel(f"ssh -S none -N -L {port}:127.0.0.1:{port} root@{basement.address}", port)


def test_a_whole_run(laptop: Project, basement: Sshd, port: int) -> None:
    """The error of a run without tunnel is the command that opens it; with it, samples are those of this machine."""
    without = laptop.doit("eval:a")
    assert without.code != 0
    assert "Traceback" not in without.out
    assert f"a: nothing forwards 127.0.0.1:{port} to basement; open a tunnel and keep it open: ssh " in without.out
    assert containers_there() == []
    (command,) = re.findall(r"keep it open: (ssh .*)", without.out)
    basement.tunnel(command, port)
    ran = laptop.doit("eval:a")
    assert ran.code == 0, ran.out
    assert "  A  18/18" in ran.out
    assert containers_there() == []
    here = laptop.doit("eval:here")
    assert here.code == 0, here.out
    assert laptop.scores("a") == laptop.scores("here")
    assert laptop.file("a", "samples.jsonl").read_bytes() == laptop.file("here", "samples.jsonl").read_bytes()
    assert laptop.doit("eval:a").out == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_is_stopped(laptop: Project, basement: Sshd, port: int, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM remove the container there; after a kill -9 the next run does, and goes on."""
    laptop.edit("canary = false", "canary = false\nsamples = 4\ntemperature = 0.8")
    tunnel(basement, port)
    process = laptop.start("samples:a")
    wait_for(laptop.file("a", "raw.jsonl"), 1500, process)
    assert process.poll() is None, process.communicate()[0]
    assert len(containers_there()) == 1
    # A terminal sends a Ctrl-C to docker and ssh too.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    out, _ = process.communicate(timeout=120)
    assert "Traceback" not in out
    if number == signal.SIGKILL:
        assert len(containers_there()) == 1
    else:
        assert process.returncode == 130, out
        assert "generate a stopped; the next doit goes on from here." in out
        assert containers_there() == []
    had = len(rows(laptop.file("a", "raw.jsonl")))
    again = laptop.doit("samples:a")
    assert again.code == 0, again.out
    assert f"goes on from {had} of 72 completions" in again.out
    assert ("  removed the llama-server container of a killed run of a" in again.out) == (number == signal.SIGKILL)
    assert len(rows(laptop.file("a", "raw.jsonl"))) == 18 * 4
    assert containers_there() == []


def test_a_model_that_is_not_there(laptop: Project, basement: Sshd, port: int) -> None:
    """A model that the host lacks is said before anything starts; where it was all that was asked for, too."""
    tunnel(basement, port)
    phrase = f"no model file {laptop.root}/there/absent.gguf on basement"
    whole = laptop.doit("eval:a", "eval:b", "report")
    assert whole.code == 0, whole.out
    assert whole.out.startswith(f"skip      b                         {phrase}\ngenerate  a ")
    assert laptop.doit("eval:b", "report").out.startswith(f"skip      b                         {phrase}\n")
    asked = laptop.doit("eval:b")
    assert asked.code != 0
    assert f"b: {phrase}; put it there, or change profiles.toml.\n" in asked.out


def test_a_host_that_is_down(laptop: Project, basement: Sshd) -> None:
    """A host whose sshd does not run is one sentence with ssh's own words; a whole run says it first, once a host."""
    basement.stop()
    sentence = (
        f"the Docker engine of basement does not answer (ssh: connect to host {basement.address} port 22: Connection "
        f"refused); start it there, or fix docker of that host until this works: docker --host {basement.url} version"
    )
    asked = laptop.doit("eval:a")
    assert asked.code != 0
    assert f"\na: {sentence}\n" in asked.out
    assert "Traceback" not in asked.out
    whole = laptop.doit("eval:a", "eval:b", "report")
    assert whole.code != 0
    assert whole.out.startswith(f"{sentence}\ngenerate  a ")
    assert whole.out.count("\nfailed: ") == 2
    assert f"\nfailed: a: {sentence}\n" in whole.out


def test_a_cable_is_pulled(laptop: Project, basement: Sshd, port: int) -> None:
    """A host that is cut off in the middle is said in the words of ssh; the next run clears up there and goes on."""
    laptop.edit("canary = false", "canary = false\nsamples = 4\ntemperature = 0.8")
    laptop.edit("[server]", "[server]\nstall_timeout = 2\nretries = 1")
    tunnel(basement, port)
    process = laptop.start("samples:a")
    wait_for(laptop.file("a", "raw.jsonl"), 1500, process)
    basement.laptop.cut()
    out, _ = process.communicate(timeout=300)
    assert process.returncode not in (0, 130), out
    assert "Traceback" not in out
    left = f"The container llama-server could not be removed (ssh: connect to host {basement.address} port 22: "
    assert out.count(left) == 1
    assert (
        f"\na: the Docker engine of basement does not answer (ssh: connect to host {basement.address} port 22: " in out
    )
    assert len(containers_there()) == 1
    basement.laptop.join()
    had = len(rows(laptop.file("a", "raw.jsonl")))
    again = laptop.doit("samples:a")
    assert again.code == 0, again.out
    assert f"goes on from {had} of 72 completions" in again.out
    assert containers_there() == []
