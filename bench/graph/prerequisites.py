"""Prerequisites of profiles that this machine may lack: a model file, solutions to import, programs for tests."""

import shutil

from bench import datasets, gguf, packages
from bench.errors import MissingPrerequisite
from bench.profiles import Config, Profile


def missing(config: Config, profile: Profile) -> str | None:
    """The missing prerequisite of a profile, in one phrase with its path; None if there is none."""
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
    """Raise MissingPrerequisite for a missing prerequisite."""
    absence = missing(config, profile)
    if absence:
        remedy = "install it" if profile.packaged else f"put {'them' if profile.imported else 'it'} there"
        if not (profile.imported or absence.startswith("no ")):
            remedy = "download it again"
        raise MissingPrerequisite(f"{profile.id}: {absence}; {remedy}, or change profiles.toml.")


def absent_programs(config: Config, dataset: str) -> tuple[str, str]:
    """The programs of a dataset's tests that this machine's sandbox lacks, in a phrase, and the remedy; "" if none.

    The programs of an image or of Dask's workers are checked when samples are graded there.
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
    """The profiles (or only `<profile>:<dataset>`) that cannot run on this machine, with the missing prerequisite."""
    absences = {profile.id: missing(config, profile) for profile in config.profiles}
    for profile in config.profiles:
        # The opponent's results exist, or can be made here.
        absent = [
            name for name in profile.sampling.datasets if not config.layout.run(profile.duel, name).results.is_file()
        ]
        if profile.duel and absences[profile.duel] and absent:
            absences[profile.id] = absences[profile.id] or f"no result of {profile.duel} on {', '.join(absent)}"
    reasons = {profile_id: reason for profile_id, reason in absences.items() if reason}
    for profile in config.profiles:
        if profile.id not in reasons:
            reasons |= _without_programs(config, profile)
    return reasons


def _without_programs(config: Config, profile: Profile) -> dict[str, str]:
    programs = {name: absent_programs(config, name) for name in profile.sampling.datasets}
    absent = {f"{profile.id}:{name}": f"{reason} ({remedy})" for name, (reason, remedy) in programs.items() if reason}
    return {profile.id: next(iter(absent.values()))} if len(absent) == len(programs) else absent
