import json
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import docker
from bench.errors import LockedError, MissingPrerequisite, ServerError
from bench.generate.run import generate
from bench.servers import compose
from bench.servers.process import free_port
from tests.servers.helpers import IMAGE, Make, eventually, lives, refusal, say, serving, stream

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SERVE = """
import signal, sys
from pathlib import Path
from bench.interrupts import interrupt
from bench.profiles.file import load
from bench.servers.start import serve
signal.signal(signal.SIGINT, interrupt)
signal.signal(signal.SIGTERM, interrupt)
config = load(Path(sys.argv[1]))
profile = config.profiles[0]
print("starting", flush=True)
with serve(profile, config, config.model_path(profile), Path(sys.argv[2])) as endpoint:
    print(endpoint.base_url, flush=True)
    sys.stdin.read()
"""

INTERRUPT_AT = """
    def look(frame, event, _):
        if event == "call" and frame.f_code.co_name == sys.argv[3]:
            sys.setprofile(None)
            print("interrupted", file=sys.stderr)
            signal.raise_signal(signal.SIGINT)
    sys.setprofile(look)
"""
"""What SERVE's block may end with: Ctrl-C when a function is called that its name says."""


def docker_output(*arguments: str) -> str:
    """What the docker command prints."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def inspected(template: str) -> Any:
    """A JSON value about the container llama-server."""
    return json.loads(docker_output("inspect", "--format", f"{{{{json {template}}}}}", "llama-server"))


def nothing_left() -> bool:
    """Whether no container of ours is there, running or not, and no network of compose's."""
    listed = ["ps", "--all", "--quiet", "--filter"]
    containers = [
        docker_output(*listed, "name=^llama-server$"),
        docker_output(*listed, "label=bench.kind=llama-server"),
    ]
    return not any([*containers, docker_output("network", "ls", "--quiet", "--filter", "name=bench-")])


@pytest.fixture(autouse=True)
def clean(server_image: str) -> Iterator[None]:
    """Every test begins and ends without a llama-server container."""
    assert nothing_left(), "a llama-server container is there; docker rm -f llama-server"
    yield
    assert nothing_left()


