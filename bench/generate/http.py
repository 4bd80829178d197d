"""Requests to a server → answers: a connection each, waiting for a server that is away, bounded retries of failures.

A response is read by a thread of its own, so that a request can be ended while no data comes: in a server's queue,
during a prompt of an hour, or when the run has ended. For actions only: imports requests.
"""

import contextlib
import queue
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError

from bench.console import print_line
from bench.errors import ServerError
from bench.generate.answer import Answer, Ending
from bench.generate.prompt import LIMITS, OPTIONAL
from bench.generate.stream import Closed, Event, Head, Reader, TimedOut
from bench.profiles import Profile
from bench.servers import Endpoint, health
from bench.servers.endpoint import failure

PAUSE = 0.5
"""Seconds before the first new try; each further pause is twice as long."""
LONGEST_PAUSE = 10.0
POLL = 0.25
"""Seconds after which a request that waits checks whether the run has ended."""
QUEUED = 64
"""Events of a response that are read in advance."""
GRACE = 2.0
"""Seconds for what may follow an answer's finish_reason: counts, timings, the end mark."""
QUIET = 3.0
"""Seconds of waiting for a server before a line says so."""

HOPELESS = (
    requests.exceptions.SSLError, requests.exceptions.ProxyError, requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError,
)  # fmt: skip
"""Exceptions after which no other try can succeed."""

ABOUT_VALUE = re.compile(r"\btoo |exceed|at most|at least|maximum|less than|greater than|context", re.IGNORECASE)
"""In the message of a refusal: it is about a limit's value, not its name."""


class DownError(ServerError):
    """The server ended, hangs, cannot be reached or answers no request; `restartable`: another start may help."""

    def __init__(self, sentence: str, *, restartable: bool = True) -> None:
        super().__init__(sentence)
        self.restartable = restartable


class CancelledError(Exception):
    """The run has ended before the answer."""


Tick = Callable[[int], None]
"""Called with the number of pieces of an answer that came, 0 while none does. Raises CancelledError to end it."""


class Client:
    """The client of one endpoint, for any number of threads; waits `patience` seconds for a server that is away."""

    def __init__(self, endpoint: Endpoint, profile: Profile, patience: float) -> None:
        self.endpoint, self.profile, self.patience = endpoint, profile, patience
        self.last_data_at = time.monotonic()
        self.reported_at = 0.0
        self.left_out = list(profile.sampling.omit)
        self.limit_name = ""

    def complete(self, request: dict[str, Any], tick: Tick) -> Answer:
        """The answer to one request, or its failure once the tries are used up.

        Raises DownError where the server ended, or is away for longer than `patience`.
        """
        retries = self.profile.server.retries
        tries, pause, began = 0, PAUSE, time.monotonic()
        while True:
            tick(0)
            answer = self._attempt(request, tick)
            tries += 1
            if answer.ending in (Ending.REFUSED, Ending.BROKEN) and self._adapt(request, answer.error):
                continue
            if answer.ending not in (Ending.BUSY, Ending.BROKEN):
                return answer
            if reason := self.endpoint.ended():
                raise DownError(f"{self.profile.id}: the server ended in the middle of an answer ({reason}).")
            wait = max(pause, answer.retry_after or 0.0)
            waits = answer.ending is Ending.BUSY and time.monotonic() + wait < began + self.patience
            if not waits and answer.ending is Ending.BUSY and (tries > retries or answer.retry_after):
                raise DownError(self._down_sentence(answer, tries, time.monotonic() - began))
            if not waits and tries > retries:
                return answer
            self._pause(wait, answer, tick)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _attempt(self, request: dict[str, Any], tick: Tick) -> Answer:
        """One try. A request without a piece yet waits as long as other requests receive pieces."""
        server = self.profile.server
        loops = self.profile.sampling.stop_loops
        reader = Reader(_limit(request), exact=self.endpoint.llama, stop_loops=loops)
        # A response that is not streamed comes in one piece, at the end.
        patience = server.request_timeout if "stream" in self.left_out else server.stall_timeout
        began = last_data_at = time.monotonic()
        first = finished = 0.0
        fields = {name: value for name, value in request.items() if name not in self.left_out}
        if self.limit_name:
            fields.setdefault(self.limit_name, _limit(request))
        with contextlib.closing(Connection(self.endpoint, fields)) as connection:
            while reader.answer is None:
                event, now = connection.next(POLL), time.monotonic()
                pieces = reader.feed(event) if event else 0
                if pieces:
                    first = first or now - began
                    last_data_at = self.last_data_at = now
                finished = 0.0 if not reader.settled else now if pieces else finished or now
                tick(pieces)
                if now - began > server.request_timeout:
                    reason = f"the answer took longer than request_timeout = {server.request_timeout:g} s"
                    reader.feed(TimedOut(Ending.LATE, reason))
                elif finished and now - finished > GRACE:
                    reader.feed(TimedOut(Ending.ENDED))
                elif now - max(last_data_at, 0.0 if first else self.last_data_at) > patience:
                    reason = f"the server sent nothing for stall_timeout = {server.stall_timeout:g} s"
                    reader.feed(TimedOut(Ending.HUNG, reason))
        return replace(reader.answer, first_token=round(first, 3))

    def _adapt(self, request: dict[str, Any], message: str) -> bool:
        """Leave out or rename, from then on, a field that a refusal names; whether there is one."""
        names = OPTIONAL if ABOUT_VALUE.search(message) else (*OPTIONAL, *LIMITS)
        refused = [name for name in names if name in request and re.search(rf"\b{name}\b", message)]
        for name in refused:
            if name in self.left_out or (name == "top_p" and request.get("temperature", 0) > 0):
                continue
            if name in LIMITS:
                other = LIMITS[1 - LIMITS.index(name)]
                if other in self.left_out:
                    continue
                self.limit_name = other
            self.left_out.append(name)
            print_line(f"  {self.endpoint.base_url} refuses {name}: requests go without it")
            return True
        return False

    def _pause(self, seconds: float, answer: Answer, tick: Tick) -> None:
        if seconds > QUIET and self.reported_at < self.last_data_at:
            self.reported_at = time.monotonic()
            print_line(f"  Waiting for {self.endpoint.base_url}, up to {self.patience:g} s: {answer.error}")
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, POLL))
            tick(0)

    def _down_sentence(self, answer: Answer, tries: int, seconds: float) -> str:
        subject = f"{self.profile.id}: {self.endpoint.base_url}"
        if answer.retry_after and answer.retry_after > self.patience:
            return (
                f"{subject} asks for a retry after {answer.retry_after:.0f} s, which is longer than health_timeout = "
                f"{self.profile.server.health_timeout:g} s ({answer.error}); run doit again then, or raise it."
            )
        return f"{subject} failed {tries} times in {seconds:.0f} s: {answer.error}."


