"""Charts as SVG: drawn here by Vega-Lite, coloured and explained by the page.

Drawing now rather than in the browser keeps a megabyte of scripts out of the page and lets it forbid all scripts but
its own. Colours are the page's CSS variables, so charts follow its theme; a mark's aria-label is its tooltip.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

VEGA_LITE = "https://vega.github.io/schema/vega-lite/v5.json"
VERSION = "5.20"
Spec = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """Pixels across, of them those left of the plot for names (0: names stand above their rows), and of a row."""

    total: int
    names: int
    row: int

    @property
    def plot(self) -> int:
        """Pixels for a plot of rows."""
        return self.total - self.names - 16


WIDE, NARROW, ALONE = Size(580, 225, 26), Size(330, 0, 46), Size(1040, 225, 26)
"""For a desk with two charts beside each other, for a phone, and for a desk where nothing stands beside it."""


def svg(spec: Spec, about: str) -> str:
    """A chart as an SVG element that needs no script, style or address; `about` says what it shows."""
    import vl_convert  # noqa: PLC0415 - heavy

    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=VERSION)
    drawn = re.sub(r'<a xlink:href="[^"#]*#', '<a tabindex="-1" href="#', drawn)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{html.escape(about)}" ', 1)


def chart(layers: list[Spec], width: int, height: int, left: int, right: int = 16) -> Spec:
    """The house style. Room for names is fixed, so that the fonts of the machine that draws do not matter."""
    axis = {
        "labelColor": "var(--muted)", "titleColor": "var(--muted)", "labelFontSize": 12, "titleFontSize": 12,
        "titleFontWeight": "normal", "gridColor": "var(--grid)", "domain": False, "ticks": False, "labelPadding": 6,
        "titlePadding": 8,
    }  # fmt: skip
    config = {"font": "system-ui, sans-serif", "background": "transparent", "axis": axis, "view": {"stroke": None}}
    return {
        "$schema": VEGA_LITE, "width": width, "height": height, "autosize": "none", "layer": layers, "config": config,
        "padding": {"left": left, "right": right, "top": 8, "bottom": 44},
    }  # fmt: skip


def layer(mark: str, rows: Sequence[Spec], encoding: Spec, **properties: Any) -> Spec:
    """One layer of marks; those without a tooltip are ornaments, which a screen reader passes over."""
    silent = {} if "description" in encoding else {"aria": False}
    return {
        "mark": {"type": mark, **silent, **properties},
        "data": {"values": list(rows)},
        "encoding": {
            channel: {"field": value, "type": "nominal"} if isinstance(value, str) else value
            for channel, value in encoding.items()
        },
    }


def number(field: str, title: str | None = None, *, axis: Spec | None = None, **scale: Any) -> Spec:
    """A channel of numbers; what is not said of its scale is the data's."""
    named = {"field": field, "type": "quantitative", "title": title}
    return named | {"axis": axis or {}, "scale": {"nice": False, **scale}}


def own(field: str) -> Spec:
    """A channel whose values are what they are: colours, shapes."""
    return {"field": field, "type": "nominal", "scale": None}


def text(**properties: Any) -> Spec:
    """Names in the foreground, with a rim that keeps them apart from lines below."""
    rim = {"stroke": "var(--surface)", "strokeWidth": 3, "strokeJoin": "round"}
    return {"fontSize": 12, "baseline": "middle", "color": "var(--text)", **rim, **properties}


def row(size: Size) -> Spec:
    """The axis of models: names at the left, or none where they stand above their rows."""
    axis = {"labelLimit": 0.85 * size.names, "labelColor": "var(--text)", "grid": True, "labels": size.names > 0}
    return {"field": "title", "type": "nominal", "sort": None, "title": None, "axis": axis, "scale": {"padding": 0}}


def headings(rows: Sequence[Spec], size: Size) -> list[Spec]:
    """The layer of names above their rows; none where they stand at the left."""
    if size.names:
        return []
    encoding = {"x": {"value": 0}, "y": row(size), "text": "title"}
    return [layer("text", rows, encoding, **text(align="left", dy=-size.row // 2 + 8, limit=size.plot))]
