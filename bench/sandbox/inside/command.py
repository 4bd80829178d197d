"""A test is a run of a program in another language: a command, whose standard input and output are the test's.

The process that reads its output and writes the records runs nothing of the sample and cannot be read by it.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import tempfile
from functools import partial
from typing import Any, NoReturn

from . import outputs
from .call import Pipe, error_of, limit, programs
from .limits import reaped_cpu

MOST, WORDS = 4 << 20, 2000
"""Bytes of an output that are read, and of a failing command's last output."""

STACK = 8 << 20


class CommandError(Exception):
    """A command ended with a code that is not 0."""


def run(job: dict[str, Any], source: str, inputs: list[Any], pipes: tuple[int, int], progress: Any) -> NoReturn:
    """Build the program, run it once for each input and end the process; `progress[0]` is the test's number, from 1."""
    pipe = Pipe(pipes[0])
    try:
        limit(job["memory"], job["processes"], stack=STACK, address_space=False)
        for name, text in zip(job["files"], (job["preamble"], source, job["harness"]), strict=True):
            with open(name, "w", encoding="utf-8", errors="surrogatepass") as file:
                file.write(text)
        if job["build"]:
            _output(job["build"], "")
        os.write(pipes[1], b"!")
        programs(partial(_output, job["command"]), inputs, job, pipe, progress, reaped_cpu)
    except BaseException as error:  # noqa: BLE001 - whatever ends it is recorded
        pipe.put_last(outputs.ERROR, marshal.dumps(error_of(error), 2))
    finally:
        os._exit(0)


def _output(command: list[str], text: str) -> str:
    """The command's output. Raises CommandError with its last lines, and OSError."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(text.encode("utf-8", "surrogatepass"))
        stdin.seek(0)
        code = subprocess.run(command, stdin=stdin, stdout=stdout, stderr=stderr, check=False).returncode
        stdout.seek(0)
        if code:
            stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - WORDS))
            lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
            lines = [line for line in lines if "error" in line.lower()] or lines
            raise CommandError(lines[0] if lines else f"{command[0]} ended with the code {code}")
        return stdout.read(MOST).decode("utf-8", "replace")
