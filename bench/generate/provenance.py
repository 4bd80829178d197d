"""run.json: where completions come from, as a pure function of them: the same completions give the same bytes."""

import json
import math
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any

import bench
from bench import gguf, machine
from bench.generate.model import fingerprint
from bench.generate.prompt import WORDING_VERSION
from bench.profiles import Config, Profile
from bench.profiles.keys import keys
from bench.records import Completion
from bench.servers import meter, remote_models
from bench.untrusted import table

SCHEMA = 1
COST_NAMES = {"memory": "peak_memory", "gpu_memory": "peak_gpu_memory", "energy": "energy_wh"}
"""Costs in a completion's record of its server, and their names in run.json."""
COMPARED = ("build", "slots", "context", "placement")
"""Facts in a completion's record of its server by which servers are told apart."""


def provenance(
    config: Config, profile: Profile, dataset: str, md5: str, completions: Sequence[Completion]
) -> dict[str, Any]:
    """All of run.json, as docs/reference/results.md describes it; `completions` are in the journal's order."""
    servers = [completion.server for completion in completions if completion.server]
    last = servers[-1] if servers else {}
    machine_record, spans = table(last.get("machine")), list(map(span, completions))
    return {
        "schema": SCHEMA,
        "profile": profile.id,
        "dataset": dataset,
        "dataset_hash": md5,
        "model": {**model_facts(config, profile), "fingerprint": fingerprint(config, profile)},
        "server": {name: value for name, value in last.items() if name not in (*COST_NAMES, "machine")}
        | answered_by(servers),
        **different(servers),
        "models": dict(Counter(completion.model for completion in completions if completion.model)),
        "cost": cost(completions),
        "machine": {"label": machine.label(machine_record), **machine_record} if machine_record else {},
        "settings": recorded(profile),
        "totals": totals(completions),
        "versions": {"bench": bench.__version__, "python": platform.python_version()},
        "began": _local_time(min(begin for begin, _ in spans)) if spans else "",
        "ended": _local_time(max(end for _, end in spans)) if spans else "",
    }


def recorded(profile: Profile) -> dict[str, Any]:
    """The settings of the completions, named as in profiles.toml; `model` has an entry of its own."""
    flags = {"args": list(profile.args), "placement": list(profile.placement)}
    sampling = {name: getattr(profile.sampling, name) for name in keys(profile.sampling) if name != "datasets"}
    return {**flags, **sampling, "prompt_version": WORDING_VERSION}


def model_facts(config: Config, profile: Profile) -> dict[str, Any]:
    """The metadata of the GGUF, or the model's name on a server or command."""
    path = config.model_path(profile)
    if profile.engine:
        metadata = remote_models.cached(config, profile) or {}
        return {"file": path.name, "files": metadata.get("files"), "bytes": metadata.get("bytes")}
    if profile.server.starts and path.is_file():
        return gguf.facts(path)
    return {"name": profile.model or " ".join(profile.server.command)}


def answered_by(servers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many completions each endpoint of a host answered, where it has several."""
    counts = Counter(server["endpoint"] for server in servers if "endpoint" in server)
    return {"endpoints": dict(sorted(counts.items()))} if len(counts) > 1 else {}


def different(servers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The servers that differ, in order of their first completion, each with its number of completions."""
    counts = Counter(json.dumps({name: server.get(name) for name in COMPARED}) for server in servers)
    rows = [{**json.loads(facts), "completions": count} for facts, count in counts.items()]
    return {"servers": rows} if len(rows) > 1 else {}


def cost(completions: Sequence[Completion]) -> dict[str, float]:
    """The server's costs (bytes, seconds, Wh), and the median of the seconds to the first token."""
    first = [completion.first_token for completion in completions if completion.first_token > 0]
    costs = meter.costs([completion.server for completion in completions])
    costs = {COST_NAMES.get(name, name): value for name, value in costs.items()}
    return costs | ({"first_token_seconds": round(median(first), 3)} if first else {})


def totals(completions: Sequence[Completion]) -> dict[str, Any]:
    """Counts, tokens, seconds of wall time in which requests were in flight, and tokens per second.

    Speeds are the server's own where it measures them, else measured by the client.
    """
    return {
        "completions": len(completions),
        "prompt_tokens": sum(completion.prompt_tokens for completion in completions),
        "completion_tokens": sum(completion.completion_tokens for completion in completions),
        "outcomes": dict(sorted(Counter(completion.outcome for completion in completions).items())),
        "speed": {
            "prompt": _speed((c.prompt_tokens, c.speeds.get("prompt") or prompt_speed(c)) for c in completions),
            "generation": _speed(
                (c.completion_tokens, c.speeds.get("generation") or generation_speed(c)) for c in completions
            ),
        },
        "seconds": round(busy(map(span, completions)), 1),
    }


def prompt_speed(completion: Completion) -> float:
    """Tokens of the prompt per second until the first token, queueing included, where the server measures none."""
    return completion.prompt_tokens / completion.first_token if completion.first_token > 0 else 0.0


def generation_speed(completion: Completion) -> float:
    """Tokens per second after the first one, measured by the client, where the server measures none."""
    seconds = completion.seconds - completion.first_token
    return completion.completion_tokens / seconds if completion.first_token > 0 and seconds > 0 else 0.0


def span(completion: Completion) -> tuple[float, float]:
    """When a request began and ended, in seconds since 1970."""
    try:
        ended = datetime.fromisoformat(completion.at).timestamp()
    except ValueError:
        ended = completion.seconds
    return ended - completion.seconds, ended


def busy(spans: Iterable[tuple[float, float]]) -> float:
    """The length of the union of intervals: requests that overlap count once, pauses between two runs not at all."""
    total, until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def _speed(measured: Iterable[tuple[int, float]]) -> float | None:
    """Tokens per second over all requests: the mean of their speeds, weighted by time."""
    pairs = [(tokens, speed) for tokens, speed in measured if tokens > 0 and 0 < speed < math.inf]
    if not pairs:
        return None
    return round(sum(tokens for tokens, _ in pairs) / sum(tokens / speed for tokens, speed in pairs), 2)


def _local_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006 - the user's own clock
