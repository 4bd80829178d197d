"""The declaration of a key of profiles.toml: its type, default and description, and the outputs that it affects.

All uses of the keys are derived from it: their checks, the request, the key of its answer in the journal, the reasons
to run again, run.json, the README's tables and the schema for editors.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from typing import Any, Literal, TypeVar, get_type_hints

Default = TypeVar("Default")

Effect = Literal["answers", "samples", "grading", "report", "nothing"]
"""The outputs that are made again when a key changes; `nothing`: it is recorded at most."""

Sent = Literal["", "always", "sampled"]
"""Whether a request carries a key, under its name: always, or only at a temperature above 0."""


@dataclass(frozen=True)
class Key:
    """A key as it is declared.

    `kind` is its type with its bounds, for msgspec. `about` is its description, in Markdown; `default_about` explains
    an empty default, and `form` is an example of a value.
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
        member.name: Key(member.name, hints[member.name], _default(member), **member.metadata)
        for member in fields(record)
        if "affects" in member.metadata
    }


def settings(record: Any, *affects: Effect) -> dict[str, Any]:
    """The values of a record's keys that affect these outputs, by name.

    A key that requests carry is left out while it is unset, so that a new key changes no earlier output.
    """
    values = [(key, getattr(record, key.name)) for key in keys(record).values() if key.affects in affects]
    return {key.name: value for key, value in values if not (key.sent and value in ("", None))}


def _default(member: Field[Any]) -> Any:
    return member.default if member.default_factory is MISSING else member.default_factory()
