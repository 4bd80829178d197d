"""Start the server of a profile, of any kind: one llama-server a machine, with a second start if the first fails."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench import machine
from bench.console import print_line
from bench.profiles import Config, Profile
from bench.servers import Endpoint
from bench.servers.lock import one_server
from bench.servers.meter import Meter

Serve = Callable[[Profile, Config, Path, Path], contextlib.AbstractContextManager[Endpoint]]
"""`serve` of a kind's module: profile, config, model and log → an Endpoint for the block."""


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start the profile's server, yield its endpoint when healthy, and always stop it.

    Raises ServerError, MissingPrerequisite or LockedError. One llama-server at a time runs on one machine; if it ends
    while it starts, it is started a second time.
    """
    kind: Serve = importlib.import_module(f"bench.servers.{profile.server.kind}").serve
    with contextlib.ExitStack() as stack:
        if profile.server.starts:
            stack.enter_context(one_server(profile.host))
        if not profile.server.starts or profile.host:
            yield _enter(stack, lambda: kind(profile, config, model, log))
            return
        meter = stack.enter_context(contextlib.closing(Meter()))
        endpoint = _enter(stack, lambda: kind(profile, config, model, log))
        facts = endpoint.facts | {"machine": machine.record()}
        yield replace(endpoint, facts=facts, measure=lambda: meter.read(endpoint.pid))


def _enter(stack: contextlib.ExitStack, serve: Callable[[], contextlib.AbstractContextManager[Endpoint]]) -> Endpoint:
    from bench.servers.health import StartError  # noqa: PLC0415 - imports requests

    try:
        return stack.enter_context(serve())
    except StartError as error:
        if error.hopeless:
            raise
        print_line(f"  {error.sentence} Starting it again.")
    return stack.enter_context(serve())
