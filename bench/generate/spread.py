"""Requests over several endpoints of one host: each has its share, and one that fails is left out for a while.

The threads that have nothing to do because an endpoint is left out are those that try it again. For actions only.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.console import tell
from bench.errors import BenchError, ServerError
from bench.generate.client import DownError, Tick
from bench.generate.source import Source
from bench.generate.wanted import Wanted
from bench.parallel import each
from bench.profiles import Profile
from bench.records import Completion

SAME = ("parameters", "bytes", "quantization", "chat_template")
"""What endpoints that serve the same model say alike."""

Connect = Callable[[str], Source]


@dataclass
class Seat:
    """One endpoint: `source` is None while it is left out, `why` it is so, and `due` when it may be tried again."""

    url: str
    source: Source | None = None
    busy: int = 0
    why: str = ""
    due: float = 0.0
    trying: bool = False


class Spread:
    """As a Source, with several endpoints behind it; `connect` makes the Source of one. Made by `open_spread`."""

    def __init__(self, profile: Profile, seats: Sequence[Seat], connect: Connect) -> None:
        self.profile, self.seats, self.connect = profile, seats, connect
        self.changed = threading.Condition()
        self.width = profile.sampling.slots * len(seats)

    def complete(self, want: Wanted, tick: Tick) -> Completion:
        """One completion, by whichever endpoint has room. Raises DownError where none of them is left."""
        while True:
            seat, source = self._take()
            try:
                return source.complete(want, tick)
            except DownError as error:
                self._drop(seat, source, error)
            finally:
                self._give(seat)

    def _take(self) -> tuple[Seat, Source]:
        """An endpoint with room, now or when there is one; tries again those that are due meanwhile."""
        while True:
            with self.changed:
                free = [seat for seat in self.seats if seat.source and seat.busy < seat.source.width]
                if free:
                    seat = min(free, key=lambda seat: seat.busy)
                    assert seat.source
                    seat.busy += 1
                    return seat, seat.source
                absent = [seat for seat in self.seats if not seat.source and not seat.trying]
                if len(absent) == len(self.seats):
                    raise none_left(self.profile, self.seats)
                now = time.monotonic()
                due = next((seat for seat in absent if seat.due <= now), None)
                if due is None:
                    self.changed.wait(min((seat.due - now for seat in absent), default=None))
                    continue
                due.trying = True
            self._try(due)

    def _try(self, seat: Seat) -> None:
        found: Source | BenchError
        try:
            found = self.connect(seat.url)
            require_same(self.profile, [found, *(other.source for other in self.seats if other.source)])
        except BenchError as error:
            found = error
        with self.changed:
            seat.trying = False
            if isinstance(found, Source):
                seat.source = found
                tell(f"  {seat.url} answers again")
            else:
                seat.why, seat.due = found.sentence, time.monotonic() + self.profile.server.stall_timeout
            self.changed.notify_all()

    def _drop(self, seat: Seat, source: Source, error: DownError) -> None:
        with self.changed:
            if seat.source is source:
                seat.source, seat.why = None, error.sentence
                seat.due = time.monotonic() + self.profile.server.stall_timeout
                tell(f"  {seat.url} is left out: {error.sentence}")

    def _give(self, seat: Seat) -> None:
        with self.changed:
            seat.busy -= 1
            self.changed.notify_all()


def open_spread(profile: Profile, urls: Sequence[str], connect: Connect) -> Spread:
    """All endpoints that answer now, the others to be tried again later.

    Raises ServerError where none answers, or where they do not serve the same model.
    """
    seats = [Seat(url) for url in urls]

    def enter(seat: Seat) -> None:
        try:
            seat.source = connect(seat.url)
        except BenchError as error:
            seat.why, seat.due = error.sentence, time.monotonic() + profile.server.stall_timeout

    for seat, _ in each(seats, enter, len(seats)):
        if not seat.source:
            tell(f"  {seat.url} is left out: {seat.why}")
    sources = [seat.source for seat in seats if seat.source]
    if not sources:
        raise ServerError(none_left(profile, seats).sentence)
    require_same(profile, sources)
    return Spread(profile, seats, connect)


def require_same(profile: Profile, sources: Sequence[Source]) -> None:
    """Raise ServerError where two endpoints say different things of their model."""
    first = sources[0].facts
    for facts in (source.facts for source in sources[1:]):
        for name in SAME:
            if name in first and name in facts and first[name] != facts[name]:
                raise ServerError(
                    f"{profile.id}: {first['endpoint']} and {facts['endpoint']} serve different models ({name} "
                    f"{first[name]} and {facts[name]}); serve the same file on all endpoints of a host."
                )


def none_left(profile: Profile, seats: Sequence[Seat]) -> DownError:
    """The error for a host all of whose endpoints are left out."""
    reasons = " ".join(dict.fromkeys(seat.why for seat in seats))
    host = profile.host.name if profile.host else ""
    return DownError(f"{profile.id}: no endpoint of {host} answers. {reasons}")