@pytest.fixture
def started(make: Make, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that serves in a container, once it is healthy."""
    _, config = make("compose")
    program = subprocess.Popen(
        [sys.executable, "-c", SERVE, config.file, log],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "starting\n"
        assert program.stdout.readline().startswith("http://127.0.0.1:")
        yield program
        if program.poll() is None:
            program.communicate(timeout=60)


def test_serves_and_is_gone(make: Make, log: Path, models: Path) -> None:
    """A model answers from a container: on this machine alone, its files read-only; then nothing is left."""
    with serving(make("compose", slots=2), log) as endpoint:
        assert say(endpoint, "What are two and two?") == "It is 4."
        assert (endpoint.facts["slots"], endpoint.facts["context"]) == (2, 512)
        assert endpoint.facts["image"].startswith(f"{IMAGE} sha256:")
        assert endpoint.ended() is None
        (bound,) = inspected(".NetworkSettings.Ports")["8080/tcp"]
        assert bound["HostIp"] == "127.0.0.1"
        assert f":{bound['HostPort']}/v1" in endpoint.base_url
        (mount,) = inspected(".Mounts")
        assert (mount["Source"], mount["Destination"], mount["RW"]) == (str(models), "/models", False)
        assert inspected(".HostConfig.Init") is True
    message = log.read_text()
    assert message.startswith("=== ")
    assert " up\n" in message.splitlines(keepends=True)[0]
    assert "loading model '/models/good.gguf'" in message


def test_placement_reaches_the_container_as_written(make: Make, log: Path) -> None:
    """The tensor overrides of a shipped profile, a regex with | and (), are one argument of the container."""
    shipped = tomllib.loads((ROOT / "profiles.toml").read_text())["profiles"]["bench-gpt-oss-120b"]["placement"]
    pattern = shipped[shipped.index("-ot") + 1]
    assert "|1[01])" in pattern
    here = pattern.replace("CUDA0", "CPU").replace("CUDA1", "CPU")
    placement = ["-t", "1", "-ot", here]
    with serving(make("compose", placement=placement), log) as endpoint:
        assert inspected(".Config.Cmd")[-4:] == placement
        assert say(endpoint, "two and two?") == "It is 4."
    # As it is shipped, for CUDA: there is none here, and the server refuses what arrived by its exact words.
    error = refusal(make("compose", placement=["-ot", f"{pattern}$'\"{{}}${{HOME}}"]), log)
    assert f"-ot {pattern}$'\"{{}}${{HOME}} is impossible" in error.log


def test_a_linked_model(make: Make, log: Path, models: Path) -> None:
    """A model that is a link to somewhere outside the folder of models is served too."""
    link = models / "link.gguf"
    elsewhere = log.parents[2] / "blob"
    elsewhere.write_bytes((models / "good.gguf").read_bytes())
    link.unlink(missing_ok=True)
    link.symlink_to(elsewhere)
    with serving(make("compose", model="link.gguf"), log) as endpoint:
        assert say(endpoint, "two and two?") == "It is 4."


def test_dies_while_loading(make: Make, log: Path) -> None:
    """A container that ends is noticed at once, with its exit code and its last words."""
    began = time.monotonic()
    error = refusal(make("compose", model="broken.gguf"), log)
    assert isinstance(error, ServerError)
    assert "ended while loading (exit code 1: " in error.sentence
    assert "failed to load model" in error.log
    assert time.monotonic() - began < 60


@pytest.fixture
def deaf_image(server_image: str) -> Iterator[str]:
    """The same server, deaf to the port that it is given: a fault that no flag of a profile may bring about."""
    tag = "bench-llama-server:deaf"
    docker_output("create", "--name", "bench-deaf", server_image)
    program = json.dumps(["sh", "-c", 'python3 /app/llama_server.py "$@" --port 9999', "llama-server"])
    docker_output("commit", "--change", f"ENTRYPOINT {program}", "bench-deaf", tag)
    docker_output("rm", "bench-deaf")
    yield tag
    docker_output("rmi", tag)


def test_never_gets_healthy(make: Make, log: Path, deaf_image: str) -> None:
    """A container that never answers is gone after health_timeout."""
    error = refusal(make("compose", server={"health_timeout": 6, "image": deaf_image}), log)
    assert "did not get healthy within 6 s" in error.sentence
    assert "listening on http://0.0.0.0:9999" in error.log
    assert nothing_left()


def test_gpu_without_a_driver(make: Make, log: Path) -> None:
    """A GPU reservation on a machine without one is a single sentence, and what `up` had made is gone."""
    if Path("/dev/nvidia0").exists():
        pytest.skip("this machine has a GPU")
    error = refusal(make("compose", server={"gpu": True}), log)
    assert isinstance(error, MissingPrerequisite)
    assert "Docker can reserve no GPU here (could not select device driver" in error.sentence
    assert error.sentence.endswith("or set gpu = false.")


def test_somebody_elses_container(make: Make, log: Path) -> None:
    """A container with our name that is not ours is an error that names the command which frees the name."""
    docker_output("create", "--name", "llama-server", IMAGE)
    try:
        error = refusal(make("compose"), log)
        assert error.sentence == (
            "tested: a container of another program is named llama-server (created); stop and remove it first: "
            "docker rm -f llama-server"
        )
    finally:
        docker_output("rm", "--force", "llama-server")


def test_a_container_of_another_compose_project(make: Make, log: Path) -> None:
    """One that compose started for something else is freed by compose."""
    docker_output("create", "--name", "llama-server", "--label", "com.docker.compose.project=mine", IMAGE)
    try:
        assert refusal(make("compose"), log).sentence.endswith("first: docker compose -p mine down")
    finally:
        docker_output("rm", "--force", "llama-server")


@pytest.mark.parametrize("seen_by", ["us", "Docker"])
def test_port_is_taken(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch, seen_by: str) -> None:
    """A port that somebody has is an error that names the command which finds out who, also when Docker sees it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        if seen_by == "Docker":
            monkeypatch.setattr(compose, "free_port", lambda _: port)
        error = refusal(make("compose", server={"port": port}), log)
    assert f"port {port} on 127.0.0.1 is taken; find the process (ss -ltnp 'sport = :{port}')" in error.sentence


def test_a_port_of_choice(make: Make, log: Path) -> None:
    """The profile's port is the one that is used."""
    port = free_port(make("compose")[0])
    with serving(make("compose", server={"port": port}), log) as endpoint:
        assert endpoint.base_url == f"http://127.0.0.1:{port}/v1"


def test_killed_in_the_middle(make: Make, log: Path) -> None:
    """Of a container that is killed while it answers, the endpoint says how it ended."""
    with serving(make("compose", context=8192), log) as endpoint:
        # Docker takes its time to kill; so must the answer.
        docker_output("update", "--cpus", "0.1", "llama-server")
        pieces = stream(endpoint, "something long", 6000)
        next(pieces)
        docker_output("kill", "llama-server")
        assert b"[DONE]" not in b"".join(pieces)
        assert eventually(lambda: str(endpoint.ended()).startswith("signal 9 (killed"))


def test_removed_in_the_middle(make: Make, log: Path) -> None:
    """A container that somebody removes is said to be removed, and the end is quiet."""
    with serving(make("compose"), log) as endpoint:
        docker_output("rm", "--force", "llama-server")
        assert eventually(lambda: endpoint.ended() == "the container was removed")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(started: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM take the container with them, within 10 seconds."""
    began = time.monotonic()
    started.send_signal(number)
    started.communicate(timeout=60)
    assert started.returncode == 130
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("delay", [0.3, 0.6, 0.9, 1.2, 1.5])
def test_interrupted_while_it_starts(make: Make, log: Path, delay: float) -> None:
    """Whenever the interrupt comes while a container is made, none is left."""
    _, config = make("compose")
    program = subprocess.Popen(
        [sys.executable, "-c", SERVE, config.file, log],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with program:
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(delay)
        program.terminate()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)
    assert program.returncode == 130


@pytest.mark.parametrize("function", ["_down", "deferred_signals"])
def test_interrupted_before_it_is_removed(make: Make, log: Path, function: str) -> None:
    """An interrupt on the way from the end of the block to the removal, where no `finally` is reached, leaves none."""
    _, config = make("compose")
    ending = SERVE.replace("    sys.stdin.read()\n", INTERRUPT_AT)
    command = [sys.executable, "-c", ending, config.file, log, function]
    program = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (program.returncode, program.stderr) == (130, "interrupted\n")


def test_killed_with_its_container(
    started: "subprocess.Popen[str]", make: Make, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a run that was killed with kill -9 leaves behind is found by its label, and removed at the next start."""
    started.kill()
    started.wait()
    assert not nothing_left()
    (notice,) = docker.orphan_notices(make("compose")[1].layout.root)
    assert notice.startswith("a killed run of tested left the container llama-server behind;")
    assert notice.endswith("docker rm -f llama-server")
    with serving(make("compose"), log) as endpoint:
        assert say(endpoint, "two and two?") == "It is 4."
    assert "removed the llama-server container of a killed run of tested" in capsys.readouterr().out


def test_killed_and_never_started_again(
    started: "subprocess.Popen[str]", make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container whose doit lives stays; an orphan is removed by the next generation of any profile."""
    profile, config = make("process", datasets=["demo"], canary=False)
    compose.remove_orphans()
    assert inspected(".State.Running") is True
    started.kill()
    started.wait()
    generate(profile, config, "demo")
    assert nothing_left()
    message = "removed the llama-server container of a killed run of tested"
    assert capsys.readouterr().out.count(message) == 1
    compose.remove_orphans()
    assert message not in capsys.readouterr().out


def test_an_orphan_without_docker(
    started: "subprocess.Popen[str]", make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An orphan stays where Docker does not answer, and is removed by the next run for which it does."""
    started.kill()
    started.wait()
    with monkeypatch.context() as without:
        without.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        compose.remove_orphans()
    assert not nothing_left()
    compose.remove_orphans()
    assert nothing_left()


def test_another_run_has_one(
    started: "subprocess.Popen[str]", make: Make, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A container of a process that lives, and that no lock keeps out, is left alone."""
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("BENCH_LOCKS", str(tmp_path / "other"))
    error = refusal(make("compose"), log)
    assert isinstance(error, LockedError)
    assert f"of process {started.pid} (profile tested) is running; wait for it, or stop it" in error.sentence
    assert lives(started.pid)
    assert inspected(".State.Running") is True


def test_nothing_shared_is_written(make: Make, log: Path) -> None:
    """A start writes only below the profile's results: neither an .env nor docker-compose.yml changes."""
    compose_file = ROOT / "docker-compose.yml"
    before = (compose_file.read_bytes(), sorted(ROOT.iterdir()))
    with serving(make("compose"), log):
        pass
    assert (compose_file.read_bytes(), sorted(ROOT.iterdir())) == before
    assert sorted(path.name for path in log.parent.iterdir()) == ["compose.json", "server.log"]


def test_two_at_once_in_one_run(make: Make, log: Path) -> None:
    """Two tasks of one run have their containers one after the other."""
    made = make("compose")
    answers: list[str] = []

    def work() -> None:
        with serving(made, log) as endpoint:
            answers.append(say(endpoint, "two and two?"))

    second = threading.Thread(target=work)
    with serving(made, log) as endpoint:
        second.start()
        time.sleep(1)
        assert not answers
        assert say(endpoint, "two and two?") == "It is 4."
    second.join(60)
    assert answers == ["It is 4."]
