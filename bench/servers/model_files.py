"""Files of a model that llama-server reads: the GGUF, and those that flags name, such as a template or an adapter.

A flag may name several files (`a.gguf,b.gguf`), each with a scale (`a.gguf:0.5`). Their content counts. Files that the
server writes, or on which the answers do not depend, are left out.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from bench.profiles import Config, Profile

MODELS = "/models"
"""The folder of models in a container."""

FILE_FLAGS = frozenset({
    "--chat-template-file", "--lora", "--lora-scaled", "--control-vector", "--control-vector-scaled", "--grammar-file",
    "--json-schema-file", "-jf", "--mmproj", "-mm", "--model-draft", "-md", "--lookup-cache-static", "-lcs",
})  # fmt: skip
"""Flags whose value names files on which the answers depend."""

SCALE = re.compile(r":[-+]?[\d.]+([eE][-+]?\d+)?$")


def inside(profile: Profile) -> str:
    """The model's path in a container on its host."""
    return f"{MODELS}/{profile.model}"


def split_value(value: str) -> list[str]:
    """The files in the value of such a flag."""
    return [name for piece in value.split(",") if (name := SCALE.sub("", piece))]


def names(args: Iterable[str]) -> list[str]:
    """The files that these flags name."""
    return [name for flag, value in pairwise(args) if flag in FILE_FLAGS for name in split_value(value)]


def local_files(config: Config, profile: Profile) -> dict[str, Path]:
    """The files that a profile's flags name, by name, if they are on this machine.

    For a process, paths are relative to the folder of profiles.toml; a container has only the folder of models.
    """
    files = {}
    for name in names(profile.args):
        path = config.file.parent / name
        if profile.server.kind == "compose":
            if not Path(name).is_relative_to(MODELS):
                continue
            path = config.models / Path(name).relative_to(MODELS)
        if path.is_file():
            files[name] = path
    return files


def host_files(profile: Profile) -> list[str]:
    """The names of the files that should be in the folder of models of the profile's host."""
    return [name for name in names(profile.args) if Path(name).is_relative_to(MODELS)]


def with_digests(args: Iterable[str], digests: Mapping[str, str]) -> tuple[str, ...]:
    """The flags, each with the digests of the files that it names."""
    described = []
    for arg in args:
        contents = [digests[name][:12] for name in split_value(arg) if name in digests]
        described.append(f"{arg} ({', '.join(contents)})" if contents else arg)
    return tuple(described)
