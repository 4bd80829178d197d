"""Files that llama-server's flags have it read, such as a chat template or an adapter: their content counts.

A flag may name several files (`a.gguf,b.gguf`), each with a scale (`a.gguf:0.5`). Files that the server writes, or that
say nothing to the model, are no part of it.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from bench.profiles import Config, Profile

MODELS = "/models"
"""Where the folder of models is in a container."""

READ = frozenset({
    "--chat-template-file", "--lora", "--lora-scaled", "--control-vector", "--control-vector-scaled", "--grammar-file",
    "--json-schema-file", "-jf", "--mmproj", "-mm", "--model-draft", "-md", "--lookup-cache-static", "-lcs",
})  # fmt: skip
"""The flags after which the name of a file stands that decides what a model says."""

SCALE = re.compile(r":[-+]?[\d.]+([eE][-+]?\d+)?$")


def named(value: str) -> list[str]:
    """The files in the value of such a flag."""
    return [name for piece in value.split(",") if (name := SCALE.sub("", piece))]


def names(args: Iterable[str]) -> list[str]:
    """The files that these flags have the server read."""
    return [name for flag, value in pairwise(args) if flag in READ for name in named(value)]


def files(config: Config, profile: Profile) -> dict[str, Path]:
    """By name, those of them that are on this machine.

    A process sees this machine's paths, and works in the folder of profiles.toml; in a container there is the folder
    of models, and nothing else of ours.
    """
    found = {}
    for name in names(profile.args):
        path = config.file.parent / name
        if profile.server.kind == "compose":
            if not Path(name).is_relative_to(MODELS):
                continue
            path = config.models / Path(name).relative_to(MODELS)
        if path.is_file():
            found[name] = path
    return found


def there(profile: Profile) -> list[str]:
    """The names of those that should be in the folder of models of the profile's host."""
    return [name for name in names(profile.args) if Path(name).is_relative_to(MODELS)]


def with_contents(args: Iterable[str], digests: Mapping[str, str]) -> tuple[str, ...]:
    """The flags, each with the digests of the files that it names."""
    told = []
    for arg in args:
        contents = [digests[name][:12] for name in named(arg) if name in digests]
        told.append(f"{arg} ({', '.join(contents)})" if contents else arg)
    return tuple(told)
