"""`duel = "<profile>"`, or "largest": which profile a duel is with, and whether it can be."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench import gguf, hub
from bench.profiles import Profile
from bench.profiles.sentence import choice, require

LARGEST = "largest"


def with_opponents(profiles: tuple[Profile, ...], models: Path, name: str) -> tuple[Profile, ...]:
    """The profiles with the ids that `largest` stands for. Raises ProfilesError for a duel that cannot be."""
    known = {profile.id: profile for profile in profiles}
    found = tuple(
        _with_largest(profile, profiles, models, f"{name}: [profiles.{profile.id}]")
        if profile.duel == LARGEST and LARGEST not in known
        else profile
        for profile in profiles
    )
    for profile in (one for one in found if one.duel):
        _check(profile, {one.id: one for one in found}, f"{name}: [profiles.{profile.id}]")
    return found


def _with_largest(profile: Profile, profiles: tuple[Profile, ...], models: Path, where: str) -> Profile:
    family = [one for one in profiles if one.family and one.family == profile.family]
    require(len(family) > 1, where, "duel", LARGEST, "give the profiles of one model the same family")
    largest = max(family, key=lambda one: _size(one, models))
    return replace(profile, duel="" if largest is profile else largest.id)


def _size(profile: Profile, models: Path) -> tuple[int, int]:
    """The bytes of the files that are there; the bits of the quantization where none is."""
    bits = re.search(r"\d+", hub.quantization(profile.model) or profile.title)
    parts = [] if profile.hub else gguf.expected(models / profile.model)
    return sum(part.stat().st_size for part in parts if part.is_file()), int(bits.group()) if bits else 0


def _check(profile: Profile, known: dict[str, Profile], where: str) -> None:
    other, others = known.get(profile.duel), [one for one in known if one != profile.id]
    require(other not in (None, profile), where, "duel", profile.duel, choice(profile.duel, others))
    assert other is not None
    for holds, remedy in _remedies(profile, other):
        require(not holds, where, "duel", profile.duel, remedy)


def _remedies(profile: Profile, other: Profile) -> Iterator[tuple[bool, str]]:
    absent = [one for one in profile.sampling.datasets if one not in other.sampling.datasets]
    yield profile.imported, "its solutions are there already; remove duel"
    yield bool(other.duel), f"{other.id} has a duel itself; name a profile that asks every problem"
    yield profile.sampling.samples > 1, "a duel asks each problem once; set samples = 1"
    yield bool(absent), f"{other.id} is not asked for {', '.join(absent)}; give both the same datasets"
