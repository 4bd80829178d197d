"""What completes requests, and whether a request failed by itself or its server is down."""

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
"""max_tokens of a request that only finds out whether a server answers at all."""
REFUSALS = 3
"""Refusals in a row after which a server is asked what it has answered before."""
FAILURES = 2
"""Failures in a row by which a server that has answered nothing yet counts as down."""


class Backend(Protocol):
    """What completes; by so many threads at once as `width` says."""

    @property
    def width(self) -> int:
        """How many requests may be in flight."""

    def complete(self, request: Request, tick: Tick) -> Completion:
        """One completion. Raises DownError where the server is gone, or answers nobody any more."""

    @property
    def continues(self) -> bool:
        """Whether it continues an answer that was begun."""

    def works(self, tick: Tick) -> bool:
        """Whether it answers a request that was answered before; false where none was."""


@dataclass
class OneBackend:
    """A Backend with one server, or program, behind it.

    `ask` answers one request, with so many tokens at most (None: the profile's); `facts` is what each completion
    records of where it was made, beside `width`. `think` says that prompts end inside a thought, as the chat template
    has it. `known` is a request that is known to be answered: what fails beside it failed by itself. `alone` is false
    where another backend can take a request over. `measured` gives what the server costs.
    """

    profile: Profile
    ask: Callable[[Request, Tick, int | None], Answer]
    facts: dict[str, Any]
    think: bool = False
    known: Request | None = None
    alone: bool = True
    measured: Callable[[], dict[str, Any]] = dict
    continues: bool = False
    answered: float = 0.0
    row: int = 0

    @property
    def width(self) -> int:
        """One request a slot, of those that the server granted where it says so."""
        granted = self.facts.get("slots")
        slots = self.profile.sampling.slots
        return min(slots, granted) if isinstance(granted, int) and granted > 0 else slots

    def complete(self, request: Request, tick: Tick) -> Completion:
        """The completion that the answer makes, or that of a request that failed by itself."""
        began = time.monotonic()
        answer = self.ask(request, tick, None)
        if _is_answer(answer):
            self.known, self.answered, self.row = request, time.monotonic(), 0
        elif answer.ending is Ending.ENDED:
            # By a server that breaks, or by a model that has nothing to say.
            if self.known and self.answered <= began and not self.works(tick):
                raise DownError(f"{self.profile.id}: {self._where()} gives nothing but empty answers any more.")
        elif answer.ending is not Ending.LATE:
            self._blame(answer, began, tick)
        seconds, server = time.monotonic() - began, {**self.facts, "in_flight": self.width, **self.measured()}
        return completion_of(request, self.profile, answer, seconds, server, think=self.think)

    def works(self, tick: Tick) -> bool:
        """Ask for a few tokens of what was answered before."""
        return self.known is not None and _is_answer(self.ask(self.known, tick, PROBE_TOKENS))

    def _blame(self, answer: Answer, began: float, tick: Tick) -> None:
        """Find out whether a request failed by itself; raise DownError where it is the server that does not answer."""
        self.row += 1
        if self.answered > began:
            return
        refused, unfit = answer.ending is Ending.REFUSED, answer.ending is Ending.UNFIT
        if self.known is None:
            # The first answers are the canary's to judge: it stops after five that are all lost.
            enough = not self.alone or unfit or (self.row >= FAILURES and not refused)
        else:
            enough = not refused or self.row >= REFUSALS or not self.alone
        if enough and not self.works(tick):
            again = self.profile.server.starts if unfit else not refused
            raise DownError(
                f"{self.profile.id}: {self._where()} answers no request: {answer.error.rstrip('.')}.", again=again
            )
        self.row = 0 if enough else self.row

    def _where(self) -> str:
        return str(self.facts.get("endpoint") or self.profile.server.base_url or "the server")


def _is_answer(answer: Answer) -> bool:
    """Whether anything was answered; with all of its tokens gone, a server may show nothing of what it thought."""
    return answer.ending in ANSWERED and (answer.ending is not Ending.ENDED or bool(answer.text or answer.reasoning))
