"""What a profile needs that this machine may lack: a model file, or solutions to import."""

from bench import gguf, packages
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


def skipped(config: Config) -> dict[str, str]:
    """The profiles that cannot run on this machine, with what they lack."""
    found = {profile.id: missing(config, profile) for profile in config.profiles}
    for profile in config.profiles:
        # A duel is with results that are there, or can be made here.
        absent = [
            name for name in profile.sampling.datasets if not config.layout.run(profile.duel, name).results.is_file()
        ]
        if profile.duel and found[profile.duel] and absent:
            found[profile.id] = found[profile.id] or f"no result of {profile.duel} on {', '.join(absent)}"
    return {profile_id: lacking for profile_id, lacking in found.items() if lacking}
