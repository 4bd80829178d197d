"""The sandbox in Docker: images that do not fit, an engine that stops, and what must not stay behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import docker, process_identity
from bench.errors import SandboxError
from tests.evaluate.grading import IMAGE, SOLUTIONS, Grader

pytestmark = pytest.mark.docker
SLEEPY = "import time\n# {number}\ndef total(numbers):\n    time.sleep(0.2)\n    return sum(numbers)\n"
GRADING = """
import signal, sys
from pathlib import Path
from bench.evaluate.run import evaluate
from bench.layout import RunFiles
from bench.profiles import Sandbox
from bench.datasets import source
signal.signal(signal.SIGINT, signal.default_int_handler)
source.BUNDLED = Path(sys.argv[1])
evaluate(RunFiles(Path(sys.argv[2]), "demo"), "demo", Sandbox(kind="docker", image=sys.argv[3]), Path(sys.argv[4]))
"""


@pytest.fixture
def docked(grader: Grader, image: str) -> Grader:
    """A grader in Docker."""
    grader.kind = "docker"
    return grader


@pytest.fixture
def variant(image: str) -> Iterator[str]:
    """The sandbox image without NumPy."""
    name, tag = f"bench-test-{os.getpid()}", "bench-sandbox:without-numpy"
    remove = "import glob, shutil; [shutil.rmtree(p) for p in glob.glob('/usr/lib/python3/dist-packages/numpy')]"
    run = ["docker", "run", "--name", name, "--network", "none", "--entrypoint", "python3", image, "-c", remove]
    subprocess.run(run, check=True, capture_output=True)
    subprocess.run(["docker", "commit", name, tag], check=True, capture_output=True)
    yield tag
    subprocess.run(["docker", "rm", "--force", name], check=True, capture_output=True)
    subprocess.run(["docker", "rmi", "--force", tag], check=True, capture_output=True)


def containers(pid: int) -> str:
    """The names of the containers of a grader, running or not."""
    listed = ["docker", "ps", "--all", "--filter", f"name=^bench-sandbox-{pid}-", "--format", "{{.Names}}"]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout


def wait_for(what: object, seconds: float = 20.0) -> bool:
    """Whether a callable gets true in time."""
    deadline = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def refused(grader: Grader, image: str) -> str:
    """The sentence of a grading with this image; checks that the old result stays."""
    grader.image = image
    grader.write([("Demo/0", SOLUTIONS["Demo/0"])])
    grader.files.results.write_text("old")
    with pytest.raises(SandboxError) as caught:
        grader.run(reuse=False)
    assert grader.files.results.read_text() == "old"
    assert "\n" not in caught.value.sentence
    return caught.value.sentence


def test_an_image_that_cannot_be_pulled(docked: Grader) -> None:
    """The sentence names the image, the engine's reason and what to do instead."""
    sentence = refused(docked, "bench-no-such-image:none")
    assert sentence.startswith("The sandbox image bench-no-such-image:none is not here and cannot be pulled (")
    assert sentence.endswith('build or load it, or set [sandbox] kind = "bubblewrap".')


@pytest.mark.slow
def test_an_image_without_numpy(docked: Grader, variant: str) -> None:
    """Solutions import NumPy, so an image without it is refused by name."""
    sentence = refused(docked, variant)
    assert sentence.startswith(f"The sandbox image {variant} has no usable NumPy (missing: ")
    assert sentence.endswith("); choose one that has it.")


@pytest.mark.slow
def test_an_image_without_evalplus_will_do(docked: Grader) -> None:
    """The grader brings its own runner: Python 3 and NumPy are all that an image needs."""
    assert [row[:2] for row in docked.grade(list(SOLUTIONS.items()), reuse=False)] == [("pass", "pass")] * 6
    ended = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", IMAGE, "python3", "-c", "import evalplus"],
        capture_output=True,
        check=False,
    )
    assert b"No module named 'evalplus'" in ended.stderr