class Connection:
    """One POST, whose events come by `next`; `close` ends it at any time, and frees the server's slot with it."""

    def __init__(self, endpoint: Endpoint, request: dict[str, Any]) -> None:
        self._events: queue.Queue[Event] = queue.Queue(QUEUED)
        self._sockets: list[socket.socket] = []
        self._closed = False
        self._base = endpoint.base_url
        self._session = health.new_session(endpoint.headers, query=endpoint.query, local=endpoint.local)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(self._open))
        threading.Thread(target=self._read, args=[request], daemon=True).start()

    def next(self, seconds: float) -> Event | None:
        """The next event, None where there is none in so many seconds."""
        with contextlib.suppress(queue.Empty):
            return self._events.get(timeout=seconds)
        return None

    def close(self) -> None:
        """Cut the connection, whatever the reading thread waits for."""
        self._closed = True
        for open_socket in self._sockets:
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    def _open(self, opened: socket.socket) -> None:
        self._sockets.append(opened)
        if self._closed:
            self.close()

    def _read(self, request: dict[str, Any]) -> None:
        responded = False
        try:
            with self._session.post(
                f"{self._base}/chat/completions", json=request, stream=True, timeout=(30, None)
            ) as response:
                responded = True
                self._put(_head(response))
                for data in health.pieces(response):
                    self._put(data)
            self._put(Closed())
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer reports it
            self._put(_closed_by(error, self._base, responded=responded))

    def _put(self, event: Event) -> None:
        """Hand an event on; a server that is faster than we are waits."""
        while not self._closed:
            with contextlib.suppress(queue.Full):
                self._events.put(event, timeout=POLL)
                return


class _Adapter(HTTPAdapter):
    """Calls `on_open` with each socket that it opens."""

    def __init__(self, on_open: Callable[[socket.socket], None]) -> None:
        self._on_open = on_open
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        on_open = self._on_open
        connection_class = pool.ConnectionCls

        class ReportingConnection(connection_class):  # type: ignore[misc,valid-type]
            def connect(self) -> None:
                super().connect()
                on_open(self.sock)

        pool.ConnectionCls = ReportingConnection
        return pool


def _head(response: requests.Response) -> Head:
    """The head; of the redirect, where one has turned the POST into another method."""
    moved = next((r for r in response.history if response.request.method != "POST"), None)
    if moved is not None:
        return Head(moved.status_code, location=response.url)
    return Head(response.status_code, _seconds(response.headers.get("Retry-After", "")))


def _seconds(retry_after: str) -> float | None:
    """Retry-After in seconds, whether it is a number or a date (RFC 9110, 10.2.3)."""
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, float(retry_after)) if float(retry_after) < 1e9 else None
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    return None


def _closed_by(error: Exception, url: str, *, responded: bool) -> Closed:
    """The event for a connection that ended with an error."""
    if isinstance(error, DecodeError | requests.exceptions.ContentDecodingError):
        return Closed(failure(url, requests.exceptions.ContentDecodingError()))
    if responded:
        return Closed("the connection was closed in the middle")
    if isinstance(error, requests.TooManyRedirects):
        return Closed(f"{url} redirects without end; fix server.base_url", Ending.UNFIT)
    if isinstance(error, HOPELESS):
        return Closed(failure(url, error), Ending.UNFIT)
    unreachable = "refused" in str(error) or isinstance(error, requests.Timeout) or "Name" in str(error)
    sentence = failure(url, error) if unreachable else "the connection was closed without an answer"
    return Closed(sentence, Ending.BUSY)


def _limit(request: dict[str, Any]) -> int:
    return next((request[name] for name in reversed(LIMITS) if isinstance(request.get(name), int)), 0)
