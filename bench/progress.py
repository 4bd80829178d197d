"""The live line of a long step: done of total, tokens per second, time to go, and what was lost."""

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.console import duration, in_worker, tell

EVERY = 10.0
"""Seconds between two lines where the output is not a terminal."""

WIDTH = 28


@dataclass
class Progress:
    """Where a step stands; `had` of the `total` were there before it began. `unit` says how counts are shown."""

    title: str
    total: int
    had: int = 0
    done: int = 0
    pieces: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    unit: Callable[[int], str] = str

    def start(self) -> None:
        """The work begins: the loading of a model, say, is no part of its speed."""
        self.began = time.monotonic()

    def tick(self, pieces: int) -> None:
        """More pieces of an answer (tokens, as llama.cpp streams) have come."""
        self.pieces += pieces

    def count(self, lacking: str) -> None:
        """One more completion is in the journal; `lacking` says what makes it worthless, if anything."""
        self.done += 1
        if lacking:
            self.lost[lacking] += 1

    def reach(self, done: int, total: int) -> None:
        """So many of so many are done."""
        self.done, self.total = done, total

    def text(self, width: int = WIDTH) -> str:
        """The line as it stands now, with a bar of `width` characters (0: none)."""
        reached, spent = self.had + self.done, time.monotonic() - self.began
        filled = round(width * reached / self.total) if self.total else width
        to_go = spent / self.done * (self.total - reached) if self.done else None
        parts = [
            "━" * filled + "╌" * (width - filled),
            f"{self.unit(reached)}/{self.unit(self.total)}",
            f"{self.pieces / spent:.0f} tok/s" if spent > 0.5 and self.pieces else "",
            *(f"{count} {name}" for name, count in sorted(self.lost.items())),
            f"ETA {duration(to_go)}" if to_go is not None and reached < self.total else "",
        ]
        return f"  {self.title}  " + "   ".join(filter(None, parts))


@contextlib.contextmanager
def live(progress: Progress, *, stays: bool = True) -> Iterator[None]:
    """Show the line while the block runs: on a terminal redrawn in place, else a line every few seconds.

    Several at once, as with doit -n, cannot share a line: then there are whole lines too. Where it `stays`, the last
    state remains to be read.
    """
    if sys.stdout.isatty() and _alone():
        from rich.live import Live  # noqa: PLC0415 - only where there is a terminal
        from rich.text import Text  # noqa: PLC0415 - the same

        def drawn() -> Text:
            return Text(progress.text(), no_wrap=True, overflow="ellipsis")

        with Live(get_renderable=drawn, refresh_per_second=4, transient=not stays):
            yield
        return
    with _lines(progress):
        yield
    if stays:
        tell(progress.text(width=0))


def _alone() -> bool:
    return threading.current_thread() is threading.main_thread() and not in_worker()


@contextlib.contextmanager
def _lines(progress: Progress) -> Iterator[None]:
    ended = threading.Event()

    def say() -> None:
        before = None
        while not ended.wait(EVERY):
            # One long answer can take an hour: that tokens come is news too.
            now = (progress.done, progress.pieces)
            if now != before:
                before = now
                tell(progress.text(width=0))

    teller = threading.Thread(target=say, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
