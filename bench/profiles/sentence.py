"""A table of profiles.toml → a record, by msgspec; an error is one sentence: section, key, value, remedy."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from bench.errors import ProfilesError
from bench.profiles.keys import Key, keys
from bench.text import did_you_mean, plain, without_secrets

Record = TypeVar("Record")

TYPES = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list of texts",
    "object": "a table",
}
BOUNDS = {
    "minimum": "of {} or more",
    "exclusiveMinimum": "above {}",
    "maximum": "up to {}",
    "exclusiveMaximum": "below {}",
    "minLength": "that is not empty",
    "minItems": "that is not empty",
}
"""Names of the limits of a JSON schema."""


def filled(record: Record, table: Mapping[str, Any], where: str) -> Record:
    """The record with the keys of `table` set; raises ProfilesError for the first that is unknown or does not fit."""
    known = keys(record)
    reject_unknown(table, known, where)
    values = {name: converted(known[name], value, where) for name, value in table.items()}
    return replace(record, **values)  # type: ignore[type-var]


def converted(key: Key, value: Any, where: str) -> Any:
    """The value of a key as its type. Raises ProfilesError with the remedy."""
    try:
        return msgspec.convert(finite(value), key.kind)
    except msgspec.ValidationError as error:
        at = re.search(r"at `\$\[(\d+)\]", str(error))
        # An API key in place of its variable's name must not be shown in logs.
        wrong = "…" if key.name == "api_key_env" else value[int(at[1])] if at else value
        raise ProfilesError(f"{where} {key.name} = {as_toml(wrong)} is impossible; {remedy(key, value)}.") from None


def finite(value: Any) -> Any:
    """A value that JSON can hold: inf and nan, which are numbers to TOML, become texts."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def remedy(key: Key, value: Any) -> str:
    """The remedy for a wrong value of a key."""
    if key.form:
        return f"write it as {key.form}"
    if get_origin(key.kind) is Literal:
        return choice(value, filter(None, get_args(key.kind)))
    schema = msgspec.json.schema(key.kind)
    if "pattern" in schema:
        return "use one line of plain text"
    bounds = " and ".join(text.format(schema[name]) for name, text in BOUNDS.items() if name in schema)
    return f"use {TYPES[schema['type']]} {bounds}".rstrip()


def as_table(value: Any, where: str) -> dict[str, Any]:
    """A table of the file. Raises ProfilesError where it is something else."""
    if not isinstance(value, dict):
        raise ProfilesError(f"{where} is not a table; write it as a section.")
    return value


def reject_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise ProfilesError for the first key of `table` that is not in `known`, with the nearest known one."""
    names = list(known)
    for key in table:
        if key not in names:
            hint = did_you_mean(key, names) or f"it knows {', '.join(sorted(names))}."
            raise ProfilesError(f'{where} has the unknown key "{plain(key)}"; {hint}')


def choice(value: Any, names: Iterable[str]) -> str:
    """The remedy for an unknown name: the nearest one, if one is near, and all of them."""
    known = list(names)
    hint = did_you_mean(value, known) if isinstance(value, str) else ""
    return (f"{hint} It is one of " if hint else "choose among ") + ", ".join(known)


def require(fits: object, where: str, key: str, value: Any, remedy: str) -> None:
    """Raise ProfilesError for an impossible value."""
    if not fits:
        raise ProfilesError(f"{where} {key} = {as_toml(value)} is impossible; {remedy}.")


def as_toml(value: Any) -> str:
    """A value as TOML writes it, on one line, without control characters and secrets of addresses."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    # In a single value, unlike in a text, a password may have spaces.
    text = re.sub(r"(?<=://).*@", "…@", text)
    return plain(without_secrets({"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}.get(text, text)))
