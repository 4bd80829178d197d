"""What a model is asked, how the request is sent, and what its answer depends on.

The wording is EvalPlus 0.3.1's (its openai backend): one instruction, the problem in a Python fence, a system message.
"""

from collections.abc import Mapping
from typing import Any

from bench.files import digest_of
from bench.generate.model import Model
from bench.problems import Problem
from bench.profiles import Profile, Sampling

WORDING_VERSION = 1
INSTRUCTION = (
    "Please provide a self-contained Python script that solves the following problem in a markdown code block:"
)


def messages(problem: Problem, sampling: Sampling) -> list[dict[str, str]]:
    """The chat messages for one problem; no system message where `system_prompt` is empty."""
    user = f"{INSTRUCTION}\n```python\n{problem.prompt.strip()}\n```"
    system = [{"role": "system", "content": sampling.system_prompt}] if sampling.system_prompt else []
    return [*system, {"role": "user", "content": user}]


def seed_of(sampling: Sampling, sample: int) -> int | None:
    """The seed of one sample; greedy completions have none."""
    return sampling.seed + sample if sampling.temperature > 0 else None


def request_key(problem: Problem, profile: Profile, model: Model, sample: int) -> str:
    """Names a request by all that its completion depends on, but for max_tokens (see wanted.satisfies)."""
    sampling = profile.sampling
    asked: Mapping[str, Any] = {
        "version": WORDING_VERSION,
        "messages": messages(problem, sampling),
        "model": model.fingerprint,
        "args": list(model.args),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p if sampling.temperature > 0 else None,
        "seed": seed_of(sampling, sample),
        "sample": sample,
        "request": sampling.request,
        **told_to_think(sampling),
    }
    return digest_of(asked)


def body(
    sampling: Sampling, asked: list[dict[str, str]], seed: int | None, *, model: str, llama: bool
) -> dict[str, Any]:
    """One request as it is sent; the profile's own `request` fields come last and win.

    `model` is what the server calls it; `llama` says that it is a llama-server.
    """
    return {
        "model": model,
        "messages": asked,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stream": True,
        "stream_options": {"include_usage": True},
        **({"seed": seed} if seed is not None else {}),
        # With the prompt cache, a repeated prompt reports meaningless speed and its greedy text can change.
        **({"cache_prompt": False} if llama else {}),
        **reasoning(sampling.reasoning, llama=llama),
        **sampling.request,
    }


def reasoning(level: str, *, llama: bool) -> dict[str, Any]:
    """The fields that tell a model how much to think; none where the level is left to it.

    OpenAI's field goes to every server. Templates that llama-server fills in know other words, and builds before
    August 2026 heed those alone.
    """
    if not level:
        return {}
    effort = "none" if level == "off" else level
    thinks = {"enable_thinking": level != "off"} | ({} if level == "off" else {"reasoning_effort": level})
    return {"reasoning_effort": effort, **({"chat_template_kwargs": thinks} if llama else {})}


def identity(profile: Profile, model: Model) -> dict[str, Any]:
    """The same things flat and named as profiles.toml names them, for saying what changed."""
    sampling = profile.sampling
    sampled = {"top_p": sampling.top_p, "seed": sampling.seed} if sampling.temperature > 0 else {}
    return {
        "prompt wording": WORDING_VERSION,
        "model": model.fingerprint,
        "args": " ".join(model.args),
        "system_prompt": sampling.system_prompt,
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens,
        "request": digest_of(sampling.request) if sampling.request else "",
        **sampled,
        **told_to_think(sampling),
    }


def told_to_think(sampling: Sampling) -> dict[str, str]:
    """The setting, where there is one: requests made before there was one keep their names."""
    return {"reasoning": sampling.reasoning} if sampling.reasoning else {}
