"""run.json as the report reads it: its settings are those that reached the model, whatever profiles.toml says."""

from pathlib import Path
from typing import Any

from bench.files import read_table
from bench.untrusted import table

COMMAND = "command"
"""The kind of server that is a program."""
TO_A_COMMAND = ("system_prompt", "prompt_version", "samples", "seed")
"""Settings that a program gets: those of its prompt, and BENCH_SEED."""
OVERRIDDEN = ("temperature", "top_p")
"""Settings that a field of the profile's own `request` replaces."""


def read_run(path: Path) -> dict[str, Any]:
    """What run.json says, {} where there is none; only settings that were sent are left in `settings`."""
    run = read_table(path)
    if not isinstance(run.get("settings"), dict):
        return run
    return run | {"settings": _sent(run["settings"], table(run.get("server")).get("kind"))}


def _sent(settings: dict[str, Any], kind: Any) -> dict[str, Any]:
    # Greedy completions have no seed.
    unsent = {"seed"} if settings.get("temperature") == 0 else set()
    if kind == COMMAND:
        unsent |= settings.keys() - set(TO_A_COMMAND)
    fields = table(settings.get("request"))
    sent = settings | {name: fields[name] for name in OVERRIDDEN if name in fields}
    return {name: value for name, value in sent.items() if name not in unsent}
