"""Requests over several endpoints of one host: each has its share, and one that fails is left out for a while.

Those that are ready begin. One that still loads its model, or was left out, is tried beside the requests, and joins
when it answers. For actions only.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.console import tell
from bench.errors import BenchError, ServerError
from bench.generate.backend import OneBackend
from bench.generate.http import DownError, Tick
from bench.generate.requests import Request
from bench.parallel import each
from bench.profiles import Profile
from bench.records import Completion
from bench.servers.health import LoadingError
from bench.text import plain

SAME = ("parameters", "bytes", "quantization", "chat_template")
"""What endpoints that serve the same model say alike."""

Connect = Callable[[str, float], OneBackend]
"""Makes the backend of an endpoint; raises LoadingError for one that still loads its model after so many seconds."""

LOOK = 1.0
"""Seconds after which a request that waits for room looks whether it is still wanted."""


@dataclass
class EndpointState:
    """How one endpoint stands: `backend` is None while it is left out, for `why`, until `due` at least."""

    url: str
    backend: OneBackend | None = None
    busy: int = 0
    why: str = ""
    due: float = 0.0
    trying: bool = False


class LoadBalancer:
    """A Backend with several endpoints behind it; `connect` makes that of one. Made by `open_balancer`."""

    def __init__(self, profile: Profile, states: Sequence[EndpointState], connect: Connect) -> None:
        self.profile, self.states, self.connect = profile, states, connect
        self.changed = threading.Condition()
        self.width = profile.sampling.slots * len(states)
        self.closed = False
        self.broken: BaseException | None = None

    @property
    def backends(self) -> list[OneBackend]:
        """Those of the endpoints that are not left out."""
        return [state.backend for state in self.states if state.backend]

    def complete(self, request: Request, tick: Tick) -> Completion:
        """One completion, by whichever endpoint has room. Raises DownError where none of them is left."""
        while True:
            state, backend = self._take(tick)
            try:
                return backend.complete(request, tick)
            except DownError as error:
                self._drop(state, backend, error)
            finally:
                self._give(state)

    continues = False
    """An answer may have been begun elsewhere."""

    def works(self, tick: Tick) -> bool:
        """Whether any of them answers a request that was answered before."""
        return any(backend.works(tick) for backend in self.backends)

    def _take(self, tick: Tick) -> tuple[EndpointState, OneBackend]:
        """An endpoint with room, now or when there is one; has those that are due tried again meanwhile."""
        while True:
            tick(0)
            with self.changed:
                free = [state for state in self.states if state.backend and state.busy < state.backend.width]
                if free:
                    state = min(free, key=lambda state: state.busy)
                    assert state.backend
                    state.busy += 1
                    return state, state.backend
                if self.broken:
                    raise self.broken
                if not self.backends and not any(state.trying for state in self.states):
                    raise none_left(self.profile, self.states)
                for state in self.states:
                    if not state.backend and not state.trying and state.due <= time.monotonic():
                        self.begin(state)
                self.changed.wait(LOOK)

    def begin(self, state: EndpointState) -> None:
        """Try an endpoint, beside everything else: it may take as long as its model takes to load."""
        state.trying = True
        threading.Thread(target=self._try, args=[state], daemon=True).start()

    def _try(self, state: EndpointState) -> None:
        backend, why = None, ""
        try:
            backend = self.connect(state.url, self.profile.server.health_timeout)
        except BenchError as error:
            why = error.sentence
        except BaseException as error:  # noqa: BLE001 - raised again where requests wait
            self.broken = error
        with self.changed:
            try:
                if backend:
                    require_same(self.profile, [backend, *self.backends])
            except ServerError as error:
                backend, why = None, error.sentence
            state.trying, state.backend = False, backend
            if backend is None:
                state.why, state.due = why, time.monotonic() + self.profile.server.stall_timeout
            elif not self.closed:
                tell(f"  {state.url} answers {'again' if state.why else 'now'}")
            self.changed.notify_all()

    def _drop(self, state: EndpointState, backend: OneBackend, error: DownError) -> None:
        with self.changed:
            if state.backend is backend:
                state.backend, state.why = None, error.sentence
                state.due = time.monotonic() + self.profile.server.stall_timeout
                tell(f"  {state.url} is left out: {error.sentence}")

    def _give(self, state: EndpointState) -> None:
        with self.changed:
            state.busy -= 1
            self.changed.notify_all()


@contextlib.contextmanager
def open_balancer(profile: Profile, urls: Sequence[str], connect: Connect) -> Iterator[LoadBalancer]:
    """All endpoints that are ready now, or at least one; the others to join later.

    Raises ServerError where none gets ready, or where they do not serve the same model.
    """
    balancer = LoadBalancer(profile, [EndpointState(url) for url in urls], connect)
    loading: list[EndpointState] = []

    def enter(state: EndpointState) -> None:
        try:
            state.backend = connect(state.url, 0.0)
        except LoadingError:
            loading.append(state)
        except BenchError as error:
            state.why, state.due = error.sentence, time.monotonic() + profile.server.stall_timeout

    for state, _ in each(balancer.states, enter, len(balancer.states)):
        if not state.backend:
            tell(f"  {state.url} {'still loads its model' if state in loading else f'is left out: {state.why}'}")
    require_same(profile, balancer.backends)
    with balancer.changed:
        for state in loading:
            balancer.begin(state)
        balancer.changed.wait_for(lambda: balancer.backends or not any(state.trying for state in balancer.states))
        if not balancer.backends:
            raise balancer.broken or ServerError(none_left(profile, balancer.states).sentence)
    try:
        yield balancer
    finally:
        balancer.closed = True


def require_same(profile: Profile, backends: Sequence[OneBackend]) -> None:
    """Raise ServerError where two endpoints say different things of their model."""
    first = backends[0].facts if backends else {}
    for facts in (backend.facts for backend in backends[1:]):
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
