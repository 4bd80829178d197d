import marshal
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.errors import SandboxError
from bench.profiles import Sandbox
from bench.sandbox import docker, kinds
from bench.sandbox.bubblewrap import Bubblewrap
from bench.sandbox.docker import Docker
from bench.sandbox.instance import Limits, Run, SandboxInstance, into
from bench.sandbox.kinds import sandbox_for
from bench.sandbox.pool import Pool
from bench.sandbox.unsandboxed import Unsandboxed
from tests.evaluate.grading import IMAGE, SOLUTIONS, Grader

PROOF = """
import os
import sys
import threading
import time
from pathlib import Path
from bench.sandbox.pool import Pool
from bench.sandbox.kinds import sandbox_for
from bench.evaluate.selftest import selftest
from bench.profiles import Sandbox
cache, sandbox = Path(sys.argv[1]), Sandbox(kind="bubblewrap")
with Pool(sandbox_for(sandbox), cache) as pool:
    opener = threading.Thread(target=lambda: pool.release(pool.acquire()))
    opener.start()
    opener.join()
    time.sleep(0.3)
    ended = pool.free[0].process.poll()
proof = selftest("demo", sandbox, cache)
print(os.getuid(), ended, proof.plus_passed, proof.n_problems)
"""
SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


class Leaky(Bubblewrap):
    """Says that it is bubblewrap, and keeps nothing from what runs in it."""

    def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:
        """Start the runner beside everything else."""
        command = [sys.executable, "-s", "-m", "inside.runner", "0"]
        return SandboxInstance(command, memory=1 << 30, folder=runner)


def test_a_sandbox_that_does_not_hold_is_refused(tmp_path: Path) -> None:
    """Before any sample runs, a probe inside tries network, files and privileges; what gets through ends the run."""
    with Pool(Leaky(Sandbox()), tmp_path) as pool, pytest.raises(SandboxError) as caught:
        pool.acquire()
    assert "does not hold: it connected to " in caught.value.sentence
    assert "it read " in caught.value.sentence
    assert not pool.busy


