"""Placement of the names of points in a chart: near their points, over as few others as possible."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LETTER, LINE = 7.2, 15
"""Pixels that a letter of 12-pixel text takes, on the safe side of the average, and its line."""
AROUND = ((5, 0, "left"), (-5, 0, "right"), (0, -8, "left"), (0, 8, "left"), (0, -8, "right"), (0, 8, "right"),
          (0, -8, "center"), (0, 8, "center"), (0, -26, "left"), (0, 26, "left"))  # fmt: skip
"""Offsets from the edge of a point at which its name may stand, best first."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class Plane:
    """A plot whose x is logarithmic: its domains, and its size in pixels."""

    x_domain: tuple[float, float]
    y_domain: tuple[float, float]
    width: int
    height: int

    def names(self, named: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """For each point its name, where it covers as few others as possible; a name has always a place."""
        taken = [(1 + 2 * row.get("front", False), self.box("", row, 0, 0, "center", _radius(row))) for row in every]
        places: list[dict[str, Any]] = []
        for row in named:
            title, radius = row["title"], _radius(row)
            letters = self.width // 15
            text = title if len(title) <= letters else f"{title[: letters // 2]}…{title[letters // 2 + 1 - letters :]}"
            around = [(dx + _sign(dx) * radius, dy + _sign(dy) * radius, align) for dx, dy, align in AROUND]
            options = [(self.box(text, row, *at), at) for at in around]
            # Inside the plot before all, then over as few others as possible.
            covered = [sum(weight * overlap(box, other) for weight, other in taken) for box, _ in options]
            ranked = zip((self._outside(box) for box, _ in options), covered, range(len(options)), strict=True)
            box, (dx, dy, align) = options[min(ranked)[2]]
            taken.append((4, box))  # two names in one place are worse than a name over points
            places.append(
                {"text": text, "speed": row["speed"], "score": row["score"], "dx": dx, "dy": dy, "align": align}
            )
        return places

    def box(self, text: str, row: Mapping[str, Any], dx: float, dy: float, align: str, radius: float = 0.0) -> Box:
        """The box of a text at an offset from a point, or for "" of the point itself."""
        low, high = (math.log(end) for end in self.x_domain)
        x = (math.log(row["speed"]) - low) / (high - low) * self.width + dx
        y = (self.y_domain[1] - row["score"]) / (self.y_domain[1] - self.y_domain[0]) * self.height + dy
        width, half = max(2 * radius, LETTER * len(text)), max(radius, LINE / 2)
        left = x - {"left": 0.0, "right": width, "center": width / 2}[align]
        return left, y - half, left + width, y + half

    def _outside(self, box: Box) -> float:
        """The pixels of a box outside the plot, above which there are 10 more."""
        over = (-box[0], -box[1] - 10, box[2] - self.width, box[3] - self.height)
        return round(sum(max(0.0, pixels) for pixels in over))


def _radius(row: Mapping[str, Any]) -> float:
    """Pixels of a point's radius."""
    return math.sqrt(row.get("area", 0.0) / math.pi)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a point."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
