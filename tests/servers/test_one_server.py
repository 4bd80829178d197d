import importlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.locks import shared_folder
from bench.profiles import SERVER_KINDS, Host
from bench.servers.lock import one_server

NOBODY = 65534
HOLD = """
import os, sys
from bench.servers.lock import one_server
os.umask(0o077)
os.setuid(int(sys.argv[1]))
with one_server():
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(user: int | None = None) -> "subprocess.Popen[str]":
    """A process, by this or another user, that takes the server, and lets go when its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(os.getuid() if user is None else user)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def holder() -> "subprocess.Popen[str]":
    """Another process that has the server."""
    program = hold()
    assert program.stdout is not None
    assert program.stdout.readline() == "held\n"
    return program


@pytest.mark.slow
def test_a_second_run_waits(holder: "subprocess.Popen[str]") -> None:
    """A second run tells which process has the server since when, and runs its own once that has ended."""
    with holder, hold() as second:
        assert second.stdout is not None
        since = f"is in use by process {holder.pid} since {time.strftime('%Y-%m-%d')}"
        assert f"llama-server on this machine {since}" in second.stdout.readline()
        assert second.poll() is None
        holder.communicate()
        assert second.communicate(timeout=30)[0] == "held\n"


def test_kill_lets_go(holder: "subprocess.Popen[str]") -> None:
    """A run that is killed keeps nobody out."""
    with holder:
        holder.kill()
        holder.wait()
        with one_server():
            pass


def test_a_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder that BENCH_LOCKS names is made where it is missing."""
    monkeypatch.setenv("BENCH_LOCKS", str(tmp_path / "new" / "locks"))
    with one_server():
        assert (tmp_path / "new" / "locks" / "llama-server.lock").exists()


@pytest.fixture
def everyones(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for locks in which any user may write, as in /tmp, and remove what is theirs."""
    if os.getuid():
        pytest.skip("only root may be another user")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o1777)
        monkeypatch.setenv("BENCH_LOCKS", name)
        yield Path(name)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(0, NOBODY), (NOBODY, 0), (NOBODY, NOBODY - 1)])
def test_two_users(everyones: Path, first: int, second: int) -> None:
    """What one user has, another waits for, whoever was first to make the lock."""
    with hold(first) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "held\n"
        with hold(second) as two:
            assert two.stdout is not None
            assert f"is in use by process {one.pid} since 20" in two.stdout.readline()
            one.communicate()
            assert two.communicate(timeout=30)[0] == "held\n"
    assert [path.name for path in everyones.iterdir()] == ["llama-server.lock"]


def test_no_link_is_followed(tmp_path: Path) -> None:
    """A link that somebody put where the lock belongs is refused, and what it leads to stays as it was."""
    (tmp_path / "precious").write_text("content")
    (tmp_path / "llama-server.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(BenchError, match=r"cannot be written \(Too many levels of symbolic links\)"), one_server():
        pass
    assert (tmp_path / "precious").read_text() == "content"


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    """Something else than a file where the lock belongs is refused at once."""
    os.mkfifo(tmp_path / "llama-server.lock")
    with pytest.raises(BenchError, match="it is no regular file"), one_server():
        pass


def test_the_folder_of_locks(tmp_path: Path) -> None:
    """All users can lock in the folder that is made, and a link or a file in its place is refused."""
    assert shared_folder(tmp_path / "locks").stat().st_mode & 0o7777 == 0o1777
    assert shared_folder(tmp_path / "locks") == tmp_path / "locks"
    (tmp_path / "link").symlink_to(tmp_path / "locks")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(BenchError, match="cannot hold locks"):
            shared_folder(tmp_path / name)


def test_each_host_has_its_own(holder: "subprocess.Popen[str]") -> None:
    """A server on one machine keeps none out on another; two hosts that share an endpoint keep each other out."""
    lab, other = Host("lab", endpoints=("http://a", "http://b")), Host("other", endpoints=("http://c", "http://b"))
    ended: list[str] = []

    def use_other() -> None:
        with one_server(other):
            ended.append("other")

    waiting = threading.Thread(target=use_other)
    with holder:
        with one_server(lab), one_server(Host("box", docker="ssh://me@box")):
            with one_server(Host("third", endpoints=("http://d",))):
                waiting.start()
                waiting.join(0.3)
            assert not ended
        waiting.join(10)
        assert ended
        holder.communicate()


@pytest.mark.parametrize("kind", [kind for kind in SERVER_KINDS if kind != "command"])
def test_every_kind_has_its_module(kind: str) -> None:
    """A kind of server is a module of its name with `serve`."""
    assert callable(importlib.import_module(f"bench.servers.{kind}").serve)
