"""Figures as the report writes them."""

from bench.stats import Estimate

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def percent(fraction: float) -> str:
    """93.3 for 0.9329."""
    return f"{100 * fraction:.1f}"


def interval(estimate: Estimate) -> str:
    """The 95 % interval in percent: its ends, with a dash between them."""
    return f"{percent(estimate.low)}{DASH}{percent(estimate.high)}"


def signed(points: float) -> str:
    """A difference in points, with its sign."""
    return f"{points:+.1f}".replace("-", MINUS).replace("+0.0", "0.0").replace(f"{MINUS}0.0", "0.0")


def p_value(p: float) -> str:
    """`p = 0.02`, with more places where it is small."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"


def rate(speed: float) -> str:
    """Tokens per second: 138, or 21.4 where it is slow."""
    return f"{speed:.0f}" if speed >= 100 else f"{speed:.1f}"


def short_count(count: float) -> str:
    """A large count with its unit letter: 79.7B."""
    for unit, letter in UNITS:
        if count >= unit:
            return f"{count / unit:.1f}{letter}"
    return f"{count:.0f}"
