"""Checked reading of a TOML table into a frozen record: unknown keys, wrong types and impossible values are named."""

import difflib
import math
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, NewType, TypeVar, get_type_hints

from bench.errors import ProfilesError
from bench.text import UNSEEN, plain

Record = TypeVar("Record")

Line = NewType("Line", str)
"""A text that terminals show: nothing in it is obeyed, ends the line, or cannot be seen."""

TYPES: dict[Any, tuple[str, Any]] = {
    str: ("a string", lambda v: isinstance(v, str)),
    Line: ("one line of plain text", lambda v: isinstance(v, str) and not UNSEEN.search(v)),
    tuple[Line, ...]: (
        "a list of plain texts of one line",
        lambda v: isinstance(v, list) and all(isinstance(x, str) and not UNSEEN.search(x) for x in v),
    ),
    bool: ("true or false", lambda v: isinstance(v, bool)),
    int: ("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool)),
    float: ("a number", lambda v: isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)),
    tuple[str, ...]: ("a list of strings", lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v)),
    dict[str, Any]: ("a table", lambda v: isinstance(v, dict)),
}


def reject_unknown(table: dict[str, Any], known: Iterable[str], where: str) -> None:
    """Raise ProfilesError for the first key of `table` that is not in `known`, with the nearest known one."""
    names = list(known)
    for key in table:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"it knows {', '.join(sorted(names))}."
            raise ProfilesError(f'{where} has the unknown key "{plain(key)}"; {hint}')


def checked(value: Any, kind: Any, where: str, key: str) -> Any:
    """`value` as the type `kind`; raises ProfilesError that says what the key must be."""
    name, fits = TYPES[kind]
    if not fits(value):
        raise ProfilesError(f"{where} {key} = {value!r} is not {name}; write {key} as {name}.")
    if isinstance(value, list):
        return tuple(value)
    return float(value) if kind is float else value


def read_record(cls: type[Record], table: dict[str, Any], where: str, *, base: Record | None = None) -> Record:
    """An instance of the dataclass `cls` from `table`, taking what is not there from `base` (or the defaults)."""
    hints = get_type_hints(cls)
    names = [f.name for f in fields(cls)]  # type: ignore[arg-type]
    reject_unknown(table, names, where)
    values = {name: getattr(base, name) for name in names} if base is not None else {}
    values |= {key: checked(value, hints[key], where, key) for key, value in table.items()}
    return cls(**values)


def require(fits: bool, where: str, key: str, value: Any, remedy: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise ProfilesError for an impossible value."""
    if not fits:
        raise ProfilesError(f"{where} {key} = {value!r} is impossible; {remedy}.")
