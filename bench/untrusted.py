"""What JSON holds that others wrote, or that is damaged: taken where it is of the type that it should be."""

import math
from typing import Any

from bench.text import plain


def table(value: Any) -> dict[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list; empty where it is none."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A number that is finite, also as a float; None where it is none."""
    try:
        usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return None
    return float(value) if usable else None


def positive(value: Any) -> float | None:
    """A finite number above 0; None where it is none."""
    known = number(value)
    return known if known and known > 0 else None


def word(value: Any) -> str:
    """A text or a number as one line of plain text; "" where it is none."""
    return plain(str(value)) if isinstance(value, str | int | float) and value else ""
