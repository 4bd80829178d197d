"""Models on other machines, inspected through the host's own Docker engine: whether they are there, and which they are.

A model has the fingerprint that gguf.py gives it, wherever it lies: a container on the host reads the same blocks and
sends their digest. Findings are cached, for no host is asked while the graph is loaded.
"""

import contextlib
import time
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from bench import gguf
from bench.docker import DockerError, Engine
from bench.errors import BenchError, MissingPrerequisite
from bench.files import read_json, write_json
from bench.locks import locked
from bench.parallel import each
from bench.profiles import Config, Host, Profile
from bench.servers import model_files
from bench.text import plain

PATIENCE = 900.0
"""Seconds for one look, over whatever line."""

RECENT = 60.0
"""Seconds for which a host that did not answer is not asked again."""

ABSENT = "absent"
SCRIPT = f"""
for part; do
  [ -f "$part" ] || {{ printf '{ABSENT} %s\\n' "$part"; exit; }}
  size=$(stat -L -c %s "$part") || exit
  {{
    printf '%s' "$size"
    head -c {gguf.HEADER} "$part" || exit
    i=1
    while [ $i -le {gguf.SAMPLES} ]; do
      skip=$(( (size - {gguf.BLOCK}) * i / {gguf.SAMPLES} ))
      [ $skip -ge 0 ] || skip=0
      dd if="$part" bs={gguf.BLOCK} count=1 iflag=skip_bytes skip=$skip status=none || exit
      i=$(( i + 1 ))
    done
  }} > /tmp/blocks
  sum=$(sha256sum < /tmp/blocks) || exit
  printf '%s %s\\n' "$size" "${{sum%% *}}"
done
"""
"""For each file its size, and the digest over the blocks that `gguf.contents` reads."""

_failures: dict[str, tuple[float, MissingPrerequisite]] = {}


Finding = dict[str, Any] | MissingPrerequisite
"""What a look at a host showed (see `cached`), or what is missing there."""


class AbsentError(MissingPrerequisite):
    """The model is not on its host; `phrase` says what was looked for."""

    def __init__(self, profile_id: str, phrase: str) -> None:
        super().__init__(f"{profile_id}: {phrase}; put it there, or change profiles.toml.")
        self.phrase = phrase


class UnreachableError(MissingPrerequisite):
    """Nobody answers on the host, or it has not the image to look with: nothing is known of the model there."""


def fingerprint(config: Config, profile: Profile) -> str:
    """The model's name by content: from the last finding, or from a look now. Raises MissingPrerequisite."""
    return str((cached(config, profile) or inspect(config, profile))["fingerprint"])


def file_digests(config: Config, profile: Profile) -> dict[str, str]:
    """By name, the digests of the files that `args` name on the host. Raises MissingPrerequisite."""
    return (
        dict((cached(config, profile) or inspect(config, profile))["args"]) if model_files.host_files(profile) else {}
    )


def cached(config: Config, profile: Profile) -> dict[str, Any] | None:
    """The last finding about the profile's model, None where there is none.

    That is its fingerprint, files and bytes, and in `args`, by name, the digests of the files that the flags name.
    """
    memo = _memo(config).get(_key(profile))
    return memo if isinstance(memo, dict) and {"fingerprint", "files", "bytes", "args"} <= memo.keys() else None


def inspect(config: Config, profile: Profile) -> dict[str, Any]:
    """Look at the profile's model on its host, and remember. Raises MissingPrerequisite where it is not there."""
    ((_, found),) = inspect_all(config, [profile])
    if isinstance(found, MissingPrerequisite):
        raise found
    return found


def inspect_all(config: Config, profiles: Iterable[Profile]) -> list[tuple[Profile, Finding]]:
    """Look at the models of several profiles, at all hosts at the same time, and remember if there is room for it."""
    found = list(each(profiles, _inspected, workers=8))
    lock = config.layout.cache / "hosts.lock"
    with contextlib.suppress(BenchError), locked(lock, what="What is known of hosts", wait=True):
        memo = _memo(config)
        for profile, finding in found:
            memo.pop(_key(profile), None)
            if isinstance(finding, dict):
                memo[_key(profile)] = finding
        write_json(config.layout.cache / "hosts.json", memo)
    return found


def _inspected(profile: Profile) -> Finding:
    at, error = _failures.get(_key(profile), (float("-inf"), None))
    if error and time.monotonic() - at < RECENT:
        return error
    try:
        return _inspect(profile)
    except MissingPrerequisite as found:
        _failures[_key(profile)] = time.monotonic(), found
        return found


def _inspect(profile: Profile) -> dict[str, Any]:
    host = _host(profile)
    parts = [str(part) for part in gguf.expected(PurePosixPath(model_files.inside(profile)))]
    named = model_files.host_files(profile)
    sizes, digests = [], []
    for line in _run(profile, host, [*parts, *named]).splitlines():
        size, _, found = line.partition(" ")
        if size == ABSENT:
            kind = "model file" if found in parts else "file"
            path = host.models + plain(found.removeprefix(model_files.MODELS))
            raise AbsentError(profile.id, f"no {kind} {path} on {host.name}")
        sizes.append(int(size))
        digests.append(found)
    if len(sizes) < len(parts) + len(named):
        raise UnreachableError(f"{profile.id}: {host.name} said too little of {profile.model}; try again.")
    return {
        "fingerprint": gguf.digest_of_parts(digests[: len(parts)]),
        "files": len(parts),
        "bytes": sum(sizes[: len(parts)]),
        "args": dict(zip(named, digests[len(parts) :], strict=True)),
    }


def _run(profile: Profile, host: Host, files: list[str]) -> str:
    from bench.servers import compose  # noqa: PLC0415 - imports requests

    try:
        compose.require(profile)
        # Otherwise `docker run` would pull it, and say nothing for minutes.
        compose.require_image(profile)
    except MissingPrerequisite as error:
        raise UnreachableError(error.sentence) from None
    words = [
        "run", "--rm", "--network", "none", "--security-opt", "label:disable",
        "--mount", f"type=bind,source={host.models},target={model_files.MODELS},readonly",
        "--entrypoint", "/bin/sh", profile.server.image, "-c", SCRIPT, "look", *files,
    ]  # fmt: skip
    try:
        return Engine(host.docker).call(*words, seconds=PATIENCE)
    except DockerError as error:
        if "bind source path does not exist" in error.sentence:
            raise AbsentError(profile.id, f"no folder {host.models} on {host.name}") from None
        raise UnreachableError(f"{profile.id}: {host.name} did not show {profile.model}: {error}.") from None


def _host(profile: Profile) -> Host:
    assert profile.host
    return profile.host


def _key(profile: Profile) -> str:
    host = _host(profile)
    return " ".join([host.docker, f"{host.models}/{profile.model}", *model_files.host_files(profile)])


def _memo(config: Config) -> dict[str, Any]:
    saved = read_json(config.layout.cache / "hosts.json")
    return saved if isinstance(saved, dict) else {}
