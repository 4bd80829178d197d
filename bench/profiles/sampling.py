"""How completions are asked for: the keys of [defaults] that a profile may have too → a checked Sampling."""

import json
from typing import Any

from bench.problems import SOURCES
from bench.profiles import REASONING, Sampling
from bench.profiles.schema import read_record, require

OURS = ("messages", "stream", "stream_options", "n", "max_tokens", "seed")
"""Fields of a request that the client needs as they are, or that completions are kept by."""


def read_sampling(table: dict[str, Any], where: str, base: Sampling, *, imported: bool = False) -> Sampling:
    """What `table` says, and `base` for the rest. Raises ProfilesError for the first value that is impossible.

    Of `imported` solutions nothing is sampled here: there may be several of a problem whatever the temperature.
    """
    sampling = read_record(Sampling, table, where, base=base)
    for dataset in sampling.datasets:
        require(dataset in SOURCES, where, "datasets", dataset, f"choose among {', '.join(SOURCES)}")
    require(bool(sampling.datasets), where, "datasets", list(sampling.datasets), "name at least one")
    for key in ("max_tokens", "context", "slots", "samples"):
        require(getattr(sampling, key) >= 1, where, key, getattr(sampling, key), "use 1 or more")
    require(0 <= sampling.temperature <= 5, where, "temperature", sampling.temperature, "use 0 (greedy) to 5")
    require(0 < sampling.top_p <= 1, where, "top_p", sampling.top_p, "use more than 0, at most 1")
    levels = ", ".join(REASONING[1:])
    require(sampling.reasoning in REASONING, where, "reasoning", sampling.reasoning, f"choose among {levels}")
    greedy_many = sampling.samples > 1 and sampling.temperature == 0 and not imported
    require(
        not greedy_many, where, "samples", sampling.samples, "greedy samples are all the same; set temperature = 0.8"
    )
    require(sampling.max_tokens < sampling.context, where, "max_tokens", sampling.max_tokens,
            f"it must be below context ({sampling.context}), which holds the prompt too")  # fmt: skip
    for key, value in sampling.request.items():
        require(key not in OURS, where, f"request.{key}", value, "the client decides that; use the profile's own keys")
        require(_is_json(value), where, f"request.{key}", value, "use text, numbers, true, false, lists and tables")
    return sampling


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
