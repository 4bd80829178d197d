"""The charts of the page as SVG: drawn here by Vega-Lite, coloured and explained by the page.

Drawing now rather than in the browser keeps a megabyte of scripts out of the page and lets it forbid all scripts but
its own. Colours are the page's CSS variables, so charts follow its theme; a mark's aria-label is its tooltip.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.console import duration
from bench.report import labels
from bench.report.families import family
from bench.report.labels import Plane
from bench.report.numbers import rate

TOP = 30
"""Models in a chart; with more of them a picture shows nothing, and the table behind it has them all."""
HUES = ("var(--hue-1)", "var(--hue-2)", "var(--hue-3)", "var(--hue-4)", "var(--hue-5)", "var(--hue-6)")
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
VEGA_LITE = "https://vega.github.io/schema/vega-lite/v5.json"
Spec = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """One model as the charts show it: scores in percent, `speed` in tokens/s, `tokens` of a sample, seconds of all.

    None is what is not known. `curve` is pass@k in percent for k from 1; `anchor` is where its details are. Titles are
    unique in a chart.
    """

    title: str
    anchor: str
    base: float
    plus: float
    low: float
    high: float
    speed: float | None = None
    tokens: float | None = None
    seconds: float | None = None
    curve: tuple[float, ...] = ()
    reference: str = ""
    reference_base: float | None = None
    reference_plus: float | None = None

    @property
    def family(self) -> str:
        """The title without its quantization."""
        return family(self.title)

    @property
    def tip(self) -> str:
        """Its tooltip."""
        scores = f"plus {self.plus:.1f} ({self.low:.1f} to {self.high:.1f}), base {self.base:.1f}"
        return f"{self.title}\n{scores}" + (f"\n{rate(self.speed)} tokens/s" if self.speed else "")

    @property
    def time(self) -> str:
        """Its time as people say it; empty where it is not known."""
        return duration(self.seconds) if self.seconds else ""

    def row(self) -> Spec:
        """What Vega-Lite is given of it."""
        return {
            "title": self.title, "href": f"#{self.anchor}", "base": self.base, "plus": self.plus, "low": self.low,
            "high": self.high, "speed": self.speed, "tip": self.tip, "family": self.family,
        }  # fmt: skip


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


WIDE, NARROW = Size(580, 225, 26), Size(330, 0, 46)
"""For a desk and for a phone."""


def svg(spec: Spec, about: str) -> str:
    """A chart as an SVG element that needs no script, style or address; `about` says what it shows."""
    import vl_convert  # noqa: PLC0415 - heavy

    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version="5.20")
    drawn = re.sub(r'<a xlink:href="[^"#]*#', '<a tabindex="-1" href="#', drawn)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{html.escape(about)}" ', 1)


def _chart(layers: list[Spec], width: int, height: int, left: int, right: int = 16) -> Spec:
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


def _layer(mark: str, rows: Sequence[Spec], encoding: Spec, **properties: Any) -> Spec:
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


def _number(field: str, title: str | None = None, *, axis: Spec | None = None, **scale: Any) -> Spec:
    named = {"field": field, "type": "quantitative", "title": title}
    return named | {"axis": axis or {}, "scale": {"nice": False, **scale}}


def _own(field: str) -> Spec:
    """A channel whose values are what they are: colours, shapes."""
    return {"field": field, "type": "nominal", "scale": None}


def quality(marks: Sequence[Mark], size: Size, what: str, height: int = 330) -> Spec:
    """Plus score against speed: each interval a bar, quantizations of a model joined. All marks have a speed."""
    width = size.total - 66
    plane = Plane.around([(mark.speed or 1, mark.low, mark.high) for mark in marks], width, height)
    styles = families(marks)
    rows = [mark.row() | dict(zip(("color", "shape"), styles[mark.family], strict=True)) for mark in marks]
    speed = _number(
        "speed", "tokens/s, logarithmic", axis={"values": plane.ticks, "grid": False, "format": "~g"},
        type="log", domain=plane.x_domain,
    )  # fmt: skip
    domain: Spec = {"domain": plane.y_domain}
    score = f"{what} pass@1, %"
    at = {"x": speed, "y": _number("plus", score, axis={"tickCount": 6}, **domain)}
    color = {"color": _own("color")}
    bar = {"x": speed, "y": _number("low", score, **domain), "y2": {"field": "high"}}
    joined = {"detail": "family", "order": {"field": "speed", "type": "quantitative"}}
    told = {"shape": _own("shape"), "href": "href", "description": "tip"}
    place = {name: {"expr": f"datum.{name}"} for name in ("align", "dx", "dy")}
    layers = [
        _layer("line", rows, at | color | joined, strokeWidth=1.5, opacity=0.55),
        _layer("rule", rows, bar | color, strokeWidth=2.5, opacity=0.4),
        _layer("point", rows, at | color | told, filled=True, size=95, opacity=1),
        _layer("text", _names(marks, plane), at | {"text": "text"}, **_text(), **place),
    ]
    return _chart(layers, width, height, left=50)


def _text(**properties: Any) -> Spec:
    """Names in the foreground, with a rim that keeps them apart from lines below."""
    rim = {"stroke": "var(--surface)", "strokeWidth": 3, "strokeJoin": "round"}
    return {"fontSize": 12, "baseline": "middle", "color": "var(--text)", **rim, **properties}


def families(marks: Sequence[Mark]) -> dict[str, tuple[str, str]]:
    """By family, colour and shape; families with several members come first, since there are six of each only."""
    count: dict[str, int] = {}
    for mark in marks:
        count[mark.family] = count.get(mark.family, 0) + 1
    order = sorted(count, key=lambda name: count[name] == 1)
    plain = ("var(--muted)", "circle")
    return {name: (HUES[at], SHAPES[at]) if at < len(HUES) else plain for at, name in enumerate(order)}


def _names(marks: Sequence[Mark], plane: Plane) -> list[Spec]:
    """The best of a family bears its name, the others what they differ in."""
    named: set[str] = set()
    points = []
    for mark in marks:
        short = mark.title.removeprefix(mark.family).strip() if mark.family in named else ""
        points.append((labels.short(short or mark.title), mark.speed or 1, mark.plus))
        named.add(mark.family)
    return labels.beside(points, [(mark.speed or 1, mark.low, mark.high) for mark in marks], plane)


def scores(marks: Sequence[Mark], size: Size, what: str) -> Spec:
    """Base and plus score of each model, best first, with the interval of plus, and the scores of its reference."""
    rows = [mark.row() for mark in marks]
    published: list[Spec] = [
        {"title": mark.title, "value": value, "suite": suite, "tip": f"{mark.reference}\n{suite} {value:.1f}"}
        for mark in marks
        for suite, value in (("base", mark.reference_base), ("plus", mark.reference_plus))
        if value is not None
    ]
    known = [row["value"] for row in published] + [min(mark.low, mark.base) for mark in marks]
    domain = {"domain": (max(0.0, min(known) // 5 * 5), 100.0)}

    def at(field: str) -> Spec:
        return {"x": _number(field, f"{what} pass@1, %", axis={"tickCount": 5}, **domain), "y": _row(size)}

    ours, theirs = {"color": "var(--accent)", "opacity": 1}, {"color": "var(--warm)", "opacity": 1, "shape": "diamond"}
    bar = at("low") | {"x2": {"field": "high"}}
    tip, link = {"description": "tip"}, {"href": "href"}
    base, plus = ([row for row in published if row["suite"] == suite] for suite in ("base", "plus"))
    layers = [
        _layer("rule", rows, bar, strokeWidth=4, color="var(--accent)", opacity=0.3),
        _layer("point", base, at("value") | tip, size=80, strokeWidth=1.5, **theirs),
        _layer("point", plus, at("value") | tip, size=80, filled=True, **theirs),
        _layer("point", rows, at("base") | tip, size=65, strokeWidth=1.5, **ours),
        _layer("point", rows, at("plus") | tip | link, size=85, filled=True, **ours),
        *_headings(rows, size),
    ]
    return _chart(layers, size.plot, size.row * len(rows), left=size.names or 8)


def _row(size: Size) -> Spec:
    """The axis of models: names at the left, or none where they stand above their rows."""
    axis = {"labelLimit": 0.85 * size.names, "labelColor": "var(--text)", "grid": True, "labels": size.names > 0}
    return {"field": "title", "type": "nominal", "sort": None, "title": None, "axis": axis, "scale": {"padding": 0}}


def _headings(rows: Sequence[Spec], size: Size) -> list[Spec]:
    if size.names:
        return []
    encoding = {"x": {"value": 0}, "y": _row(size), "text": "title"}
    return [_layer("text", rows, encoding, **_text(align="left", dy=-size.row // 2 + 8, limit=size.plot))]


def bars(values: Sequence[tuple[str, float, str]], size: Size, title: str, color: str) -> Spec:
    """A bar for each model (title, value, the value in words)."""
    rows = [{"title": name, "value": value, "text": text, "tip": f"{name}\n{text}"} for name, value, text in values]
    room = 72
    x = _number("value", title, axis={"tickCount": 4, "format": ",~r"}, zero=True)
    at = {"x": x, "y": _row(size)}
    layers = [
        _layer("bar", rows, at | {"description": "tip"}, size=12, color=color, opacity=0.9),
        _layer("text", rows, at | {"text": "text"}, **_text(align="left", dx=6, color="var(--muted)")),
        *_headings(rows, size),
    ]
    return _chart(layers, size.plot - room, size.row * len(rows), left=size.names or 8, right=16 + room)


def curves(marks: Sequence[Mark], size: Size, what: str) -> Spec:
    """pass@k for k from 1 of the models with several samples of a problem, each line named at its end."""
    height, names = 300, 170 if size is WIDE else 110
    styles = families(marks)
    rows: list[Spec] = [
        {"title": mark.title, "k": k, "value": value, "color": styles[mark.family][0],
         "tip": f"{mark.title}\npass@{k} {value:.1f}"}
        for mark in marks
        for k, value in enumerate(mark.curve, 1)
    ]  # fmt: skip
    low, high = min(row["value"] for row in rows), max(row["value"] for row in rows)
    domain = (max(0.0, low - 2), min(100.0, high + 2))
    ends = [row for row, after in zip(rows, [*rows[1:], {}], strict=True) if after.get("title") != row["title"]]
    moved = labels.spread([(domain[1] - row["value"]) / (domain[1] - domain[0]) * height for row in ends])
    ends = [row | {"dy": dy} for row, dy in zip(ends, moved, strict=True)]
    longest = max(len(mark.curve) for mark in marks)
    axis = {"values": list(range(1, longest + 1, 1 + longest // 10)), "grid": False, "format": "d"}
    x = _number("k", "k", axis=axis, domain=(1, longest))
    at = {"x": x, "y": _number("value", f"{what} pass@k, %", axis={"tickCount": 5}, domain=domain)}
    color = {"color": _own("color")}
    layers = [
        _layer("line", rows, at | color | {"detail": "title"}, strokeWidth=1.5, opacity=0.7),
        _layer("point", rows, at | color | {"description": "tip"}, filled=True, size=50, opacity=1),
        _layer(
            "text", ends, at | {"text": "title"}, **_text(align="left", dx=10, limit=names), dy={"expr": "datum.dy"}
        ),
    ]
    return _chart(layers, size.total - 66 - names, height, left=50, right=16 + names)
