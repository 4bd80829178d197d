"""What is declared of a key of profiles.toml, once: its type, default and sentence, and what it affects.

Whatever depends on the keys is derived from here: how they are checked, the request that is sent, the key under which
the journal keeps its answer, the reasons to run again, run.json, the README's tables and the schema for editors.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import Any, Literal, TypeVar, get_type_hints

Default = TypeVar("Default")

Effect = Literal["answers", "samples", "grading", "report", "nothing"]
"""What is made again when a key changes; what affects `nothing` is recorded at most."""

Sent = Literal["", "always", "sampled"]
"""Whether a request carries a key, under its name: always, or only at a temperature above 0."""


@dataclass(frozen=True)
class Key:
    """A key as it is declared.

    `kind` is its type with its bounds, for msgspec. `about` is its sentence, in Markdown; `default_about` says what
    stands for an empty default, and `form` shows how a value is written.
    """

    name: str
    kind: Any
    default: Any
    affects: Effect
    about: str
    sent: Sent = ""
    form: str = ""
    default_about: str = ""


def key(
    default: Default, affects: Effect, about: str, *, sent: Sent = "", form: str = "", default_about: str = ""
) -> Default:
    """Declare a key, as the default of a dataclass's field; see Key."""
    declared = {"affects": affects, "about": about, "sent": sent, "form": form, "default_about": default_about}
    if isinstance(default, dict):
        made: Any = field(default_factory=lambda: dict(default), metadata=declared)
    else:
        made = field(default=default, metadata=declared)
    return made  # type: ignore[no-any-return]


def keys(record: Any) -> Mapping[str, Key]:
    """The keys of a record, or of its class, by name and in its order; fields that are no keys are left out."""
    return _declared(record if isinstance(record, type) else type(record))


@cache
def _declared(record: Any) -> Mapping[str, Key]:
    hints = get_type_hints(record, include_extras=True)
    return {
        one.name: Key(one.name, hints[one.name], _default(one), **one.metadata)
        for one in fields(record)
        if "affects" in one.metadata
    }


def settings(record: Any, *affects: Effect) -> dict[str, Any]:
    """The values of those keys of a record that affect these things, by name.

    A key that requests carry is left out while it is unset, so that what was made before there was one stays as it is.
    """
    found = [(one, getattr(record, one.name)) for one in keys(record).values() if one.affects in affects]
    return {one.name: value for one, value in found if not (one.sent and value in ("", None))}


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()
