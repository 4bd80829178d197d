"""Figures as people read them, everywhere the same."""

from collections.abc import Callable
from typing import Any, TypeVar

from bench.console import duration
from bench.stats import Estimate

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
N = TypeVar("N", int, float)
UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def known(form: Callable[[N], str], value: N | None, absent: str = "") -> str:
    """A figure as `form` writes it, or `absent` where it is not known."""
    return form(value) if value else absent


def percent(fraction: float) -> str:
    """93.3 for 0.9329."""
    return f"{100 * fraction:.1f}"


def interval(estimate: Estimate) -> str:
    """The 95 % interval in percent: its ends, with a dash between them."""
    return f"{percent(estimate.low)}{DASH}{percent(estimate.high)}"


def with_interval(estimate: Estimate) -> str:
    """A score in percent with its interval."""
    return f"{percent(estimate.value)} ({interval(estimate)})"


def signed(points: float) -> str:
    """A difference in points, with its sign."""
    return f"{points:+.1f}".replace("-", MINUS).replace("+0.0", "0.0").replace(f"{MINUS}0.0", "0.0")


def signed_interval(estimate: Estimate) -> str:
    """A difference of fractions in points, with its interval."""
    low, high = signed(100 * estimate.low), signed(100 * estimate.high)
    return f"{signed(100 * estimate.value)} ({low} to {high})"


def p_value(p: float) -> str:
    """`p = 0.02`, with more places where it is small."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"


def both_p_values(p: float, corrected: float) -> str:
    """A pair's own exact p, and the one corrected for how many pairs there are, each called by its name."""
    return p_value(p) if p == corrected else f"{p_value(p)}, corrected {p_value(corrected).removeprefix('p = ')}"


def rate(speed: float) -> str:
    """Tokens per second: 1,520, 138, or 21.4 where it is slow."""
    return f"{speed:,.0f}" if speed >= 100 else f"{speed:.1f}"


def ratio(times: float) -> str:
    """A ratio, with one decimal below ten."""
    return f"{times:.0f}{TIMES}" if times >= 10 else f"{times:.1f}{TIMES}"


def gigabytes(count: float) -> str:
    """Bytes as GB: 18.2, 0.49."""
    amount = count / 1e9
    places = 0 if amount >= 99.5 else 1 if amount >= 0.95 else 2 if amount >= 0.095 else 3
    return f"{amount:.{places}f}"


def short_seconds(seconds: float) -> str:
    """Seconds of one thing: 0.09 s, 2.1 s, 16.7 s, 3 min."""
    if seconds >= 99.5:
        return duration(seconds)
    return f"{seconds:.1f} s" if seconds >= 0.95 else f"{seconds:.2f} s"


def short_count(count: float) -> str:
    """A large count with its unit letter: 79.7B."""
    for unit, letter in UNITS:
        if count >= unit:
            return f"{count / unit:.1f}{letter}"
    return f"{count:.0f}"


def whole(count: float) -> str:
    """A count with its thousands: 1,234."""
    return f"{count:,.0f}"


def as_json(value: Any) -> Any:
    """A figure for programs: an estimate as [value, low, high], fractions with six decimals."""
    if isinstance(value, Estimate):
        return [round(number, 6) for number in (value.value, value.low, value.high)]
    return round(value, 6) if isinstance(value, float) else value
