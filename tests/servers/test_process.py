import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from bench import processes
from bench.demo.model import TEMPLATE
from bench.errors import MissingPrerequisite
from bench.generate.prompt import body
from bench.servers import xllamacpp_server
from tests.servers.helpers import Make, children, eventually, lives, refusal, say, script, serving, stream

OUTLIVED = """
import sys
from pathlib import Path
from bench.profiles.file import load
from bench.servers.start import serve
config = load(Path(sys.argv[1]))
profile = config.profiles[0]
with serve(profile, config, config.model_path(profile), Path(sys.argv[2])) as endpoint:
    print(endpoint.base_url, flush=True)
    sys.stdin.read()
"""


def test_serves_and_is_gone(make: Make, log: Path) -> None:
    """A model answers, its server says what it granted, and after the block no process is left."""
    made = make("process", slots=2)
    with serving(made, log) as endpoint:
        assert say(endpoint, "What are two and two?") == "It is 4."
        assert (endpoint.facts["slots"], endpoint.facts["context"]) == (2, 512)
        assert endpoint.ended() is None
        started = children()
    assert len(started) == 1
    assert not children()


def test_goes_straight_whatever_proxy_is_set(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment stands not between us and a server on this machine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    made = make("process", server={"health_timeout": 20})
    with serving(made, log) as endpoint:
        assert endpoint.facts["slots"] == 1


def test_dies_while_loading(make: Make, log: Path) -> None:
    """A file that is no model is an error at once, with the server's last words and the place of all of them."""
    error = refusal(make("process", model="broken.gguf"), log)
    assert "tested: llama-server ended while loading (exit code 1: " in error.sentence
    assert str(log) in error.sentence
    assert "failed to load model" in error.log
    assert not children()


@pytest.mark.slow
def test_never_gets_healthy(make: Make, log: Path, tmp_path: Path) -> None:
    """A server that never answers is ended after health_timeout, and its last 30 lines are shown."""
    silent = script(tmp_path / "silent", "#!/bin/sh\nseq 1 100\nexec sleep 60\n")
    error = refusal(make("process", server={"executable": silent, "health_timeout": 2}), log)
    assert "did not get healthy within 2 s; raise server.health_timeout, or see" in error.sentence
    assert error.log.split() == [str(number) for number in range(71, 101)]
    assert not children()


def test_port_is_taken(make: Make, log: Path) -> None:
    """A port that somebody has is an error that names the command which finds out who."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        error = refusal(make("process", server={"port": port}), log)
    assert f"port {port} on 127.0.0.1 is taken; find the process (ss -ltnp 'sport = :{port}')" in error.sentence


def test_killed_in_the_middle(make: Make, log: Path) -> None:
    """Of a server that is killed while it answers, the endpoint says by which signal."""
    made = make("process")
    with serving(made, log) as endpoint:
        pieces = stream(endpoint, "something long", 400)
        next(pieces)
        os.kill(children()[0], signal.SIGKILL)
        assert b"[DONE]" not in b"".join(pieces)
        assert eventually(lambda: str(endpoint.ended()).startswith("signal 9 (killed"))
    assert not children()


@pytest.mark.slow
@pytest.mark.parametrize("patience", [1, 2])
def test_stubborn_servers_end(
    make: Make, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    """One that ignores the first SIGTERM gets a second one, and one that ignores both is killed, with its children."""
    monkeypatch.setattr(processes, "PATIENCE", 0.5)
    stubborn = script(
        tmp_path / "stubborn",
        f"#!{sys.executable}\nimport os, signal, subprocess, sys, time\nleft = [{patience}]\n"
        "def ignore(*_):\n    left[0] -= 1\n    if left[0] < 0: sys.exit()\n    print('ignored', flush=True)\n"
        "signal.signal(signal.SIGTERM, ignore)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal, time\\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\nprint(1, flush=True)\\ntime.sleep(60)'])\n"
        "print('child', child.pid, flush=True)\nwhile True: time.sleep(0.01)\n",
    )
    error = refusal(make("process", server={"executable": stubborn, "health_timeout": 1.5}), log)
    assert "did not get healthy" in error.sentence
    out = log.read_text()
    assert out.count("ignored") == patience
    assert not children()
    grandchild = int(out.partition("child ")[2].split()[0])
    assert eventually(lambda: not lives(grandchild))


def test_does_not_outlive_a_kill(make: Make, log: Path) -> None:
    """When the program itself is killed with kill -9, its server dies with it."""
    _, config = make("process")
    program = subprocess.Popen(
        [sys.executable, "-c", OUTLIVED, config.file, log], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("http://127.0.0.1:")
        (server,) = children(program.pid)
        program.kill()
        assert eventually(lambda: not lives(server))


@pytest.mark.slow
def test_ends_on_sigterm_within_seconds(make: Make, log: Path) -> None:
    """A SIGTERM that becomes a KeyboardInterrupt, as in doit, takes the server with it."""
    _, config = make("process")
    handler = "import signal\nsignal.signal(signal.SIGTERM, signal.default_int_handler)\n"
    program = subprocess.Popen(
        [sys.executable, "-c", handler + OUTLIVED, config.file, log],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with program:
        assert program.stdout is not None
        program.stdout.readline()
        (server,) = children(program.pid)
        began = time.monotonic()
        program.terminate()
        assert "KeyboardInterrupt" in program.communicate(timeout=30)[1]
    assert time.monotonic() - began < 10
    assert not lives(server)


def test_unknown_flags(make: Make, log: Path) -> None:
    """Flags for a real llama-server are refused by name before the wheel's starts."""
    error = refusal(make("process", args=["--jinja", "--mlock"], placement=["-mg", "1", "-t", "1"]), log)
    assert "tested: the wheel's llama.cpp server does not know --mlock -mg 1; take" in error.sentence
    assert not log.exists()


def test_no_server_on_this_machine(make: Make, log: Path) -> None:
    """A server that is named and not there is a prerequisite that says how to get one."""
    error = refusal(make("process", server={"executable": "no-such-server"}), log)
    assert isinstance(error, MissingPrerequisite)
    assert "there is no no-such-server on this machine; install llama.cpp" in error.sentence


def test_what_cannot_be_executed(make: Make, log: Path, tmp_path: Path) -> None:
    """A named server that is no program is one sentence; its path is relative to the profiles file."""
    script(tmp_path / "data", "neither a script nor a program")
    error = refusal(make("process", server={"executable": "./data"}), log)
    assert f"{tmp_path}/data cannot be started (Exec format error); fix it, or" in error.sentence


def test_a_server_without_output(make: Make, log: Path, tmp_path: Path) -> None:
    """No lines are promised of a server that ended without output."""
    silent = script(tmp_path / "silent", "#!/bin/sh\nexit 3\n")
    error = refusal(make("process", server={"executable": silent}), log)
    assert error.sentence == f"tested: llama-server ended while loading (exit code 3, without output); see {log}."
    assert error.log == ""


def test_a_template_without_thinking(make: Make, log: Path) -> None:
    """What `reasoning` sends reaches the chat template, which here asks another question instead of thinking."""
    asks = "{% if enable_thinking is defined and not enable_thinking %}two and two{% endif %}"
    template = TEMPLATE.replace("{% if add_generation_prompt", f"{asks}{{% if add_generation_prompt")
    made = make("process", args=["--chat-template", template])
    with serving(made, log) as endpoint:
        for level, quiet in (("off", True), ("high", False)):
            sampling = replace(made[0].sampling, reasoning=level)
            request = body(sampling, [{"role": "user", "content": "hello"}], None, model="m", llama=endpoint.llama)
            request |= {"stream": False, "stream_options": None}
            answer = requests.post(f"{endpoint.base_url}/chat/completions", json=request, timeout=60).json()
            assert (answer["choices"][0]["message"]["content"] == "It is 4.") == quiet


def test_the_wheels_version_is_its_build(make: Make, log: Path) -> None:
    """Of a llama.cpp that was not told its build, the wheel's version is recorded."""
    with serving(make("process"), log) as endpoint:
        assert re.fullmatch(r"xllamacpp \d[\d.]+|b[1-9]\d*-\w+", endpoint.facts["build"])


def test_one_that_dies_at_its_first_start(
    make: Make, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that dies while it starts is started once more, which is said with the reason."""
    real = f"exec {sys.executable} -P {xllamacpp_server.__file__} "
    flaky = script(tmp_path / "flaky", f'#!/bin/sh\n[ -e {tmp_path}/tried ] && {real}"$@"\n'
                   f"touch {tmp_path}/tried\necho CUDA error: device busy\nexit 1\n")  # fmt: skip
    with serving(make("process", server={"executable": flaky}), log) as endpoint:
        assert say(endpoint, "two and two?") == "It is 4."
    assert "(exit code 1: CUDA error: device busy); see" in capsys.readouterr().out


def test_one_that_dies_at_each_start(make: Make, log: Path, tmp_path: Path) -> None:
    """Two starts are tried, no more; where the reason is one that stays, one alone."""
    for message, starts in (("CUDA error: device busy", 2), ("error: invalid argument: -x", 1)):
        dying = script(tmp_path / "dying", f"#!/bin/sh\necho {message}\nexit 1\n")
        log.unlink(missing_ok=True)
        assert message.removeprefix("error: ") in refusal(make("process", server={"executable": dying}), log).sentence
        assert log.read_text().count("=== ") == starts