def test_no_engine_is_one_sentence(docked: Grader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Docker asked for by name on a machine whose engine does not answer."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    sentence = refused(docked, IMAGE)
    assert sentence.startswith('[sandbox] kind = "docker" cannot be used here (')
    assert "Cannot connect to the Docker daemon" in sentence


def test_containers_of_graders_that_are_gone_are_removed(image: str) -> None:
    """Removed is what is left of graders that are no more, though their numbers are in use again; all else stays."""
    here, elsewhere = process_identity.machine(), "elsewhere 12345678"
    kind = f"sandbox-of-test-{os.getpid()}"  # or a grading beside this test removes them first
    whose = [
        (process_identity.current(), here),
        (f"{2**22 + 1} 7", here),
        (f"{os.getpid()} 7", here),
        ("7 7", elsewhere),
    ]
    names = [f"bench-sandbox-{os.getpid()}-test-{number}" for number in range(len(whose))]
    for name, (process, machine) in zip(names, whose, strict=True):
        known = {docker.KIND: kind, docker.OWNER: process, docker.MACHINE: machine}
        labels = [word for label, value in known.items() for word in ("--label", f"{label}={value}")]
        subprocess.run(["docker", "create", "--name", name, *labels, image], check=True, capture_output=True)
    try:
        assert {one.name for one in docker.Engine().remove_orphans(kind)} == {names[1], names[2]}
        assert set(containers(os.getpid()).split()) == {names[0], names[3]}
    finally:
        subprocess.run(["docker", "rm", "--force", *names], capture_output=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_grading_that_is_stopped_leaves_no_container(
    docked: Grader, demo_folder: Path, how: signal.Signals, tmp_path: Path
) -> None:
    """Ctrl-C, SIGTERM and even SIGKILL end the containers, and the old result stays."""
    docked.write([("Demo/0", SLEEPY.format(number=number)) for number in range(200)])
    docked.files.results.write_text("old")
    arguments = [str(demo_folder), str(docked.files.folder), IMAGE, str(tmp_path / "own")]
    process = subprocess.Popen([sys.executable, "-c", GRADING, *arguments], stderr=subprocess.DEVNULL)
    try:
        assert wait_for(lambda: len(containers(process.pid).split()) >= 1, 60)
        time.sleep(1)
        process.send_signal(how)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
    assert wait_for(lambda: not containers(process.pid))
    assert docked.files.results.read_text() == "old"


@pytest.fixture
def engine(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Docker engine of this test's own, with the sandbox image in it: its address and its process."""
    if os.getuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("a second Docker engine needs root and dockerd")
    root = tmp_path_factory.mktemp("engine")
    host = f"unix://{root}/docker.sock"
    # In a network of its own: told to have no bridge, an engine takes this machine's docker0 away from the other one.
    command = [
        "unshare", "--net", "dockerd", "--host", host, "--data-root", str(root / "data"),
        "--exec-root", str(root / "exec"),
        "--pidfile", str(root / "pid"), "--bridge", "none", "--iptables=false", "--shutdown-timeout", "1",
    ]  # fmt: skip
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    client = ["docker", "--host", host]
    try:
        if not wait_for(
            lambda: subprocess.run([*client, "version"], capture_output=True, check=False).returncode == 0, 30
        ):
            pytest.skip(f"a second Docker engine does not start: {(root / 'log').read_text()[-300:]}")
        saved = subprocess.run(["docker", "save", image], check=True, capture_output=True).stdout
        subprocess.run([*client, "load"], input=saved, check=True, capture_output=True)
        yield host, process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


@pytest.mark.slow
def test_an_engine_that_stops_in_the_middle(
    docked: Grader, engine: tuple[str, "subprocess.Popen[bytes]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the Docker daemon stops while samples run, one sentence says so, and the old result stays."""
    host, process = engine
    monkeypatch.setenv("DOCKER_HOST", host)
    docked.write([("Demo/0", SLEEPY.format(number=number)) for number in range(200)])
    docked.files.results.write_text("old")

    def stop(done: int, _of: int, phase: str, _share: float) -> None:
        if done == 3 and not phase:
            process.terminate()

    with pytest.raises(SandboxError) as caught:
        docked.run(reuse=False, on_progress=stop)
    assert "The sandbox did not start: docker: " in caught.value.sentence
    assert "\n" not in caught.value.sentence
    assert docked.files.results.read_text() == "old"
