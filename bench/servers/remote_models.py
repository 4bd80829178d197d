"""Models on other machines, inspected through the host's own Docker engine: their presence and their fingerprints.

A container on the host reads the same blocks as gguf.py and sends their digest, so a model has the same fingerprint
everywhere. Findings are cached: no host is contacted while the graph is loaded.
"""

import contextlib
import time
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from bench import gguf
from bench.docker import DockerError, Engine
from bench.errors import BenchError, MissingPrerequisite
from bench.files import read_table, write_json
from bench.locks import locked
from bench.parallel import each
from bench.profiles import Config, Host, Profile
from bench.servers import model_files
from bench.text import plain

TIMEOUT = 900.0
"""Seconds for one inspection, over a slow connection."""

RETRY_AFTER = 60.0
"""Seconds before the next inspection of a host that did not answer."""

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
"""The result of an inspection (see `cached`), or the error."""


class AbsentError(MissingPrerequisite):
    """The model is not on its host; `phrase` names the missing file."""

    def __init__(self, profile_id: str, phrase: str) -> None:
        super().__init__(f"{profile_id}: {phrase}; put it there, or change profiles.toml.")
        self.phrase = phrase


class UnreachableError(MissingPrerequisite):
    """The host does not answer, or has no image for the inspection, so the model's state is unknown."""


def finding(config: Config, profile: Profile) -> dict[str, Any]:
    """The last finding about the profile's model, or that of an inspection now. Raises MissingPrerequisite."""
    return cached(config, profile) or inspect(config, profile)


def cached(config: Config, profile: Profile) -> dict[str, Any] | None:
    """The last finding about the profile's model, None where there is none.

    It has the model's fingerprint, files and bytes, and in `args`, by name, the digests of the files in the flags.
    """
    memo = _memo(config).get(_key(profile))
    return memo if isinstance(memo, dict) and {"fingerprint", "files", "bytes", "args"} <= memo.keys() else None


def inspect(config: Config, profile: Profile) -> dict[str, Any]:
    """Inspect the profile's model on its host, and cache the finding. Raises MissingPrerequisite where it is absent."""
    ((_, finding),) = inspect_all(config, [profile])
    if isinstance(finding, MissingPrerequisite):
        raise finding
    return finding


def inspect_all(config: Config, profiles: Iterable[Profile]) -> list[tuple[Profile, Finding]]:
    """Inspect the models of several profiles on all hosts at once, and cache the findings if the disk has space."""
    findings = list(each(profiles, _find, workers=8))
    lock = config.layout.cache / "hosts.lock"
    with contextlib.suppress(BenchError), locked(lock, subject="What is known of hosts", wait=True):
        memo = _memo(config)
        for profile, finding in findings:
            memo.pop(_key(profile), None)
            if isinstance(finding, dict):
                memo[_key(profile)] = finding
        write_json(config.layout.cache / "hosts.json", memo)
    return findings


def _find(profile: Profile) -> Finding:
    failed_at, error = _failures.get(_key(profile), (float("-inf"), None))
    if error and time.monotonic() - failed_at < RETRY_AFTER:
        return error
    try:
        return _inspect(profile)
    except MissingPrerequisite as missing:
        _failures[_key(profile)] = time.monotonic(), missing
        return missing


def _inspect(profile: Profile) -> dict[str, Any]:
    host = _host(profile)
    parts = [str(part) for part in gguf.expected(PurePosixPath(model_files.inside(profile)))]
    names = model_files.host_files(profile)
    sizes, digests = [], []
    for line in _run(profile, host, [*parts, *names]).splitlines():
        size, _, text = line.partition(" ")
        if size == ABSENT:
            kind = "model file" if text in parts else "file"
            path = host.models + plain(text.removeprefix(model_files.MODELS))
            raise AbsentError(profile.id, f"no {kind} {path} on {host.name}")
        sizes.append(int(size))
        digests.append(text)
    if len(sizes) < len(parts) + len(names):
        raise UnreachableError(f"{profile.id}: {host.name} sent incomplete facts of {profile.model}; try again.")
    return {
        "fingerprint": gguf.digest_of_parts(digests[: len(parts)]),
        "files": len(parts),
        "bytes": sum(sizes[: len(parts)]),
        "args": dict(zip(names, digests[len(parts) :], strict=True)),
    }


def _run(profile: Profile, host: Host, files: list[str]) -> str:
    from bench.servers import compose  # noqa: PLC0415 - imports requests

    try:
        compose.require(profile)
        # Otherwise `docker run` would pull it, silently, for minutes.
        compose.require_image(profile)
    except MissingPrerequisite as error:
        raise UnreachableError(error.sentence) from None
    arguments = [
        "run", "--rm", "--network", "none", "--security-opt", "label:disable",
        "--mount", f"type=bind,source={host.models},target={model_files.MODELS},readonly",
        "--entrypoint", "/bin/sh", profile.server.image, "-c", SCRIPT, "look", *files,
    ]  # fmt: skip
    try:
        return Engine(host.docker).call(*arguments, seconds=TIMEOUT)
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
    return read_table(config.layout.cache / "hosts.json")
