"""Where answers come from, whatever is behind it: a server, a program, or the demo's bundled answers."""

import contextlib
import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from bench.errors import RequestError
from bench.generate import room
from bench.generate.client import Answer, LateError, Tick, complete
from bench.generate.completion import answered, failed
from bench.generate.model import file_of
from bench.generate.prompt import body
from bench.generate.wanted import Wanted
from bench.profiles import Config, Profile
from bench.records import Completion
from bench.servers import Endpoint, health, serve
from bench.servers.lock import one_server

FACTS = ("build", "slots", "context", "parameters", "bytes", "quantization", "chat_template", "image")


class Source(Protocol):
    """What completes; by so many threads at once as `width` says."""

    @property
    def width(self) -> int:
        """How many requests may be in flight."""

    def complete(self, want: Wanted, tick: Tick) -> Completion:
        """One completion. Raises DownError where the server is gone."""


@dataclass(frozen=True)
class OneSource:
    """A Source with one server, or program, behind it.

    `ask` answers one request; `facts` is what each completion records of where it was made, beside `width`. `think`
    says that prompts end inside a thought, as the chat template has it.
    """

    profile: Profile
    ask: Callable[[Wanted, Tick], Answer]
    facts: dict[str, Any]
    think: bool = False

    @property
    def width(self) -> int:
        """One request a slot, of those that the server granted where it says so."""
        granted = self.facts.get("slots")
        wanted = self.profile.sampling.slots
        return min(wanted, granted) if isinstance(granted, int) and granted > 0 else wanted

    def complete(self, want: Wanted, tick: Tick) -> Completion:
        """The completion that the answer makes, or that of a request that was refused or came too late."""
        began, server = time.monotonic(), {**self.facts, "in_flight": self.width}
        try:
            answer = self.ask(want, tick)
        except (RequestError, LateError) as error:
            return failed(want, self.profile, error, time.monotonic() - began, server)
        return answered(want, self.profile, answer, time.monotonic() - began, server, think=self.think)


@contextlib.contextmanager
def open_source(profile: Profile, config: Config, log: Path, wants: list[Wanted]) -> Iterator[Source]:
    """What answers for the profile, ready; gone when the block ends. Raises ServerError and MissingPrerequisite.

    `wants` are the requests to come: a slot that cannot hold the longest of them is an error before the first one.
    """
    if profile.server.kind == "command":
        from bench.generate.command import asker  # noqa: PLC0415 - only the kind that is used

        with asker(profile, config.file.parent, log) as ask:
            yield OneSource(profile, lambda want, _: ask(want.messages, want.seed), {"kind": "command"})
    elif profile.builtin and _no_server(profile):
        yield OneSource(profile, lambda want, _: _bundled(want, profile), {"kind": "bundled answers"})
    elif profile.host and profile.host.endpoints:
        from bench.generate.spread import open_spread  # noqa: PLC0415 - only the kind that is used

        def connect(url: str, patience: float) -> OneSource:
            with _source(_at(profile, url, patience), config, log, wants) as source:
                # Nothing of ours runs there: the source stays good when the block has ended.
                return source

        with one_server(profile.host), open_spread(profile, profile.host.endpoints, connect) as spread:
            yield spread
    else:
        with _source(profile, config, log, wants) as source:
            yield source


@contextlib.contextmanager
def _source(profile: Profile, config: Config, log: Path, wants: list[Wanted]) -> Iterator[OneSource]:
    with serve(profile, config, file_of(config, profile), log) as endpoint:
        prompts = room.look(profile, endpoint, wants)
        yield OneSource(profile, _Http(profile, endpoint).ask, facts(profile, endpoint), think=prompts.think)


def _at(profile: Profile, url: str, patience: float) -> Profile:
    return replace(profile, server=replace(profile.server, base_url=url, health_timeout=patience))


def facts(profile: Profile, endpoint: Endpoint) -> dict[str, Any]:
    """What a completion records of its server: what it granted, what it is, and where it ran."""
    told = {name: endpoint.facts[name] for name in FACTS if endpoint.facts.get(name) not in (None, "")}
    where = {"host": profile.host.name, "endpoint": endpoint.base_url} if profile.host else {}
    return {"kind": profile.server.kind, **told, **where, "placement": list(profile.placement)}


class _Http:
    """Asks an endpoint, with one connection a thread."""

    def __init__(self, profile: Profile, endpoint: Endpoint) -> None:
        self.profile, self.endpoint, self.local = profile, endpoint, threading.local()

    def ask(self, want: Wanted, tick: Tick) -> Answer:
        """One request, streamed."""
        if not hasattr(self.local, "session"):
            self.local.session = health.session(self.endpoint.headers, local=self.endpoint.local)
        endpoint = self.endpoint
        request = body(self.profile.sampling, want.messages, want.seed, model=endpoint.model, llama=endpoint.llama)
        return complete(self.endpoint, self.profile, request, self.local.session, tick)


def _no_server(profile: Profile) -> bool:
    from bench.servers import process  # noqa: PLC0415 - only for the demo

    if profile.server.kind != "process" or (process.executable(profile) and importlib.util.find_spec("gguf")):
        return False
    process.report_wheel()
    return True


def _bundled(want: Wanted, profile: Profile) -> Answer:
    from bench.demo import answers  # noqa: PLC0415 - only for the demo

    reply = answers.reply(want.messages, profile.sampling.max_tokens, want.sample)
    return Answer([reply.text], finish_reason=reply.finish_reason, completion_tokens=reply.tokens)
