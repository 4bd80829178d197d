"""Ctrl-C and SIGTERM: the run ends in order, however many signals come at once."""

import time
from typing import ClassVar

ONE_INTERRUPT = 2.0
"""Seconds within which several signals are one."""


class Stopped(SystemExit):
    """Ctrl-C or SIGTERM: the run ends with its database written, no traceback, and exit code 130.

    doit sends it from a worker to the run by its class and its text, hence the arguments.
    """

    last: ClassVar[float] = float("-inf")

    def __init__(self, *_: object) -> None:
        super().__init__(130)


def interrupt(_signal: int, _frame: object) -> None:
    """End with `Stopped`; for signal.signal."""
    # A worker has SIGINT from the terminal and SIGTERM from the run: the second must not cut its cleaning up short.
    now = time.monotonic()
    if now - Stopped.last > ONE_INTERRUPT:
        Stopped.last = now
        raise Stopped
