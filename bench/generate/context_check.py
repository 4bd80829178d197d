"""Checks of the prompts to come on a llama-server: whether a slot holds them, and whether they end inside a thought.

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
from bench.untrusted import items, table

PREFILL = "def solve("
MEASURED = 3
"""Of the prompts with the most characters, the number whose tokens are counted: characters are not tokens."""


@dataclass(frozen=True)
class Prompts:
    """Properties of a profile's prompts on a server, with the chat template.

    `longest` is in tokens, 0 where it is not known; `in_thought`: they end inside a thought; `continues`: an assistant
    message at the end of a request is continued, rather than answered.
    """

    longest: int = 0
    in_thought: bool = False
    continues: bool = False


def check(profile: Profile, endpoint: Endpoint, planned: list[Request]) -> Prompts:
    """Measure the longest prompts. Raises ServerError where a slot cannot hold the longest one and max_tokens."""
    context = endpoint.facts.get("context")
    if not isinstance(context, int):
        return Prompts()
    largest = sorted(planned, key=lambda request: len(request.problem.prompt), reverse=True)[:MEASURED]
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
    """Whether the chat template leaves an assistant message at the end open."""
    prefilled = replace(request, messages=[*request.messages, {"role": "assistant", "content": PREFILL}])
    return _rendered(profile, endpoint, prefilled).endswith(PREFILL)


def _rendered(profile: Profile, endpoint: Endpoint, request: Request) -> str:
    """A prompt with its chat template and the profile's own request fields; "" where the server has no such API."""
    sampling = profile.sampling
    fields = {"messages": request.messages, **reasoning(sampling.reasoning, llama=endpoint.llama), **sampling.request}
    prompt = _post(endpoint, "apply-template", fields).get("prompt")
    return prompt if isinstance(prompt, str) else ""


def _tokens(endpoint: Endpoint, text: str) -> int:
    return len(items(_post(endpoint, "tokenize", {"content": text, "parse_special": True}).get("tokens")))


def _post(endpoint: Endpoint, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The object that llama.cpp's own API answers; {} where there is none."""
    session = health.new_session(endpoint.headers, query=endpoint.query, local=endpoint.local)
    try:
        return table(
            session.post(f"{endpoint.root}/{name}", json={"model": endpoint.model, **fields}, timeout=30).json()
        )
    except (requests.RequestException, ValueError):
        return {}
