"""Where answers come from, whatever is behind it: a server, a program, or the demo's bundled answers."""

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

from bench.generate import context_check
from bench.generate.answer import ANSWERED, Answer, Ending
from bench.generate.completion import completion_of
from bench.generate.http import Client, DownError, Tick
from bench.generate.model import file_of
from bench.generate.prompt import LIMITS, body
from bench.generate.requests import Request
from bench.profiles import Config, Profile
from bench.records import Completion
from bench.servers import Endpoint, serve
from bench.servers.lock import one_server

FACTS = (
    "build", "slots", "context", "parameters", "bytes", "quantization", "chat_template", "image", "machine",
    "load_seconds",
)  # fmt: skip

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
            raise DownError(f"{self.profile.id}: {self._where()} answers no request: {answer.error}.", again=again)
        self.row = 0 if enough else self.row

    def _where(self) -> str:
        return str(self.facts.get("endpoint") or self.profile.server.base_url or "the server")


def _is_answer(answer: Answer) -> bool:
    """Whether anything was answered; with all of its tokens gone, a server may show nothing of what it thought."""
    return answer.ending in ANSWERED and (answer.ending is not Ending.ENDED or bool(answer.text or answer.reasoning))


@contextlib.contextmanager
def open_backend(
    profile: Profile, config: Config, log: Path, requests: list[Request], known: Request | None = None
) -> Iterator[Backend]:
    """What answers for the profile, ready; gone when the block ends. Raises ServerError and MissingPrerequisite.

    `requests` are the requests to come: a slot that cannot hold the longest of them is an error before the first one.
    `known` is one that was answered before.
    """
    if profile.server.kind == "command":
        from bench.generate.command import open_command  # noqa: PLC0415 - only the kind that is used

        with open_command(profile, config.file.parent, log) as ask:
            yield OneBackend(
                profile, lambda request, _tick, _limit: ask(request.messages, request.seed), {"kind": "command"}
            )
    elif profile.builtin and _no_server(profile):
        facts = {"kind": "bundled answers"}
        yield OneBackend(profile, lambda request, _tick, _limit: _bundled(request, profile), facts)
    elif profile.host and profile.host.endpoints:
        from bench.generate.balancer import open_balancer  # noqa: PLC0415 - only the kind that is used

        def connect(url: str, patience: float) -> OneBackend:
            with _backend(_at(profile, url, patience), config, log, requests, known) as backend:
                # Nothing of ours runs there: the backend stays good when the block has ended.
                return backend

        with one_server(profile.host), open_balancer(profile, profile.host.endpoints, connect) as balancer:
            yield balancer
    else:
        with _backend(profile, config, log, requests, known) as backend:
            yield backend


class KeptOpen:
    """open_backend for several runs in a row: what answers stays until the block ends, or a run fails."""

    def __enter__(self) -> Self:
        self.stack = contextlib.ExitStack()
        self.backend: Backend | None = None
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @contextlib.contextmanager
    def __call__(self, profile: Profile, *rest: Any) -> Iterator[Backend]:
        """As open_backend."""
        if self.backend is None:
            self.backend = self.stack.enter_context(open_backend(profile, *rest))
        try:
            yield self.backend
        except BaseException:
            self.stack.close()
            self.backend = None
            raise


@contextlib.contextmanager
def _backend(
    profile: Profile, config: Config, log: Path, requests: list[Request], known: Request | None
) -> Iterator[OneBackend]:
    alone = not (profile.host and profile.host.endpoints)
    with serve(profile, config, file_of(config, profile), log) as endpoint:
        prompts = context_check.check(profile, endpoint, requests)
        client = Client(endpoint, profile, profile.server.health_timeout if alone else 0.0)

        def ask(request: Request, tick: Tick, limit: int | None) -> Answer:
            messages, limit = request.messages, limit or request.limit
            if request.begun:
                begun = request.begun.completion
                messages = [*messages, {"role": "assistant", "content": begun.answer}]
                limit -= begun.completion_tokens
            fields = body(profile.sampling, messages, request.seed, model=endpoint.model, llama=endpoint.llama)
            if limit:
                fields.update({name: limit for name in LIMITS if name in fields})
            return client.complete(fields, tick)

        found, think = facts(profile, endpoint), prompts.think
        yield OneBackend(
            profile, ask, found, think=think, known=known, alone=alone, measured=endpoint.measured,
            continues=prompts.continues,
        )  # fmt: skip


def _at(profile: Profile, url: str, patience: float) -> Profile:
    return replace(profile, server=replace(profile.server, base_url=url, health_timeout=patience))


def facts(profile: Profile, endpoint: Endpoint) -> dict[str, Any]:
    """What a completion records of its server: what it granted, what it is, and where it ran."""
    found = {name: endpoint.facts[name] for name in FACTS if endpoint.facts.get(name) not in (None, "")}
    where = {"host": profile.host.name, "endpoint": endpoint.base_url} if profile.host else {}
    return {"kind": profile.server.kind, **found, **where, "placement": list(profile.placement)}


def _no_server(profile: Profile) -> bool:
    from bench.servers import process  # noqa: PLC0415 - only for the demo

    if profile.server.kind != "process" or (process.executable(profile) and importlib.util.find_spec("gguf")):
        return False
    process.report_wheel()
    return True


def _bundled(request: Request, profile: Profile) -> Answer:
    from bench.demo import answers  # noqa: PLC0415 - only for the demo

    reply = answers.reply(request.messages, profile.sampling.max_tokens, request.sample)
    ending = Ending.CUT if reply.finish_reason == "length" else Ending.ENDED
    return Answer(reply.text, ending=ending, finish_reason=reply.finish_reason, completion_tokens=reply.tokens)
