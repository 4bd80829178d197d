"""Where the names of points go in a chart, so that they cover neither each other nor a point."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

LETTER = 6.6
"""Pixels that a letter of 12-pixel text takes, on the safe side of the average."""
HEIGHT = 15
RADIUS = 6
LONGEST = 32
"""Letters of a name beside a point."""
STEPS = ((1, 2, 5), tuple(range(1, 10)))
"""Digits of round values, and those for a domain that holds few of them."""
FEW = 3
AROUND = [
    (10, 0, "left"), (-10, 0, "right"), (0, -16, "center"), (0, 16, "center"), (8, -13, "left"), (8, 13, "left"),
    (-8, -13, "right"), (-8, 13, "right"), (6, -28, "left"), (6, 28, "left"), (-6, -28, "right"), (-6, 28, "right"),
]  # fmt: skip
"""Offsets from a point at which its name may stand, best first."""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether the two overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True)
class Plane:
    """A plot whose x is logarithmic: its domains, and its size in pixels."""

    x_domain: tuple[float, float]
    y_domain: tuple[float, float]
    width: int
    height: int

    @classmethod
    def around(cls, bars: Sequence[tuple[float, float, float]], width: int, height: int) -> "Plane":
        """The plane that holds bars of x, low and high, y in percent, with some air."""
        xs = [x for x, _, _ in bars]
        low, high = min(low for _, low, _ in bars), max(high for _, _, high in bars)
        air = 1.25 * max(1.0, (1.6 / (max(xs) / min(xs))) ** 0.5)
        return cls((min(xs) / air, max(xs) * air), (max(0.0, low - 2), min(100.0, high + 2)), width, height)

    @property
    def ticks(self) -> list[float]:
        """Round values of x inside the domain, more of them where few are round, but none that would touch another."""
        low, high = self.x_domain
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        coarse, fine = (
            [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
            for steps in STEPS
        )
        kept: dict[float, Box] = {}
        for value in coarse if len(coarse) >= FEW else [*coarse, *fine]:
            box = self._below(value)
            if not any(box.meets(other) for other in kept.values()):
                kept[value] = box
        return sorted(kept)

    def _below(self, value: float) -> Box:
        """The room of a value below the axis, inside the plot's ends as Vega draws it, with a letter's space around."""
        width = LETTER * (len(f"{value:g}") + 1)
        left = min(max(self.x(value) - width / 2, 0), self.width - width)
        return Box(left, 0, left + width, HEIGHT)

    def x(self, value: float) -> float:
        """Pixels from the left."""
        low, high = (math.log(end) for end in self.x_domain)
        return (math.log(value) - low) / (high - low) * self.width

    def y(self, value: float) -> float:
        """Pixels from the top."""
        low, high = self.y_domain
        return (high - value) / (high - low) * self.height

    def holds(self, box: Box) -> bool:
        """Whether a box lies inside."""
        return box.left >= 0 and box.right <= self.width and box.top >= 0 and box.bottom <= self.height


def short(text: str) -> str:
    """The text, cut where it is too long for a name beside a point."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def beside(
    points: Sequence[tuple[str, float, float]], bars: Iterable[tuple[float, float, float]], plane: Plane
) -> list[dict[str, Any]]:
    """For each named point (text, x, y) where its name stands, as offsets in pixels; a name without room is left out.

    A name covers a bar rather than to be left out, but never a point or another name.
    """
    dots = [_dot(plane, x, y) for _, x, y in points]
    lines = [_bar(plane, *bar) for bar in bars]
    placed: dict[int, tuple[Box, dict[str, Any]]] = {}
    for obstacles in (lines, []):
        for at, (text, x, y) in enumerate(points):
            taken = [*dots, *obstacles, *(box for box, _ in placed.values())]
            found = None if at in placed else _free(text, x, y, plane, taken)
            if found:
                placed[at] = found
    return [placed[at][1] for at in sorted(placed)]


def _free(text: str, x: float, y: float, plane: Plane, taken: Sequence[Box]) -> tuple[Box, dict[str, Any]] | None:
    for dx, dy, align in AROUND:
        box = _box(text, plane.x(x) + dx, plane.y(y) + dy, align)
        if plane.holds(box) and not any(box.meets(other) for other in taken):
            return box, {"text": text, "speed": x, "plus": y, "dx": dx, "dy": dy, "align": align}
    return None


def spread(heights: Sequence[float]) -> list[float]:
    """How far labels at these heights move so that each has its line; they move down only."""
    moved = [0.0] * len(heights)
    last = -math.inf
    for at in sorted(range(len(heights)), key=lambda at: heights[at]):
        last = max(heights[at], last + HEIGHT)
        moved[at] = last - heights[at]
    return moved


def _box(text: str, x: float, y: float, align: str) -> Box:
    width = LETTER * len(text)
    left = {"left": x, "right": x - width, "center": x - width / 2}[align]
    return Box(left, y - HEIGHT / 2, left + width, y + HEIGHT / 2)


def _bar(plane: Plane, x: float, low: float, high: float) -> Box:
    return Box(plane.x(x) - 2, plane.y(high), plane.x(x) + 2, plane.y(low))


def _dot(plane: Plane, x: float, y: float) -> Box:
    return Box(plane.x(x) - RADIUS, plane.y(y) - RADIUS, plane.x(x) + RADIUS, plane.y(y) + RADIUS)
