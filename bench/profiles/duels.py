"""`duel = "<profile>"`, or "largest": the opponents of duels, checked."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench import gguf, hub
from bench.profiles import Profile
from bench.profiles.sentence import choice, require

LARGEST = "largest"


def with_opponents(profiles: tuple[Profile, ...], models: Path, name: str) -> tuple[Profile, ...]:
    """The profiles, with `largest` replaced by an id. Raises ProfilesError for an impossible duel."""
    known = {profile.id: profile for profile in profiles}
    resolved = tuple(
        _with_largest(profile, profiles, models, f"{name}: [profiles.{profile.id}]")
        if profile.duel == LARGEST and LARGEST not in known
        else profile
        for profile in profiles
    )
    for profile in (other for other in resolved if other.duel):
        _check(profile, {other.id: other for other in resolved}, f"{name}: [profiles.{profile.id}]")
    return resolved


def _with_largest(profile: Profile, profiles: tuple[Profile, ...], models: Path, where: str) -> Profile:
    family = [member for member in profiles if member.family and member.family == profile.family]
    require(len(family) > 1, where, "duel", LARGEST, "give the profiles of one model the same family")
    largest = max(family, key=lambda member: _size(member, models))
    return replace(profile, duel="" if largest is profile else largest.id)


def _size(profile: Profile, models: Path) -> tuple[int, int]:
    """The bytes of the existing files, then the bits of the quantization."""
    bits = re.search(r"\d+", hub.quantization(profile.model) or profile.title)
    parts = [] if profile.hub else gguf.expected(models / profile.model)
    return sum(part.stat().st_size for part in parts if part.is_file()), int(bits.group()) if bits else 0


def _check(profile: Profile, known: dict[str, Profile], where: str) -> None:
    other, others = known.get(profile.duel), [profile_id for profile_id in known if profile_id != profile.id]
    require(other not in (None, profile), where, "duel", profile.duel, choice(profile.duel, others))
    assert other is not None
    for holds, remedy in _remedies(profile, other):
        require(not holds, where, "duel", profile.duel, remedy)


def _remedies(profile: Profile, other: Profile) -> Iterator[tuple[bool, str]]:
    absent = [dataset for dataset in profile.sampling.datasets if dataset not in other.sampling.datasets]
    yield profile.imported, "its solutions are there already; remove duel"
    yield bool(other.duel), f"{other.id} has a duel itself; name a profile that asks every problem"
    yield profile.sampling.samples > 1, "a duel asks each problem once; set samples = 1"
    yield bool(absent), f"{other.id} is not asked for {', '.join(absent)}; give both the same datasets"
