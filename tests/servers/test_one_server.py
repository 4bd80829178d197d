import importlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import BenchError, LockedError
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


def hold(user: int | None = None, run: str = "7") -> "subprocess.Popen[str]":
    """A process of a run, by this or another user, that takes the server, and lets go when its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(os.getuid() if user is None else user)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"BENCH_RUN": run},
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


@pytest.fixture
def everyones(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for locks in which any user may write, as in /tmp, and remove what is theirs."""
    if os.getuid():
        pytest.skip("only root may be another user")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o1777)
        monkeypatch.setenv("BENCH_LOCKS", name)
        yield Path(name)


@pytest.mark.parametrize(("first", "second"), [(0, NOBODY), (NOBODY, 0), (NOBODY, NOBODY - 1)])
def test_two_users(everyones: Path, first: int, second: int) -> None:
    """What one user has, another does not get, whoever was first to make the lock; once it is free, they do."""
    with hold(first) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "held\n"
        with hold(second, run="8") as two:
            two.wait(30)
            assert two.stderr is not None
            assert f"A llama-server on this machine is in use by process {one.pid} since 20" in two.stderr.read()
        one.communicate()
    with hold(second, run="8") as two:
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
    """A kind of server is a module of its name with `serve`."""
    assert callable(importlib.import_module(f"bench.servers.{kind}").serve)