@pytest.mark.slow
def test_bubblewrap_needs_no_root(tmp_path: Path) -> None:
    """A user who is not root grades in bubblewrap; a sandbox outlives the thread that asked for it."""
    if (reason := kinds.available("bubblewrap")) or subprocess.run([*SOMEBODY, "true"], check=False).returncode:
        pytest.skip(f"no bubblewrap, or no user namespaces: {reason}")
    command = [*SOMEBODY, sys.executable, "-c", PROOF, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (["1000", "None", "18", "18"], "")


def test_a_sandbox_that_holds_is_used(tmp_path: Path, kind: str) -> None:
    """Bubblewrap and Docker let nothing through; who runs inside is nobody in particular."""
    with Pool(sandbox_for(Sandbox(kind=kind, image=IMAGE)), tmp_path) as pool:
        sandbox = pool.acquire()
        assert pool.targets
        assert pool.targets.probe(sandbox) == []
        pool.release(sandbox)


def test_the_runner_is_process_1(tmp_path: Path, cache: Path, kind: str) -> None:
    """What starts a sample is the first process of its sandbox, which the sample can neither signal nor outlive."""
    source = "import os\ndef total(numbers):\n    return sum(numbers) if 1 in (os.getpid(), os.getppid()) else None\n"
    ((base, plus, _),) = Grader(tmp_path, cache, kind).grade([("Demo/0", source)], reuse=False)
    assert (base, plus) == ("pass", "pass")


def test_nothing_of_the_probe_stays(tmp_path: Path, kind: str) -> None:
    """The file that the probe tries to read is gone after the grading, and nobody listens any more."""
    with Pool(sandbox_for(Sandbox(kind=kind, image=IMAGE)), tmp_path) as pool:
        pool.release(pool.acquire())
        assert list(tmp_path.glob("canary-*"))
    assert not list(tmp_path.glob("canary-*"))


@pytest.mark.slow
def test_no_cpu_time_is_lost(tmp_path: Path) -> None:
    """What a sample used that was killed is in its end's CPU time, and in that of the sandbox's process, in full."""
    run = Run("total", marshal.dumps([[[1]]], 2), Limits(2.0, {}, 3.0))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with Pool(Bubblewrap(Sandbox()), tmp_path) as pool:
        end = pool.acquire().run(run, "def total(numbers):\n    while True:\n        pass\n", into(bytearray()))
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert end.broken == "time"
    assert used > end.cpu > 1.9


def test_a_sandbox_without_numpy_is_refused(tmp_path: Path) -> None:
    """Where the sandbox's Python has no NumPy, which solutions import, one sentence says so."""

    class Bare(Bubblewrap):
        def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:
            code = "import sys; sys.modules['numpy'] = None; sys.argv[1:] = ['0']; import runpy;"
            code += "runpy.run_module('inside.runner', run_name='__main__')"
            return SandboxInstance([sys.executable, "-s", "-c", code], memory=1 << 30, folder=runner)

    words = r"The sandbox has no usable NumPy \(missing: .*; choose one that has it"
    pool = Pool(Bare(Sandbox()), tmp_path)
    with pool, pytest.raises(SandboxError, match=words):
        pool.acquire()


def test_a_sandbox_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The sandbox's own last words are in the sentence."""

    class Broken(Bubblewrap):
        def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:
            started.append(number)
            return SandboxInstance(["bwrap", "--no-such-option"], memory=1 << 30)

    started: list[int] = []
    pool = Pool(Broken(Sandbox()), tmp_path)
    with pool, pytest.raises(SandboxError, match="did not start: bwrap: Unknown option --no-such-option"):
        pool.acquire()
    assert started == [0, 1]


def test_a_sandbox_that_dies_while_it_starts_is_tried_once_more(tmp_path: Path) -> None:
    """One death at the start, for want of something at that moment, ends no grading."""

    class Weak(Bubblewrap):
        def start(self, runner: Path, number: int, programs: Sequence[str]) -> SandboxInstance:
            return super().start(runner, number, programs) if number else SandboxInstance(["false"], memory=1 << 30)

    with Pool(Weak(Sandbox()), tmp_path) as pool:
        pool.release(pool.acquire())
        assert pool.opened == 2


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user has no rights to lose")
def test_root_without_rights_is_no_root() -> None:
    """In a container whose root may set up no network, bubblewrap counts as not there, and the remedy is said."""
    command = ["setpriv", "--bounding-set", "-net_admin", sys.executable, "-c"]
    code = "from bench.sandbox.bubblewrap import Bubblewrap; print(Bubblewrap.failure())"
    ran = subprocess.run([*command, code], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("bwrap: loopback: ")
    assert "an ordinary user may" in ran.stdout


def test_without_a_sandbox_nothing_is_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither Docker nor bubblewrap is there, the sentence names both and the risk of going without."""
    monkeypatch.setattr(Docker, "failure", lambda: "docker is not installed")
    monkeypatch.setattr(Bubblewrap, "failure", lambda: "bubblewrap is not installed")
    with pytest.raises(SandboxError) as caught:
        sandbox_for(Sandbox())
    assert caught.value.sentence == kinds.NONE
    assert sandbox_for(Sandbox(), trusted=True).name == "none"
    assert kinds.available("auto") == "docker is not installed; bubblewrap is not installed"


def test_auto_falls_back_to_bubblewrap(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where Docker lacks its image, bubblewrap is taken, which is said once; without it, the image is pulled."""
    pulls = []

    def no_image(image: str, *, pull: bool) -> str:
        pulls.append(pull)
        raise SandboxError(f"The sandbox image {image} is not here.")

    monkeypatch.setattr(kinds, "UNAVAILABLE", set())
    monkeypatch.setattr(Docker, "failure", lambda: None)
    monkeypatch.setattr(docker, "image_id", no_image)
    monkeypatch.setattr(Bubblewrap, "failure", lambda: None)
    assert [sandbox_for(Sandbox()).name for _ in range(2)] == ["bubblewrap", "bubblewrap"]
    image = "The sandbox image ganler/evalplus:latest is not here."
    assert capsys.readouterr().out == f"  grading in bubblewrap: {image}\n"
    assert pulls == [False]
    monkeypatch.setattr(Bubblewrap, "failure", lambda: "not installed")
    monkeypatch.setattr(kinds, "UNAVAILABLE", set())
    with pytest.raises(SandboxError, match=image):
        sandbox_for(Sandbox())
    assert pulls == [False, False, True]


def test_a_named_kind_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for bubblewrap by name gets it or a sentence that says why not."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SandboxError, match=r"bubblewrap\" cannot be used here \(bubblewrap is not installed \(apt"):
        sandbox_for(Sandbox(kind="bubblewrap"))


def test_no_sandbox_warns(grader: Grader, capsys: pytest.CaptureFixture[str]) -> None:
    """`kind = "none"` grades, with a warning that says what it risks; the project's own demo needs none."""
    grader.kind = "none"
    grader.write(list(SOLUTIONS.items()))
    assert grader.run().plus_passed == 6
    assert capsys.readouterr().err.startswith('WARNING: [sandbox] kind = "none"')
    assert grader.run(trusted=True).plus_passed == 6
    assert capsys.readouterr().err == ""


def test_one_sandbox_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """All cores that this process may use, unless a number is set."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3, 4})
    assert Unsandboxed(Sandbox()).workers == 5
    assert Unsandboxed(Sandbox(workers=3)).workers == 3


@pytest.mark.slow
def test_each_second_try_has_a_core(tmp_path: Path) -> None:
    """No two jobs that run alone have the same core at once, whatever the number of sandboxes and of gradings."""
    using: set[int] = set()

    def work(_: SandboxInstance, job: int, core: int) -> int:
        assert core not in using
        using.add(core)
        time.sleep(0.02)
        using.remove(core)
        return job

    done: list[list[tuple[int, int]]] = []

    def grade(name: str) -> None:
        with Pool(Unsandboxed(Sandbox(workers=5)), tmp_path / name) as pool:
            done.append(list(pool.each(range(6), work, int, alone=True)))

    threads = [threading.Thread(target=grade, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(pairs) for pairs in done] == [6, 6]


def test_no_memory_from_zero(grader: Grader) -> None:
    """In bubblewrap /dev/zero is not there, for what is mapped from it is counted against nobody."""
    finds = "import io\ndef total(numbers):\n    return io.open('/dev/zero', 'rb').read(9)\n"
    ((_, _, row),) = grader.grade([("Demo/0", finds)])
    assert row["failure"]["error"].startswith("FileNotFoundError")
