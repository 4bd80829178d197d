"""The messages of a request, its body, and the settings on which its answer depends.

The wording is EvalPlus 0.3.1's (its openai backend): one instruction, the problem in a Python fence, a system message.
"""

import shlex
from typing import Any

from bench.datasets import Problem
from bench.files import digest_of
from bench.generate.model import Model
from bench.profiles import Profile, Sampling
from bench.profiles.keys import keys, settings

WORDING_VERSION = 1

OPTIONAL = ("stream", "stream_options", "top_p", "cache_prompt")
"""Fields that are left out for a server that refuses them: a greedy answer does not depend on them."""
LIMITS = ("max_tokens", "max_completion_tokens")
"""Names of the limit; the second for a server that refuses the first."""


def messages(problem: Problem, sampling: Sampling) -> list[dict[str, str]]:
    """The chat messages for one problem; no system message where `system_prompt` is empty."""
    system = [{"role": "system", "content": sampling.system_prompt}] if sampling.system_prompt else []
    return [*system, {"role": "user", "content": problem.message}]


def seed_of(sampling: Sampling, sample: int) -> int | None:
    """The seed of one sample; None for a greedy completion."""
    return sampling.seed + sample if sampling.temperature > 0 and "seed" not in sampling.omit else None


def omitted(sampling: Sampling) -> list[str]:
    """The omitted fields on which the answer depends."""
    greedy = ("top_p", "seed") if sampling.temperature == 0 else ()
    return sorted({*sampling.omit} - {"stream", "stream_options", "cache_prompt", *LIMITS, *greedy})


def carried(sampling: Sampling, sample: int = 0) -> dict[str, Any]:
    """The settings in a request, named as in profiles.toml; None for those that a greedy request leaves out."""
    declared = keys(sampling)
    sent = {name: value for name, value in settings(sampling, "answers").items() if declared[name].sent}
    if sampling.temperature > 0:
        return sent | {"seed": seed_of(sampling, sample)}
    return {name: None if declared[name].sent == "sampled" else value for name, value in sent.items()}


def request_key(problem: Problem, profile: Profile, model: Model, sample: int) -> str:
    """Identifies a request by all that its completion depends on, except max_tokens (see requests.satisfies)."""
    sampling = profile.sampling
    request = {
        "version": WORDING_VERSION,
        "messages": messages(problem, sampling),
        "model": model.fingerprint,
        "args": list(model.args),
        "sample": sample,
        "request": sampling.request,
        **carried(sampling, sample),
        **({"omit": omitted(sampling)} if omitted(sampling) else {}),
    }
    del request["max_tokens"]
    return digest_of(request)


def body(
    sampling: Sampling, chat: list[dict[str, str]], seed: int | None, *, model: str, llama: bool
) -> dict[str, Any]:
    """One request as it is sent; the profile's own `request` fields take precedence.

    `model` is the server's name for it; `llama`: the server is a llama-server.
    """
    fields = {name: value for name, value in carried(sampling).items() if value is not None}
    level = fields.pop("reasoning", "")
    return {
        "model": model,
        "messages": chat,
        **fields,
        "stream": True,
        "stream_options": {"include_usage": True},
        **({"seed": seed} if seed is not None else {}),
        # With the prompt cache, a repeated prompt reports meaningless speed and its greedy text can change.
        **({"cache_prompt": False} if llama else {}),
        **reasoning(level, llama=llama),
        **sampling.request,
    }


def reasoning(level: str, *, llama: bool) -> dict[str, Any]:
    """The fields that set the reasoning effort; none where the level is the model's default.

    OpenAI's field goes to every server. llama-server also gets the variables of chat templates: builds before August
    2026 read only those.
    """
    if not level:
        return {}
    effort = "none" if level == "off" else level
    thinks = {"enable_thinking": level != "off"} | ({} if level == "off" else {"reasoning_effort": level})
    return {"reasoning_effort": effort, **({"chat_template_kwargs": thinks} if llama else {})}


def identity(profile: Profile, model: Model) -> dict[str, Any]:
    """The settings on which completions depend, flat and named as in profiles.toml: JSON scalars, for staleness.

    `model` is None where it is not known here.
    """
    sampling = profile.sampling
    greedy = [name for name, value in carried(sampling).items() if value is None]
    chosen = {name: value for name, value in settings(sampling, "answers").items() if name not in greedy}
    named = settings(profile, "answers") | {"model": model.fingerprint or None, "args": model.args} | chosen
    for name, default in (("stop_loops", True), ("omit", ())):
        # The default is left out, so that answers of earlier versions stay valid.
        if named[name] == default:
            del named[name]
    return {"prompt wording": WORDING_VERSION, **{name: scalar(value) for name, value in named.items()}}


def scalar(value: Any) -> Any:
    """A setting as one JSON scalar: flags as a shell command, tables by their digest."""
    if isinstance(value, tuple):
        return shlex.join(value)
    if isinstance(value, dict):
        return digest_of(value) if value else ""
    return value
