"""A test is a run of a program: its input on standard input, its output from standard output.

All runs share one process, since a sample may make none; each has a namespace and streams of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import marshal
import os
import sys
import tempfile
import threading
from functools import partial
from time import process_time
from typing import Any, NoReturn

from . import outputs
from .call import FILENAME, Pipe, error_of, limit, programs

MOST = 4 << 20
"""Bytes of an output that are read; a longer one is wrong."""

RECURSION = 1000


def run(job: dict[str, Any], source: str, inputs: list[Any], pipes: tuple[int, int], progress: Any) -> NoReturn:
    """Run the program once for each input and end the process; `progress[0]` is the number of the test, from 1."""
    # Bound now: the sample may replace them.
    leave, dumps, describe, pipe = os._exit, marshal.dumps, error_of, Pipe(pipes[0])
    try:
        limit(job["memory"], job["processes"])
        os.write(pipes[1], b"!")
        code = compile(source, FILENAME, "exec", dont_inherit=True)
        os._exit = _exit
        programs(partial(_once, code), inputs, job, pipe, progress, process_time)
    except BaseException as error:  # noqa: BLE001 - a sample may raise anything
        pipe.put_last(outputs.ERROR, dumps(describe(error), 2))
    finally:
        leave(0)


class ExitCode(Exception):  # noqa: N818 - the word that people read before the number
    """A program ended with a code that is not 0."""


def _exit(status: int) -> NoReturn:
    raise SystemExit(status)


def _once(code: Any, text: str) -> str:
    """The output of the program for one input. Raises its exceptions, and ExitCode."""
    _silence()
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout:
        stdin.write(text.encode("utf-8", "surrogatepass"))
        stdin.seek(0)
        # Descriptors, since programs read and write them too: open(0), os.read.
        os.dup2(stdin.fileno(), 0)
        os.dup2(stdout.fileno(), 1)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the program runs
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the same
        sys.argv = [FILENAME]
        sys.setrecursionlimit(RECURSION)
        _execute(code)
        with contextlib.suppress(AttributeError, ValueError):
            sys.stdout.flush()
        stdout.seek(0)
        output = stdout.read(MOST).decode("utf-8", "replace")
    gc.collect()
    return output


def _silence() -> None:
    """Occupy the standard descriptors, which the last run may have closed: no file of ours gets their numbers."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    if null > 2:
        os.close(null)


def _execute(code: Any) -> None:
    try:
        exec(code, {"__name__": "__main__"})  # noqa: S102 - what this is for
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join()
    except SystemExit as error:
        if error.code not in (None, 0):
            raise ExitCode(str(error.code)[:300]) from None
    atexit._run_exitfuncs()  # noqa: SLF001 - as the interpreter does at its end
    atexit._clear()  # noqa: SLF001 - those of the next run are its own
