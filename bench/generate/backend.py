"""Backends complete requests, and decide whether one request failed or the server is down."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bench.generate.answer import ANSWERED, Answer, Ending
from bench.generate.completion import completion_of
from bench.generate.http import DownError, Tick
from bench.generate.requests import Request
from bench.profiles import Profile
from bench.records import Completion

PROBE_TOKENS = 16
"""max_tokens of a request that only probes whether a server answers at all."""
REFUSALS = 3
"""Refusals in a row after which an answered request is sent again as a probe."""
FAILURES = 2
"""Failures in a row after which a server that has answered nothing yet counts as down."""


class Backend(Protocol):
    """Completes requests, called by up to `width` threads at once."""

    @property
    def width(self) -> int:
        """How many requests may be in flight."""

    def complete(self, request: Request, tick: Tick) -> Completion:
        """One completion. Raises DownError where the server has ended or answers no request any more."""

    @property
    def continues(self) -> bool:
        """Whether it continues an assistant message at the end of a request."""

    def answers_again(self, tick: Tick) -> bool:
        """Whether it still answers a request that it answered before; false where there is none."""


@dataclass
class OneBackend:
    """A Backend with one server, or program, behind it.

    `send` answers one request, with a limit of tokens (None: the profile's). Each completion records `facts` and
    `width`. `think`: the chat template ends prompts inside a thought. `answered_request` is sent again as a probe when
    another one fails. `alone` is false where another backend can take a request over. `measure` returns the server's
    costs.
    """

    profile: Profile
    send: Callable[[Request, Tick, int | None], Answer]
    facts: dict[str, Any]
    think: bool = False
    answered_request: Request | None = None
    alone: bool = True
    measure: Callable[[], dict[str, Any]] = dict
    continues: bool = False
    last_answer_at: float = 0.0
    failures_in_row: int = 0

    @property
    def width(self) -> int:
        """One request a slot, at most as many as the server reports."""
        granted = self.facts.get("slots")
        slots = self.profile.sampling.slots
        return min(slots, granted) if isinstance(granted, int) and granted > 0 else slots

    def complete(self, request: Request, tick: Tick) -> Completion:
        """The completion of the answer, or of a request that failed while the server works."""
        began = time.monotonic()
        answer = self.send(request, tick, None)
        if _is_answer(answer):
            self.answered_request, self.last_answer_at, self.failures_in_row = request, time.monotonic(), 0
        elif answer.ending is Ending.ENDED:
            # From a broken server, or from a model that ended at once.
            if self.answered_request and self.last_answer_at <= began and not self.answers_again(tick):
                raise DownError(f"{self.profile.id}: {self._address()} gives nothing but empty answers any more.")
        elif answer.ending is not Ending.LATE:
            self._require_working(answer, began, tick)
        seconds, server = time.monotonic() - began, {**self.facts, "in_flight": self.width, **self.measure()}
        return completion_of(request, self.profile, answer, seconds, server, think=self.think)

    def answers_again(self, tick: Tick) -> bool:
        """Request a few tokens of an answer that came before."""
        return self.answered_request is not None and _is_answer(self.send(self.answered_request, tick, PROBE_TOKENS))

    def _require_working(self, answer: Answer, began: float, tick: Tick) -> None:
        """After a failure, raise DownError where the server answers no other request either."""
        self.failures_in_row += 1
        if self.last_answer_at > began:
            return
        refused, unfit = answer.ending is Ending.REFUSED, answer.ending is Ending.UNFIT
        if self.answered_request is None:
            # The canary decides over the first answers: it stops after five that are all lost.
            suspicious = not self.alone or unfit or (self.failures_in_row >= FAILURES and not refused)
        else:
            suspicious = not refused or self.failures_in_row >= REFUSALS or not self.alone
        if suspicious and not self.answers_again(tick):
            restartable = self.profile.server.starts if unfit else not refused
            raise DownError(
                f"{self.profile.id}: {self._address()} answers no request: {answer.error.rstrip('.')}.",
                restartable=restartable,
            )
        self.failures_in_row = 0 if suspicious else self.failures_in_row

    def _address(self) -> str:
        return str(self.facts.get("endpoint") or self.profile.server.base_url or "the server")


def _is_answer(answer: Answer) -> bool:
    """Whether there is an answer; one that was cut off may be empty, all of its tokens being hidden thoughts."""
    return answer.ending in ANSWERED and (answer.ending is not Ending.ENDED or bool(answer.text or answer.reasoning))
