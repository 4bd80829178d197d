"""Open the backend of a profile: a server, several servers, a program, or the demo's bundled answers."""

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.generate import context_check
from bench.generate.answer import Answer, Ending
from bench.generate.backend import Backend, OneBackend
from bench.generate.http import Client, Tick
from bench.generate.model import file_of
from bench.generate.prompt import LIMITS, body
from bench.generate.requests import Request
from bench.profiles import Config, Profile
from bench.servers import Endpoint
from bench.servers.lock import one_server
from bench.servers.start import serve

Opener = Callable[..., contextlib.AbstractContextManager[Backend]]
"""As open_backend."""


@contextlib.contextmanager
def open_backend(
    profile: Profile, config: Config, log: Path, requests: list[Request], answered_request: Request | None = None
) -> Iterator[Backend]:
    """The backend of a profile, ready, and closed when the block ends. Raises ServerError and MissingPrerequisite.

    `requests` are the requests to come: a slot that cannot hold the longest of them is an error before the first one.
    `answered_request` is a request that was answered before, if any.
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

        def connect(url: str, health_timeout: float) -> OneBackend:
            server = replace(profile.server, base_url=url, health_timeout=health_timeout)
            with _backend(replace(profile, server=server), config, log, requests, answered_request) as backend:
                # Nothing was started there, so the backend outlives the block.
                return backend

        with one_server(profile.host), open_balancer(profile, profile.host.endpoints, connect) as balancer:
            yield balancer
    else:
        with _backend(profile, config, log, requests, answered_request) as backend:
            yield backend


@contextlib.contextmanager
def reused_backend() -> Iterator[Opener]:
    """open_backend for several runs in a row: the backend stays open until the block ends or a run fails."""
    with contextlib.ExitStack() as stack:
        backends: list[Backend] = []

        @contextlib.contextmanager
        def reopen(*args: Any) -> Iterator[Backend]:
            if not backends:
                backends.append(stack.enter_context(open_backend(*args)))
            try:
                yield backends[0]
            except BaseException:
                backends.clear()
                stack.close()
                raise

        yield reopen


@contextlib.contextmanager
def _backend(
    profile: Profile, config: Config, log: Path, requests: list[Request], answered_request: Request | None
) -> Iterator[OneBackend]:
    alone = not (profile.host and profile.host.endpoints)
    with serve(profile, config, file_of(config, profile), log) as endpoint:
        prompts = context_check.check(profile, endpoint, requests)
        client = Client(endpoint, profile, profile.server.health_timeout if alone else 0.0)

        def ask(request: Request, tick: Tick, limit: int | None) -> Answer:
            messages, limit = request.messages, limit or request.limit
            if request.partial:
                partial = request.partial.completion
                messages = [*messages, {"role": "assistant", "content": partial.answer}]
                limit -= partial.completion_tokens
            fields = body(profile.sampling, messages, request.seed, model=endpoint.model, llama=endpoint.llama)
            if limit:
                fields.update({name: limit for name in LIMITS if name in fields})
            return client.complete(fields, tick)

        yield OneBackend(
            profile, ask, facts(profile, endpoint), think=prompts.in_thought, continues=prompts.continues, alone=alone,
            answered_request=answered_request, measure=endpoint.measure,
        )  # fmt: skip


def facts(profile: Profile, endpoint: Endpoint) -> dict[str, Any]:
    """The record of a server in a completion: its facts, host and placement."""
    known = {name: value for name, value in endpoint.facts.items() if value not in (None, "")}
    location = {"host": profile.host.name, "endpoint": endpoint.base_url} if profile.host else {}
    return {"kind": profile.server.kind, **known, **location, "placement": list(profile.placement)}


def _no_server(profile: Profile) -> bool:
    from bench.servers import process  # noqa: PLC0415 - only for the demo

    if profile.server.kind != "process" or (process.executable(profile) and importlib.util.find_spec("gguf")):
        return False
    process.report_xllamacpp_failure()
    return True


def _bundled(request: Request, profile: Profile) -> Answer:
    from bench.demo import bundled_answers  # noqa: PLC0415 - only for the demo

    reply = bundled_answers.reply(request.messages, profile.sampling.max_tokens, request.sample)
    ending = Ending.CUT if reply.finish_reason == "length" else Ending.ENDED
    return Answer(reply.text, ending=ending, finish_reason=reply.finish_reason, completion_tokens=reply.tokens)
