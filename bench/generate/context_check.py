"""What a llama-server makes of the prompts to come: whether a slot holds them, and whether they end inside a thought.

For actions only: imports requests.
"""

from dataclasses import dataclass, replace
from typing import Any

import requests

from bench.errors import ServerError
from bench.extract import opens_thought
from bench.generate.prompt import reasoning
from bench.generate.requests import Request
from bench.profiles import Profile
from bench.servers import Endpoint, health

BEGUN = "def solve("
MEASURED = 3
"""So many of the prompts that have the most characters are measured: characters are not tokens."""


@dataclass(frozen=True)
class Prompts:
    """`longest` is in tokens, with the chat template, 0 where the server does not say; `think` is that they end so.

    `continues` says that an assistant message at the end of a request is continued, rather than answered.
    """

    longest: int = 0
    think: bool = False
    continues: bool = False


def check(profile: Profile, endpoint: Endpoint, wanted: list[Request]) -> Prompts:
    """What the server says of the longest prompts.

    Raises ServerError where it says that a slot cannot hold the longest and max_tokens.
    """
    context = endpoint.facts.get("context")
    if not isinstance(context, int):
        return Prompts()
    largest = sorted(wanted, key=lambda request: len(request.problem.prompt), reverse=True)[:MEASURED]
    rendered = [text for request in largest if (text := _rendered(profile, endpoint, request))]
    prompts = Prompts(max((_tokens(endpoint, text) for text in rendered), default=0), any(map(opens_thought, rendered)))
    if profile.sampling.first_limits:
        prompts = replace(prompts, continues=_continues(profile, endpoint, largest[0]))
    needed = prompts.longest + profile.sampling.max_tokens
    if prompts.longest and needed > context:
        raise ServerError(
            f"{profile.id}: a slot holds {context} tokens, but prompt ({prompts.longest}) and max_tokens "
            f"({profile.sampling.max_tokens}) need {needed}; raise context or lower max_tokens."
        )
    return prompts


def _continues(profile: Profile, endpoint: Endpoint, request: Request) -> bool:
    """Whether the chat template leaves a begun answer open."""
    begun = replace(request, messages=[*request.messages, {"role": "assistant", "content": BEGUN}])
    return _rendered(profile, endpoint, begun).endswith(BEGUN)


def _rendered(profile: Profile, endpoint: Endpoint, request: Request) -> str:
    """A prompt with its chat template, as the profile's own request fields have it; "" where the server cannot say."""
    sampling = profile.sampling
    asked = {"messages": request.messages, **reasoning(sampling.reasoning, llama=endpoint.llama), **sampling.request}
    try:
        return str(_post(endpoint, "apply-template", asked)["prompt"])
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return ""


def _tokens(endpoint: Endpoint, text: str) -> int:
    try:
        return len(_post(endpoint, "tokenize", {"content": text, "parse_special": True})["tokens"])
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return 0


def _post(endpoint: Endpoint, name: str, asked: dict[str, Any]) -> Any:
    asked = {"model": endpoint.model, **asked}
    url = f"{endpoint.root}/{name}"
    caller = health.session(endpoint.headers, query=endpoint.query, local=endpoint.local)
    return caller.post(url, json=asked, timeout=30).json()
