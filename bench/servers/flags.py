"""Files that llama-server's flags name, such as a chat template, an adapter or a grammar: their content counts.

A flag may name several files (`a.gguf,b.gguf`) and give each a scale (`a.gguf:0.5`).
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.profiles import Config, Profile

MODELS = "/models"
"""Where the folder of models is in a container."""


def names(args: Iterable[str]) -> list[str]:
    """What in these flags may be the name of a file."""
    pieces = (piece for arg in args for piece in dict.fromkeys([arg, *arg.split(",")]))
    return [name for piece in pieces for name in dict.fromkeys([piece, re.sub(r":[\d.]+$", "", piece)]) if name]


def files(config: Config, profile: Profile) -> dict[str, Path]:
    """By name, the files on this machine that the profile's `args` name.

    A process sees this machine's paths; in a container there is the folder of models, and nothing else of ours.
    """
    found = {}
    for name in names(profile.args):
        path = Path(name)
        if profile.server.kind == "compose":
            if not path.is_relative_to(MODELS):
                continue
            path = config.models / path.relative_to(MODELS)
        if _is_file(path):
            found[name] = path
    return found


def there(profile: Profile) -> list[str]:
    """The names in the profile's `args` that may be files in the folder of models of its host."""
    return [name for name in names(profile.args) if Path(name).is_relative_to(MODELS) and Path(name).suffix]


def with_contents(args: Iterable[str], digests: Mapping[str, str]) -> tuple[str, ...]:
    """The flags, each with the digests of the files that it names."""
    told = []
    for arg in args:
        contents = [digests[name][:12] for name in names([arg]) if name in digests]
        told.append(f"{arg} ({', '.join(contents)})" if contents else arg)
    return tuple(told)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
