"""Prerequisites of profiles that this machine may lack: a model file, solutions to import, programs for tests."""

import shutil
from dataclasses import dataclass

from bench import datasets, gguf, packages
from bench.errors import MissingPrerequisite
from bench.profiles import Config, Profile


@dataclass(frozen=True)
class Missing:
    """A missing prerequisite: a phrase with its path, and the remedy."""

    text: str
    remedy: str


def missing(config: Config, profile: Profile) -> Missing | None:
    """The missing prerequisite of a profile; None if there is none."""
    if profile.imported:
        from bench.imports.files import absence  # noqa: PLC0415 - only where a profile is looked at

        absent = absence(profile, config)
        return Missing(absent, "put them there") if absent else None
    if profile.packaged and (package := packages.absence(profile.model)):
        return Missing(f"{package} ({packages.remedy(profile.model)})", "install it")
    if profile.needs_file and not profile.hub:
        for part in gguf.expected(config.model_path(profile)):
            if not part.is_file():
                below = part.is_relative_to(config.file.parent)
                path = part.relative_to(config.file.parent) if below else part
                return Missing(f"no model file {path}", "install it" if profile.packaged else "put it there")
        if damage := gguf.damage(config.model_path(profile), config.layout.cache):
            return Missing(f"model file {damage}", "download it again")
    return None


def require(config: Config, profile: Profile) -> None:
    """Raise MissingPrerequisite for a missing prerequisite."""
    if absent := missing(config, profile):
        raise MissingPrerequisite(f"{profile.id}: {absent.text}; {absent.remedy}, or change profiles.toml.")


def absent_programs(config: Config, dataset: str) -> Missing | None:
    """The programs of a dataset's tests that this machine's sandbox lacks; None if there are none.

    The programs of an image or of Dask's workers are checked when samples are graded there.
    """
    absent = [name for name in datasets.known()[dataset].programs if name != "python" and not shutil.which(name)]
    if not absent or config.evaluation.scheduler or config.sandbox.kind == "docker":
        return None
    from bench.sandbox.docker import Docker  # noqa: PLC0415 - only where a program is missing
    from bench.sandbox.pool import remedy  # noqa: PLC0415 - the same

    if config.sandbox.kind == "auto" and not Docker.failure():
        return None
    return Missing(f"no {', '.join(absent)}, which the tests of {dataset} need", remedy("", absent))


def skipped(config: Config) -> dict[str, str]:
    """The profiles (or only `<profile>:<dataset>`) that cannot run on this machine, with the missing prerequisite."""
    absences = {profile.id: missing(config, profile) for profile in config.profiles}
    for profile in config.profiles:
        # The opponent's results exist, or can be made here.
        without = [
            name for name in profile.sampling.datasets if not config.layout.run(profile.duel, name).results.is_file()
        ]
        if profile.duel and absences[profile.duel] and without:
            absences[profile.id] = absences[profile.id] or Missing(
                f"no result of {profile.duel} on {', '.join(without)}", ""
            )
    reasons = {profile_id: absent.text for profile_id, absent in absences.items() if absent}
    for profile in config.profiles:
        if profile.id not in reasons:
            reasons |= _without_programs(config, profile)
    return reasons


def _without_programs(config: Config, profile: Profile) -> dict[str, str]:
    absences = {f"{profile.id}:{name}": absent_programs(config, name) for name in profile.sampling.datasets}
    reasons = {label: f"{absent.text} ({absent.remedy})" for label, absent in absences.items() if absent}
    return {profile.id: next(iter(reasons.values()))} if len(reasons) == len(absences) else reasons
