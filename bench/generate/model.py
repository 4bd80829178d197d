"""The model of a profile, identified by content: a part of a request that its messages do not hold."""

from dataclasses import dataclass
from pathlib import Path

from bench import gguf, hub
from bench.errors import MissingPrerequisite
from bench.files import digest
from bench.locks import locked
from bench.profiles import Config, Profile
from bench.servers import model_files, remote_models


@dataclass(frozen=True)
class Model:
    """The fingerprint of the weights, and `args` with the digest of each file that they name."""

    fingerprint: str
    args: tuple[str, ...] = ()


def identify(config: Config, profile: Profile) -> Model:
    """The model as part of a request's key. Raises MissingPrerequisite where its files are missing."""
    return Model(fingerprint(config, profile), model_files.with_digests(profile.args, _contents(config, profile)))


def _contents(config: Config, profile: Profile) -> dict[str, str]:
    if profile.engine:
        return dict(remote_models.finding(config, profile)["args"])
    if not profile.machine:
        return {}
    files = model_files.local_files(config, profile)
    return dict(zip(files, gguf.contents(files.values(), config.layout.cache), strict=True))


def fingerprint(config: Config, profile: Profile) -> str:
    """Identifies the weights: a fingerprint of the GGUF, or a digest of the model's name on an endpoint or command.

    "" where it is not known here: a model of a hub that is not downloaded yet.
    """
    if profile.builtin:
        from bench.demo.model import VERSION  # noqa: PLC0415 - only where the demo is looked at

        return digest(f"{profile.model} {VERSION}")
    if profile.hub and not config.model_path(profile).is_file():
        return ""
    if profile.needs_file:
        return gguf.fingerprint(config.model_path(profile), config.layout.cache)
    if profile.engine:
        return str(remote_models.finding(config, profile)["fingerprint"])
    if profile.host:
        # Without the endpoints: where a model runs does not change what it is.
        return digest(f"{profile.server.kind} {profile.model}")
    return digest(" ".join([profile.server.kind, profile.model, profile.server.base_url, *profile.server.command]))


def file_of(config: Config, profile: Profile) -> Path:
    """The profile's GGUF; where it is missing, a built-in one is built and one of a hub is downloaded.

    Raises MissingPrerequisite or DownloadError.
    """
    path = config.model_path(profile)
    if profile.hub and not path.is_file():
        path = hub.download(profile.model, profile.id)
    if profile.builtin and not path.exists():
        from bench.demo.model import build  # noqa: PLC0415 - only where the demo is built

        with locked(path.with_suffix(".lock"), subject=f"The building of {path.name}", wait=True):
            if not path.exists():
                build(path)
    if profile.needs_file and not path.is_file():
        raise MissingPrerequisite(f"{profile.id}: no model file {path}; put it there, or change profiles.toml.")
    return path
