"""The live line of a long step: done of total, tokens per second, time to go, and lost answers."""

import contextlib
import heapq
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.console import duration, in_worker, print_line

EVERY = 10.0
"""Seconds between two lines where the output is not a terminal."""

WIDTH = 28
SHORT = 8
"""Columns of a name that come before the counts of lost answers."""
FEW = 4
"""With fewer pieces of work done, and less than a tenth, there is no estimate of the rest."""


@dataclass
class Progress:
    """The state of a step; `had` of the `total` were done before it began. `unit` formats counts.

    `width` are in work at once. `share` is the fraction of the whole time that has gone, where a plan is known: some
    pieces take longer than others.
    """

    title: str
    total: int
    had: int = 0
    done: int = 0
    pieces: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    unit: Callable[[int], str] = str
    phase: str = ""
    share: float | None = None
    width: int = 0

    def start(self) -> None:
        """Start the clock: the loading of a model, say, is no part of its speed."""
        self.began = time.monotonic()

    def tick(self, pieces: int) -> None:
        """Count pieces of an answer (tokens, as llama.cpp streams)."""
        self.pieces += pieces

    def count(self, loss: str) -> None:
        """Count a completion in the journal; `loss` is the reason why it is lost, if any."""
        self.done += 1
        if loss:
            self.lost[loss] += 1

    def reach(self, done: int, total: int, phase: str = "", share: float | None = None) -> None:
        """Set the counts, and the share of the work that they are; a new phase has a clock of its own."""
        if phase != self.phase or not done:
            self.start()
        self.phase, self.done, self.total, self.share = phase, done, total, share

    @property
    def to_go(self) -> float | None:
        """The seconds that are left at the pace so far; None while too little is done."""
        spent, left = time.monotonic() - self.began, self.total - self.had - self.done
        if not self.done or left <= 0:
            return None
        if self.share is None:
            # Of what is in work, half is done on average.
            half = min(self.width, left) / 2
            few = self.done < min(FEW, (self.done + left) / 10)
            return None if few else spent / (self.done + half) * (left - half)
        return spent * (1 - self.share) / self.share if self.share else None

    def text(self, width: int = WIDTH, columns: int = 0) -> str:
        """The line as it stands now, with a bar of at most `width` characters (0: none).

        In a terminal of so many `columns` (0: any), the bar is shortened first, then the name, then the lost answers
        are left out. Done of total and the time to go stay.
        """
        reached, spent, to_go = self.had + self.done, time.monotonic() - self.began, self.to_go
        parts = [
            f"{self.unit(reached)}/{self.unit(self.total)}",
            f"{self.pieces / spent:.0f} tok/s" if spent > 0.5 and self.pieces else "",
            *(f"{count} {name}" for name, count in sorted(self.lost.items())),
            f"ETA {duration(to_go)}" if to_go is not None else "",
        ]
        name, known = "  ".join(filter(None, [self.title, self.phase])), list(filter(None, parts))
        # Two spaces before and behind the name, three between the others.
        while columns and len(known) > 2 and columns - len("   ".join(known)) - 4 < min(len(name), SHORT):
            del known[1]
        space = columns - len("   ".join(known)) - 4 if columns else len(name) + width + 3
        bar = max(0, min(width, space - len(name) - 3))
        if len(name) > space:
            name = name[: max(1, space - 1)] + "…"
        filled = round(bar * reached / self.total) if self.total else bar
        return f"  {name}  " + "   ".join(filter(None, ["━" * filled + "╌" * (bar - filled), *known]))


class Plan:
    """The schedule of jobs that take so many `seconds` each and begin in this order, `width` at once."""

    def __init__(self, seconds: Sequence[float], width: int) -> None:
        self.width, self.done, self.over = max(1, width), 0, 0.0
        cores, ends = [0.0] * self.width, []
        for duration_each in seconds:
            ends.append(cores[0] + duration_each)
            heapq.heapreplace(cores, ends[-1])
        self.ends = sorted(ends)

    def share(self, expected: float, actual: float) -> float:
        """The share of the whole time that has gone when one more is done: some run into their limits."""
        self.done, self.over = self.done + 1, self.over + max(0.0, actual - 2 * expected)
        gone = self.ends[self.done - 1] + self.over / self.width
        left = len(self.ends) - self.done
        return gone / (gone + self.ends[-1] - self.ends[self.done - 1] + self.over / self.done * left / self.width)


@contextlib.contextmanager
def live(progress: Progress, *, stays: bool = True) -> Iterator[None]:
    """Show the line while the block runs: on a terminal redrawn in place, else a line every few seconds.

    Several at once, as with doit -n, cannot share a line: then there are whole lines too. Where it `stays`, the last
    state remains to be read.
    """
    alone = threading.current_thread() is threading.main_thread() and not in_worker()
    if sys.stdout.isatty() and alone:
        from rich.console import Console  # noqa: PLC0415 - only where there is a terminal
        from rich.live import Live  # noqa: PLC0415 - the same
        from rich.text import Text  # noqa: PLC0415 - the same

        console = Console()

        def drawn() -> Text:
            text = Text(progress.text(columns=console.width), no_wrap=True, overflow="ellipsis")
            text.highlight_regex("━+", "blue")
            return text

        with Live(console=console, get_renderable=drawn, refresh_per_second=4, transient=not stays):
            yield
        return
    with _lines(progress):
        yield
    if stays:
        print_line(progress.text(width=0))


@contextlib.contextmanager
def _lines(progress: Progress) -> Iterator[None]:
    ended = threading.Event()

    def report() -> None:
        before = None
        while not ended.wait(EVERY):
            # One long answer can take an hour: new tokens are progress too.
            now = (progress.done, progress.pieces)
            if now != before:
                before = now
                print_line(progress.text(width=0))

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
