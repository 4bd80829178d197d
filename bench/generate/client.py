"""One request to a server → one answer, streamed, so that a server that hangs is noticed. For actions only."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from bench.errors import RequestError, ServerError
from bench.profiles import Profile
from bench.servers import Endpoint
from bench.text import plain

PAUSE = 0.5
"""Seconds before the first new try; each further pause is twice as long."""

BUSY = (requests.codes.request_timeout, requests.codes.too_many_requests)
"""A 4xx that says "later", not "never"."""
ELSEWHERE = (
    requests.codes.unauthorized, requests.codes.forbidden, requests.codes.not_found, requests.codes.method_not_allowed,
)  # fmt: skip
"""A 4xx that is about the server, or about what answers in its place, not about the request."""

WORDS = 2000
"""Characters of a server's words that are looked at; an error page may have any number."""

TIMINGS = {"prompt": "prompt_per_second", "generation": "predicted_per_second"}


class LateError(ServerError):
    """The request took longer than request_timeout, though the server lives."""


class DownError(ServerError):
    """The server ended, cannot be reached any more, or something else answers for it; another start may help."""


class HungError(DownError):
    """The server sent nothing for stall_timeout."""


class BrokenAnswerError(Exception):
    """A 5xx, or a stream that ended without its end mark; worth another try."""


class UnwantedError(Exception):
    """Nobody waits for the answer any more."""


Tick = Callable[[int], None]
"""Called with how many pieces of an answer came, 0 while none comes. Raises UnwantedError where it need not go on."""


@dataclass
class Answer:
    """What came back, as it came; speeds are tokens per second."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    speeds: dict[str, float] = field(default_factory=dict)


def complete(
    endpoint: Endpoint, profile: Profile, request: dict[str, Any], session: requests.Session, tick: Tick
) -> Answer:
    """The answer to one request; connection errors and 5xx are tried again a bounded number of times.

    Raises RequestError for a 4xx that is about the request, LateError for an answer that takes too long, HungError for
    a server that sends nothing, DownError when it ended, the tries are used up, or what answers is no such server.
    """
    pause = PAUSE
    for attempt in range(profile.server.retries + 1):
        tick(0)
        try:
            return _once(endpoint, profile, request, session, tick)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, BrokenAnswerError) as error:
            last: Exception = error
        reason = endpoint.ended()
        if reason:
            raise DownError(f"{profile.id}: the server ended in the middle of an answer ({reason}).") from last
        if attempt < profile.server.retries:
            time.sleep(pause)
            pause *= 2
    why = plain(str(last)[:WORDS])
    raise DownError(f"{profile.id}: {endpoint.base_url} failed {profile.server.retries + 1} times: {why}.") from last


def _once(
    endpoint: Endpoint, profile: Profile, request: dict[str, Any], session: requests.Session, tick: Tick
) -> Answer:
    limits, url = profile.server, f"{endpoint.base_url}/chat/completions"
    deadline = time.monotonic() + limits.request_timeout
    try:
        with session.post(
            url,
            json=request,
            headers=endpoint.headers,
            stream=True,
            timeout=(min(30, limits.stall_timeout), limits.stall_timeout),
        ) as response:
            if response.status_code >= requests.codes.internal_server_error or response.status_code in BUSY:
                raise BrokenAnswerError(f"{response.status_code} {_words(response)}")
            if response.status_code in ELSEWHERE:
                raise DownError(f"{profile.id}: {endpoint.base_url} answers {response.status_code}: {_words(response)}")
            if response.status_code != requests.codes.ok:
                words = f"{response.status_code}: {_words(response)}"
                raise RequestError(f"the server refused the request with {words}")
            return _read(response, deadline, profile, tick)
    except requests.exceptions.ReadTimeout:
        raise _hung(profile) from None
    except requests.ConnectionError as error:
        if "Read timed out" in str(error):
            raise _hung(profile) from None
        raise


def _hung(profile: Profile) -> HungError:
    silence = f"the server sent nothing for stall_timeout = {profile.server.stall_timeout:g} s"
    return HungError(f"{profile.id}: {silence}; raise it in [server] if the model is only slow.")


def _read(response: requests.Response, deadline: float, profile: Profile, tick: Tick) -> Answer:
    answer, heard, limits = Answer(), time.monotonic(), profile.server
    for event in _events(response):
        now = time.monotonic()
        if now > deadline:
            raise LateError(f"the answer took longer than request_timeout = {limits.request_timeout:g} s")
        if event == {}:
            tick(0)
            if now - heard > limits.stall_timeout:
                raise _hung(profile)
            continue
        heard = now
        if event is None:
            return answer
        if "error" in event:
            raise BrokenAnswerError(_message(event["error"]))
        try:
            _take(answer, event)
        except (AttributeError, TypeError, ValueError):
            raise BrokenAnswerError(f"not an answer: {str(event)[:80]}") from None
        tick(1)
    raise BrokenAnswerError("the answer broke off")


def _events(response: requests.Response) -> Iterator[dict[str, Any] | None]:
    """The server-sent events as JSON; None for the end mark, {} for a line that says nothing.

    llama-server sends comments while it computes, so silence on the connection does not tell that an answer hangs.
    """
    for line in response.iter_lines():
        if not line.startswith(b"data:"):
            yield {}
            continue
        data = line[5:].strip()
        try:
            event = None if data == b"[DONE]" else dict(json.loads(data).items())
        except (ValueError, AttributeError):
            raise BrokenAnswerError(f"not an event: {data[:80]!r}") from None
        yield event


def _take(answer: Answer, event: dict[str, Any]) -> None:
    for choice in event.get("choices") or []:
        delta = choice.get("delta") or {}
        answer.content.append(delta.get("content") or "")
        answer.reasoning.append(delta.get("reasoning_content") or delta.get("reasoning") or "")
        answer.finish_reason = choice.get("finish_reason") or answer.finish_reason
    usage, timings = event.get("usage") or {}, event.get("timings") or {}
    answer.prompt_tokens = usage.get("prompt_tokens") or timings.get("prompt_n") or answer.prompt_tokens
    answer.completion_tokens = usage.get("completion_tokens") or timings.get("predicted_n") or answer.completion_tokens
    for name, key in TIMINGS.items():
        if key in timings:
            answer.speeds[name] = round(float(timings[key]), 2)


def _words(response: requests.Response) -> str:
    try:
        return _message(response.json()["error"])
    except (ValueError, KeyError, TypeError, requests.RequestException):
        return _message(response.text)


def _message(error: Any) -> str:
    """What a server says of an error, whatever it is made of, as one line for people."""
    return plain(str(error.get("message", error) if isinstance(error, dict) else error)[:WORDS])
