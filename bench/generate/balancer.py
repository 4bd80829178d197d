"""Load balancing over the endpoints of one host: each gets its share, and one that fails is left out for a while.

Endpoints that are ready begin. One that still loads its model, or was left out, is tried in the background and joins
when it answers. For actions only.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.console import print_line
from bench.errors import BenchError, ServerError
from bench.generate.backend import OneBackend
from bench.generate.http import DownError, Tick
from bench.generate.requests import Request
from bench.parallel import each
from bench.profiles import Profile
from bench.records import Completion
from bench.servers.health import LoadingError
from bench.text import plain

MODEL_FACTS = ("parameters", "bytes", "quantization", "chat_template")
"""Facts that are equal on endpoints that serve the same model."""

Connect = Callable[[str, float], OneBackend]
"""(url, seconds) → the backend of an endpoint; raises LoadingError where its model still loads after these seconds."""

POLL = 1.0
"""Seconds after which a request that waits for a free slot checks whether the run has ended."""


@dataclass
class EndpointState:
    """One endpoint: `backend` is None while it is left out, for a `reason`, until `retry_at` at the earliest."""

    url: str
    backend: OneBackend | None = None
    busy: int = 0
    reason: str = ""
    retry_at: float = 0.0
    connecting: bool = False


class LoadBalancer:
    """A Backend with several endpoints behind it. Made by `open_balancer`."""

    def __init__(self, profile: Profile, states: Sequence[EndpointState], connect: Connect) -> None:
        self.profile, self.states, self.connect = profile, states, connect
        self.changed = threading.Condition()
        self.width = profile.sampling.slots * len(states)
        self.closed = False
        self.fatal: BaseException | None = None

    @property
    def backends(self) -> list[OneBackend]:
        """The backends of the endpoints that are not left out."""
        return [state.backend for state in self.states if state.backend]

    def complete(self, request: Request, tick: Tick) -> Completion:
        """One completion, by the endpoint with the most free slots. Raises DownError where all are left out."""
        while True:
            state, backend = self._acquire(tick)
            try:
                return backend.complete(request, tick)
            except DownError as error:
                self._leave_out(state, backend, error)
            finally:
                self._release(state)

    continues = False
    """The answer may come from another endpoint."""

    def answers_again(self, tick: Tick) -> bool:
        """Whether any of them answers a request that was answered before."""
        return any(backend.answers_again(tick) for backend in self.backends)

    def _acquire(self, tick: Tick) -> tuple[EndpointState, OneBackend]:
        """The least busy endpoint with a free slot, waiting for one; retries endpoints that were left out meanwhile."""
        while True:
            tick(0)
            with self.changed:
                free = [state for state in self.states if state.backend and state.busy < state.backend.width]
                if free:
                    state = min(free, key=lambda state: state.busy)
                    assert state.backend
                    state.busy += 1
                    return state, state.backend
                if self.fatal:
                    raise self.fatal
                if not self.backends and not any(state.connecting for state in self.states):
                    raise all_down(self.profile, self.states)
                for state in self.states:
                    if not state.backend and not state.connecting and state.retry_at <= time.monotonic():
                        self.start_connecting(state)
                self.changed.wait(POLL)

    def start_connecting(self, state: EndpointState) -> None:
        """Connect an endpoint in the background, for as long as its model takes to load."""
        state.connecting = True
        threading.Thread(target=self._connect, args=[state], daemon=True).start()

    def _connect(self, state: EndpointState) -> None:
        backend, reason = None, ""
        try:
            backend = self.connect(state.url, self.profile.server.health_timeout)
        except BenchError as error:
            reason = error.sentence
        except BaseException as error:  # noqa: BLE001 - raised again where requests wait
            self.fatal = error
        with self.changed:
            try:
                if backend:
                    require_same(self.profile, [backend, *self.backends])
            except ServerError as error:
                backend, reason = None, error.sentence
            state.connecting, state.backend = False, backend
            if backend is None:
                state.reason, state.retry_at = reason, time.monotonic() + self.profile.server.stall_timeout
            elif not self.closed:
                print_line(f"  {state.url} answers {'again' if state.reason else 'now'}")
            self.changed.notify_all()

    def _leave_out(self, state: EndpointState, backend: OneBackend, error: DownError) -> None:
        with self.changed:
            if state.backend is backend:
                state.backend, state.reason = None, error.sentence
                state.retry_at = time.monotonic() + self.profile.server.stall_timeout
                print_line(f"  {state.url} is left out: {error.sentence}")

    def _release(self, state: EndpointState) -> None:
        with self.changed:
            state.busy -= 1
            self.changed.notify_all()


@contextlib.contextmanager
def open_balancer(profile: Profile, urls: Sequence[str], connect: Connect) -> Iterator[LoadBalancer]:
    """A balancer with all endpoints that are ready now, at least one; the others join later.

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
            state.reason, state.retry_at = error.sentence, time.monotonic() + profile.server.stall_timeout

    for state, _ in each(balancer.states, enter, len(balancer.states)):
        if not state.backend:
            print_line(
                f"  {state.url} {'still loads its model' if state in loading else f'is left out: {state.reason}'}"
            )
    require_same(profile, balancer.backends)
    with balancer.changed:
        for state in loading:
            balancer.start_connecting(state)
        balancer.changed.wait_for(lambda: balancer.backends or not any(state.connecting for state in balancer.states))
        if not balancer.backends:
            raise balancer.fatal or ServerError(all_down(profile, balancer.states).sentence)
    try:
        yield balancer
    finally:
        balancer.closed = True


def require_same(profile: Profile, backends: Sequence[OneBackend]) -> None:
    """Raise ServerError where two endpoints report different models."""
    first = backends[0].facts if backends else {}
    for facts in (backend.facts for backend in backends[1:]):
        for name in MODEL_FACTS:
            if name in first and name in facts and first[name] != facts[name]:
                raise ServerError(
                    f"{profile.id}: {first['endpoint']} and {facts['endpoint']} serve different models ({name} "
                    f"{plain(str(first[name]))} and {plain(str(facts[name]))}); serve the same file on all endpoints "
                    "of a host."
                )


def all_down(profile: Profile, states: Sequence[EndpointState]) -> DownError:
    """The error for a host all of whose endpoints are left out."""
    reasons = " ".join(dict.fromkeys(state.reason for state in states))
    host = profile.host.name if profile.host else ""
    return DownError(f"{profile.id}: no endpoint of {host} answers. {reasons}")
