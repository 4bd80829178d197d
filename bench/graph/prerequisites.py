"""What a profile needs that this machine may lack: a model file, solutions to import, programs for tests."""

import shutil

from bench import datasets, gguf, packages
from bench.errors import MissingPrerequisite
from bench.profiles import Config, Profile


def missing(config: Config, profile: Profile) -> str | None:
    """What this profile needs and this machine lacks, in one phrase with the place looked at; None if nothing."""
    if profile.imported:
        from bench.imports.files import absence  # noqa: PLC0415 - only where a profile is looked at

        return absence(profile, config) or None
    if profile.packaged and (package := packages.absence(profile.model)):
        return f"{package} ({packages.remedy(profile.model)})"
    if profile.needs_file and not profile.hub:
        for part in gguf.expected(config.model_path(profile)):
            if not part.is_file():
                below = part.is_relative_to(config.file.parent)
                return f"no model file {part.relative_to(config.file.parent) if below else part}"
        if damage := gguf.damage(config.model_path(profile), config.layout.cache):
            return f"model file {damage}"
    return None


def require(config: Config, profile: Profile) -> None:
    """Raise MissingPrerequisite where `missing` finds something."""
    lacking = missing(config, profile)
    if lacking:
        remedy = "install it" if profile.packaged else f"put {'them' if profile.imported else 'it'} there"
        if not (profile.imported or lacking.startswith("no ")):
            remedy = "download it again"
        raise MissingPrerequisite(f"{profile.id}: {lacking}; {remedy}, or change profiles.toml.")


def absent_programs(config: Config, dataset: str) -> tuple[str, str]:
    """What a dataset's tests need and this machine's sandbox lacks, in a phrase, and its remedy; "" if nothing.

    What an image has, or a worker of Dask, is seen when samples are graded there.
    """
    absent = [name for name in datasets.known()[dataset].programs if name != "python" and not shutil.which(name)]
    if not absent or config.evaluation.scheduler or config.sandbox.kind == "docker":
        return "", ""
    from bench.sandbox.docker import Docker  # noqa: PLC0415 - only where a program is missing
    from bench.sandbox.pool import remedy  # noqa: PLC0415 - the same

    if config.sandbox.kind == "auto" and not Docker.failure():
        return "", ""
    return f"no {', '.join(absent)}, which the tests of {dataset} need", remedy("", absent)


def skipped(config: Config) -> dict[str, str]:
    """The profiles that cannot run on this machine, with what they lack; or `<profile>:<dataset>`, where only that."""
    found = {profile.id: missing(config, profile) for profile in config.profiles}
    for profile in config.profiles:
        # A duel is with results that are there, or can be made here.
        absent = [
            name for name in profile.sampling.datasets if not config.layout.run(profile.duel, name).results.is_file()
        ]
        if profile.duel and found[profile.duel] and absent:
            found[profile.id] = found[profile.id] or f"no result of {profile.duel} on {', '.join(absent)}"
    lacks = {profile_id: lacking for profile_id, lacking in found.items() if lacking}
    for profile in (one for one in config.profiles if one.id not in lacks):
        lacks |= _without_programs(config, profile)
    return lacks


def _without_programs(config: Config, profile: Profile) -> dict[str, str]:
    found = {name: absent_programs(config, name) for name in profile.sampling.datasets}
    absent = {f"{profile.id}:{name}": f"{what} ({how})" for name, (what, how) in found.items() if what}
    return {profile.id: next(iter(absent.values()))} if len(absent) == len(found) else absent
