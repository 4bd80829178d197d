"""An OpenAI-compatible server that runs already. For actions only: imports requests."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests

from bench.errors import MissingPrerequisite, ServerError
from bench.profiles import Config, Profile
from bench.servers import Endpoint, health

KEY_REFUSED = (requests.codes.unauthorized, requests.codes.forbidden)


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """The endpoint that the profile names; its key comes from the environment. Raises ServerError if nobody answers."""
    del config, model
    headers, url = _key(profile), base(profile.server.base_url)
    root = url.removesuffix("/v1")
    caller = health.session(headers, local=False)
    code = _status(profile, url, caller)
    if code == requests.codes.service_unavailable and health.status(root, caller) == code:
        # A llama-server that is still loading its model.
        health.wait(root, profile, lambda: None, log, name=url)
        code = _status(profile, url, caller)
    if code in KEY_REFUSED:
        raise ServerError(f"{profile.id}: {url} answers {code}; {_key_remedy(profile)}.")
    if code >= requests.codes.internal_server_error:
        raise ServerError(f"{profile.id}: {url} answers {code}; look at the log of that server.")
    facts = health.ask(root, caller)
    yield Endpoint(url, profile.model, headers, facts, llama=bool(facts), local=False)


def base(url: str) -> str:
    """The URL under which /chat/completions lies: /v1 where none is written."""
    url = url.rstrip("/")
    return url if urlsplit(url).path else f"{url}/v1"


def _status(profile: Profile, url: str, caller: requests.Session) -> int:
    try:
        return caller.get(f"{url}/models", timeout=30).status_code
    except requests.RequestException as error:
        raise ServerError(
            f"{profile.id}: nobody answers at {url} ({type(error).__name__}); start that server, or mend "
            "server.base_url."
        ) from None


def _key(profile: Profile) -> dict[str, str]:
    name = profile.server.api_key_env
    if not name:
        return {}
    if not os.environ.get(name):
        raise MissingPrerequisite(f"{profile.id}: the environment variable {name} is not set; export the key in it.")
    return {"Authorization": f"Bearer {os.environ[name]}"}


def _key_remedy(profile: Profile) -> str:
    name = profile.server.api_key_env
    if name:
        return f"put the right key into the environment variable {name}"
    return "set server.api_key_env to the name of the environment variable that holds the key"
