"""doit as a user starts it, without the time that Python takes to import it: a fork of a process that has.

A fork has arguments, a working folder, an environment and standard streams of its own, and runs doit's real entry point
from its first line to the interpreter's end. Where the environment asks for another interpreter, one is started.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import re
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.connection import Client, Listener
from pathlib import Path
from types import ModuleType
from typing import Any

from bench import processes
from bench.errors import SandboxError
from bench.report import html, markdown
from bench.sandbox import bubblewrap

ROOT = Path(__file__).parents[1]
DODO = str(ROOT / "dodo.py")
IMPORTED = """
doit.doit_cmd bench.graph.report bench.graph.reporter bench.commands.why bench.commands.doctor bench.generate.run
bench.generate.command bench.evaluate.run bench.evaluate.local bench.imports.collection bench.report.render jinja2
requests rich.live
"""
"""What runs of doit import sooner or later."""
ENVIRONMENT = dict(os.environ)
"""The environment before any test has changed it."""
PIPE, STDOUT = subprocess.PIPE, subprocess.STDOUT
STATUS = 64
"""Bytes of a message with a process id or an exit code."""


class Fork:
    """A process that is no child of ours, with what tests use of `subprocess.Popen` in text mode."""

    def __init__(self, request: dict[str, Any], stdout: int, stderr: int) -> None:
        self.returncode: int | None = None
        self.printed = {1: bytearray(), 2: bytearray()}
        self.reading: dict[int, int] = {}
        self.status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as ours:
            ours.enter_context(theirs)
            fds = [os.open(os.devnull, os.O_RDONLY)]
            for number, wanted in ((1, stdout), (2, stderr)):
                if wanted == PIPE:
                    reading, writing = os.pipe()
                    self.reading[reading] = number
                else:
                    writing = os.dup(fds[-1] if wanted == STDOUT else wanted)
                fds.append(writing)
            for fd in fds:
                ours.callback(os.close, fd)
            socket.send_fds(server()[0], [json.dumps(request).encode()], [theirs.fileno(), *fds])
        self.pid = int(self.status.recv(STATUS))

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, -N after the signal N, when it has ended."""
        if self.returncode is None:
            if not select.select([self.status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("doit", timeout or 0)
            self.returncode = int(self.status.recv(STATUS))
            self.status.close()
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it prints, when it and whatever shares its pipes have ended."""
        ends = time.monotonic() + (1e6 if timeout is None else timeout)
        while self.reading:
            ready = select.select(self.reading, [], [], max(0, ends - time.monotonic()))[0]
            if not ready:
                raise subprocess.TimeoutExpired("doit", timeout or 0)
            for fd in ready:
                part = os.read(fd, 1 << 16)
                self.printed[self.reading[fd]] += part
                if not part:
                    del self.reading[fd]
                    os.close(fd)
        self.wait(max(0, ends - time.monotonic()))
        out, err = (re.sub("\r\n?", "\n", text.decode()) for text in self.printed.values())
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def start(
    *arguments: str,
    cwd: Path,
    environment: Mapping[str, str],
    stdout: int = PIPE,
    stderr: int = STDOUT,
    before: Sequence[str] = (),
) -> "Fork | subprocess.Popen[str]":
    """Start `python -m doit` with these arguments, `before` which a program may stand that runs it elsewhere."""
    if before or not hasattr(os, "pidfd_open") or interpreter(environment) != interpreter(ENVIRONMENT):
        return subprocess.Popen(
            [*before, sys.executable, "-m", "doit", *arguments], cwd=cwd, env=dict(environment),
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True,
        )  # fmt: skip
    return Fork({"arguments": arguments, "cwd": str(cwd), "environment": dict(environment)}, stdout, stderr)


def run(*arguments: str, cwd: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `python -m doit` with these arguments."""
    process = start(*arguments, cwd=cwd, environment=environment, stderr=PIPE)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.wait(), out, err)


def interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that Python reads when it starts; that warnings are errors is so in a fork, too."""
    read = re.compile(r"PYTHON(?!WARNINGS)|LC_|LANG|TZ$|HF_")
    return {name: value for name, value in environment.items() if read.match(name)}


@cache
def server() -> "tuple[socket.socket, subprocess.Popen[bytes]]":
    """The process that forks, and what it is asked by; it ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.running", str(theirs.fileno())], pass_fds=[theirs.fileno()], cwd=ROOT,
            env=ENVIRONMENT | {"PYTHONWARNINGS": "error"}, stdin=subprocess.DEVNULL, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
    atexit.register(end, ours, process)
    return ours, process


def end(control: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    """End the process that forks."""
    control.shutdown(socket.SHUT_RDWR)
    control.close()
    process.wait()
    if process.stdout:
        process.stdout.close()


def serve(control: socket.socket) -> dict[str, Any]:
    """Fork for every request, and tell how each fork ended. Returns in a fork, with its request."""
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for fd in select.select([control.fileno(), *running], [], [])[0]:
            if fd in running:
                pid, status = running.pop(fd)
                os.close(fd)
                with status, contextlib.suppress(OSError):
                    status.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
                continue
            message, fds, _, _ = socket.recv_fds(control, 1 << 18, 4)
            if not message:
                sys.exit()
            pid = os.fork()
            if not pid:
                os.close(fds[0])
                for number, standard in enumerate(fds[1:]):
                    os.dup2(standard, number)
                    os.close(standard)
                for other, (_, status) in running.items():
                    os.close(other)
                    status.close()
                request: dict[str, Any] = json.loads(message)
                return request
            status = socket.socket(fileno=fds[0])
            status.send(str(pid).encode())
            running[os.pidfd_open(pid)] = pid, status
            for standard in fds[1:]:
                os.close(standard)


class Charts(ModuleType):
    """vl_convert in a process of its own, so that the half a second in which it starts is spent once."""

    def __init__(self) -> None:
        super().__init__("vl_convert")
        self.address = f"\0bench-charts-{os.getpid()}"
        with Listener(self.address, "AF_UNIX", backlog=64) as listener:
            if not os.fork():
                processes.die_with_parent()
                while True:
                    draw(listener)

    def __getattr__(self, name: str) -> Any:
        def ask(*args: Any, **options: Any) -> Any:
            with Client(self.address, "AF_UNIX") as connection:
                connection.send((name, args, options))
                return connection.recv()

        return ask


def draw(listener: Listener) -> None:
    """Draw one chart for a fork."""
    vl_convert = importlib.import_module("vl_convert")
    with listener.accept() as connection:
        name, args, options = connection.recv()
        connection.send(getattr(vl_convert, name)(*args, **options))


def main(number: int) -> None:
    """Serve; in a fork, be `python -m doit`."""
    for name in IMPORTED.split():
        importlib.import_module(name)
    sys.modules["vl_convert"] = Charts()
    markdown.template(html.PAGE), markdown.template("REPORT.md.j2")
    with contextlib.suppress(SandboxError):
        bubblewrap.interpreter()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=number) as control:
        request = serve(control)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.path[0] = request["cwd"]
    sys.argv[1:] = request["arguments"]
    # doit has taken hold of the streams already: they are those of the descriptors that this process has now.
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    runpy.run_module("doit", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
