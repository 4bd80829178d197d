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
from bench.text import plain

SAME = ("parameters", "bytes", "quantization", "chat_template")
"""What endpoints that serve the same model say alike."""

Connect = Callable[[str], Source]


@dataclass
class EndpointState:
    """How one endpoint stands: `source` is None while it is left out, for `why`, until `due` at least."""

    url: str
    source: Source | None = None
    busy: int = 0
    why: str = ""
    due: float = 0.0
    trying: bool = False


class Spread:
    """As a Source, with several endpoints behind it; `connect` makes the Source of one. Made by `open_spread`."""

    def __init__(self, profile: Profile, states: Sequence[EndpointState], connect: Connect) -> None:
        self.profile, self.states, self.connect = profile, states, connect
        self.changed = threading.Condition()
        self.width = profile.sampling.slots * len(states)

    def complete(self, want: Wanted, tick: Tick) -> Completion:
        """One completion, by whichever endpoint has room. Raises DownError where none of them is left."""
        while True:
            state, source = self._take(tick)
            try:
                return source.complete(want, tick)
            except DownError as error:
                self._drop(state, source, error)
            finally:
                self._give(state)

    def _take(self, tick: Tick) -> tuple[EndpointState, Source]:
        """An endpoint with room, now or when there is one; tries again those that are due meanwhile."""
        while True:
            tick(0)
            with self.changed:
                free = [state for state in self.states if state.source and state.busy < state.source.width]
                if free:
                    state = min(free, key=lambda state: state.busy)
                    assert state.source
                    state.busy += 1
                    return state, state.source
                absent = [state for state in self.states if not state.source and not state.trying]
                if len(absent) == len(self.states):
                    raise none_left(self.profile, self.states)
                now = time.monotonic()
                due = next((state for state in absent if state.due <= now), None)
                if due is None:
                    self.changed.wait(min((state.due - now for state in absent), default=None))
                    continue
                due.trying = True
            self._try(due)

    def _try(self, state: EndpointState) -> None:
        found: Source | BenchError
        with self.changed:
            sources = [other.source for other in self.states if other.source]
        try:
            found = self.connect(state.url)
            require_same(self.profile, [found, *sources])
        except BenchError as error:
            found = error
        with self.changed:
            state.trying = False
            if isinstance(found, Source):
                state.source = found
                tell(f"  {state.url} answers again")
            else:
                state.why, state.due = found.sentence, time.monotonic() + self.profile.server.stall_timeout
            self.changed.notify_all()

    def _drop(self, state: EndpointState, source: Source, error: DownError) -> None:
        with self.changed:
            if state.source is source:
                state.source, state.why = None, error.sentence
                state.due = time.monotonic() + self.profile.server.stall_timeout
                tell(f"  {state.url} is left out: {error.sentence}")

    def _give(self, state: EndpointState) -> None:
        with self.changed:
            state.busy -= 1
            self.changed.notify_all()


def open_spread(profile: Profile, urls: Sequence[str], connect: Connect) -> Spread:
    """All endpoints that answer now, the others to be tried again later.

    Raises ServerError where none answers, or where they do not serve the same model.
    """
    states = [EndpointState(url) for url in urls]

    def enter(state: EndpointState) -> None:
        try:
            state.source = connect(state.url)
        except BenchError as error:
            state.why, state.due = error.sentence, time.monotonic() + profile.server.stall_timeout

    for state, _ in each(states, enter, len(states)):
        if not state.source:
            tell(f"  {state.url} is left out: {state.why}")
    sources = [state.source for state in states if state.source]
    if not sources:
        raise ServerError(none_left(profile, states).sentence)
    require_same(profile, sources)
    return Spread(profile, states, connect)


def require_same(profile: Profile, sources: Sequence[Source]) -> None:
    """Raise ServerError where two endpoints say different things of their model."""
    first = sources[0].facts
    for facts in (source.facts for source in sources[1:]):
        for name in SAME:
            if name in first and name in facts and first[name] != facts[name]:
                one, other = (plain(str(value)) for value in (first[name], facts[name]))
                raise ServerError(
                    f"{profile.id}: {first['endpoint']} and {facts['endpoint']} serve different models ({name} "
                    f"{one} and {other}); serve the same file on all endpoints of a host."
                )


def none_left(profile: Profile, states: Sequence[EndpointState]) -> DownError:
    """The error for a host all of whose endpoints are left out."""
    reasons = " ".join(dict.fromkeys(state.why for state in states))
    host = profile.host.name if profile.host else ""
    return DownError(f"{profile.id}: no endpoint of {host} answers. {reasons}")
