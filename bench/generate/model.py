"""Which model a profile names, by content: the part of a request that no message shows."""

from dataclasses import dataclass
from pathlib import Path

from bench import gguf, hub
from bench.errors import MissingPrerequisite
from bench.files import digest
from bench.locks import locked
from bench.profiles import Config, Profile
from bench.servers import model_files


@dataclass(frozen=True)
class Model:
    """The fingerprint of the weights, and the `args`, in which the content of a file stands beside its name."""

    fingerprint: str
    args: tuple[str, ...] = ()


def identify(config: Config, profile: Profile) -> Model:
    """The model as completions are kept by it. Raises MissingPrerequisite where it is not there."""
    return Model(fingerprint(config, profile), model_files.with_digests(profile.args, _contents(config, profile)))


def _contents(config: Config, profile: Profile) -> dict[str, str]:
    if profile.host and profile.host.docker:
        from bench.servers import remote_models  # noqa: PLC0415 - only where a host is looked at

        return remote_models.file_digests(config, profile)
    if not profile.machine:
        return {}
    found = model_files.local_files(config, profile)
    return dict(zip(found, gguf.contents(found.values(), config.layout.cache), strict=True))


def fingerprint(config: Config, profile: Profile) -> str:
    """Names the model's weights: a fingerprint of the GGUF, or the name that an endpoint or a command knows.

    "" where that cannot be known here: a model of a hub that is not downloaded yet.
    """
    if profile.builtin:
        from bench.demo.model import VERSION  # noqa: PLC0415 - only where the demo is looked at

        return digest(f"{profile.model} {VERSION}")
    if profile.hub and not config.model_path(profile).is_file():
        return ""
    if profile.needs_file:
        return gguf.fingerprint(config.model_path(profile), config.layout.cache)
    if profile.host and profile.host.docker:
        from bench.servers import remote_models  # noqa: PLC0415 - only where a host is looked at

        return remote_models.fingerprint(config, profile)
    if profile.host:
        # Where a model runs is not what it is: the list of endpoints may change.
        return digest(f"{profile.server.kind} {profile.model}")
    return digest(" ".join([profile.server.kind, profile.model, profile.server.base_url, *profile.server.command]))


def file_of(config: Config, profile: Profile) -> Path:
    """The profile's GGUF; one that is built in or on a hub is brought here where it is missing.

    Raises MissingPrerequisite or DownloadError.
    """
    path = config.model_path(profile)
    if profile.hub and not path.is_file():
        path = hub.download(profile.model, profile.id)
    if profile.builtin and not path.exists():
        from bench.demo.model import build  # noqa: PLC0415 - only where the demo is built

        with locked(path.with_suffix(".lock"), what=f"The building of {path.name}", wait=True):
            if not path.exists():
                build(path)
    if profile.needs_file and not path.is_file():
        raise MissingPrerequisite(f"{profile.id}: no model file {path}; put it there, or change profiles.toml.")
    return path
