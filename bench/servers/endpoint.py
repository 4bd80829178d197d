"""An OpenAI-compatible server that runs already. For actions only: imports requests."""

import os

import requests

from bench.errors import MissingPrerequisite, ServerError
from bench.profiles import Profile
from bench.servers import Endpoint, health


def connect(profile: Profile) -> Endpoint:
    """The endpoint that the profile names; its key comes from the environment. Raises ServerError if nobody answers."""
    headers = _key(profile)
    url = profile.server.base_url.rstrip("/")
    root = url.removesuffix("/v1")
    try:
        answer = requests.get(f"{root}/v1/models", headers=headers, timeout=30)
    except requests.RequestException as error:
        raise ServerError(f"{profile.id}: nobody answers at {url} ({type(error).__name__}); start it there.") from None
    if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
        raise ServerError(
            f"{profile.id}: {url} answers {answer.status_code}; set server.api_key_env to the name of the environment "
            "variable that holds the key."
        )
    facts = health.ask(root, headers)
    return Endpoint(f"{root}/v1", profile.model, headers, facts, llama=bool(facts))


def _key(profile: Profile) -> dict[str, str]:
    name = profile.server.api_key_env
    if not name:
        return {}
    if not os.environ.get(name):
        raise MissingPrerequisite(f"{profile.id}: the environment variable {name} is not set; export the key in it.")
    return {"Authorization": f"Bearer {os.environ[name]}"}
