"""What a model is asked, and what its answer depends on.

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
    """Names a request by all that its completion depends on, but for max_tokens (see journal.satisfies)."""
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
    }
    return digest_of(asked)


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
    }
