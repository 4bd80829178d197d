"""The charts of the page: which figures make which marks."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.console import duration
from bench.report import labels, vega
from bench.report.families import family
from bench.report.labels import Plane
from bench.report.numbers import rate
from bench.report.vega import WIDE, Size, Spec

TOP = 30
"""Models in a chart; with more of them a picture shows nothing, and the table behind it has them all."""
HUES = ("var(--hue-1)", "var(--hue-2)", "var(--hue-3)", "var(--hue-4)", "var(--hue-5)", "var(--hue-6)")
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")


@dataclass(frozen=True)
class Mark:
    """One model as the charts show it: scores in percent, `speed` in tokens/s, `tokens` of a sample, seconds of all.

    None is what is not known. `curve` is pass@k in percent for k from 1; `anchor` is where its details are. `partly`
    says how many problems were attempted where not all were. Titles are unique in a chart.
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
    partly: str = ""

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
        """Its time as people say it, a second at least; empty where it is not known."""
        return duration(self.seconds) if self.seconds else ""

    def row(self) -> Spec:
        """What Vega-Lite is given of it."""
        return {
            "title": self.title, "href": f"#{self.anchor}", "base": self.base, "plus": self.plus, "low": self.low,
            "high": self.high, "speed": self.speed, "tip": self.tip, "family": self.family,
        }  # fmt: skip


def quality(marks: Sequence[Mark], size: Size, what: str, height: int = 330) -> Spec:
    """Plus score against speed: each interval a bar, quantizations of a model joined. All marks have a speed."""
    width = size.total - 66
    plane = Plane.around([(mark.speed or 1, mark.low, mark.high) for mark in marks], width, height)
    styles = families(marks)
    rows = [mark.row() | dict(zip(("color", "shape"), styles[mark.family], strict=True)) for mark in marks]
    speed = vega.number(
        "speed", "tokens/s, logarithmic", axis={"values": plane.ticks, "grid": False, "format": "~g"},
        type="log", domain=plane.x_domain,
    )  # fmt: skip
    domain: Spec = {"domain": plane.y_domain}
    score = f"{what} pass@1, %"
    at = {"x": speed, "y": vega.number("plus", score, axis={"tickCount": 6}, **domain)}
    color = {"color": vega.own("color")}
    bar = {"x": speed, "y": vega.number("low", score, **domain), "y2": {"field": "high"}}
    joined = {"detail": "family", "order": {"field": "speed", "type": "quantitative"}}
    told = {"shape": vega.own("shape"), "href": "href", "description": "tip"}
    place = {name: {"expr": f"datum.{name}"} for name in ("align", "dx", "dy")}
    layers = [
        vega.layer("line", rows, at | color | joined, strokeWidth=1.5, opacity=0.55),
        vega.layer("rule", rows, bar | color, strokeWidth=2.5, opacity=0.4),
        vega.layer("point", rows, at | color | told, filled=True, size=95, opacity=1),
        vega.layer("text", _names(marks, plane), at | {"text": "text"}, **vega.text(), **place),
    ]
    return vega.chart(layers, width, height, left=50)


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
        return {"x": vega.number(field, f"{what} pass@1, %", axis={"tickCount": 5}, **domain), "y": vega.row(size)}

    ours, theirs = {"color": "var(--accent)", "opacity": 1}, {"color": "var(--warm)", "opacity": 1, "shape": "diamond"}
    bar = at("low") | {"x2": {"field": "high"}}
    tip, link = {"description": "tip"}, {"href": "href"}
    base, plus = ([row for row in published if row["suite"] == suite] for suite in ("base", "plus"))
    layers = [
        vega.layer("rule", rows, bar, strokeWidth=4, color="var(--accent)", opacity=0.3),
        vega.layer("point", base, at("value") | tip, size=80, strokeWidth=1.5, **theirs),
        vega.layer("point", plus, at("value") | tip, size=80, filled=True, **theirs),
        vega.layer("point", rows, at("base") | tip, size=65, strokeWidth=1.5, **ours),
        vega.layer("point", rows, at("plus") | tip | link, size=85, filled=True, **ours),
        *vega.headings(rows, size),
    ]
    return vega.chart(layers, size.plot, size.row * len(rows), left=size.names or 8)


def bars(values: Sequence[tuple[str, float, str]], size: Size, title: str, color: str) -> Spec:
    """A bar for each model (title, value, the value in words)."""
    rows = [{"title": name, "value": value, "text": text, "tip": f"{name}\n{text}"} for name, value, text in values]
    room = 72
    x = vega.number("value", title, axis={"tickCount": 4, "format": ",~r"}, zero=True)
    at = {"x": x, "y": vega.row(size)}
    layers = [
        vega.layer("bar", rows, at | {"description": "tip"}, size=12, color=color, opacity=0.9),
        vega.layer("text", rows, at | {"text": "text"}, **vega.text(align="left", dx=6, color="var(--muted)")),
        *vega.headings(rows, size),
    ]
    return vega.chart(layers, size.plot - room, size.row * len(rows), left=size.names or 8, right=16 + room)


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
    x = vega.number("k", "k", axis=axis, domain=(1, longest))
    at = {"x": x, "y": vega.number("value", f"{what} pass@k, %", axis={"tickCount": 5}, domain=domain)}
    color = {"color": vega.own("color")}
    layers = [
        vega.layer("line", rows, at | color | {"detail": "title"}, strokeWidth=1.5, opacity=0.7),
        vega.layer("point", rows, at | color | {"description": "tip"}, filled=True, size=50, opacity=1),
        vega.layer(
            "text", ends, at | {"text": "title"}, **vega.text(align="left", dx=10, limit=names), dy={"expr": "datum.dy"}
        ),
    ]
    return vega.chart(layers, size.total - 66 - names, height, left=50, right=16 + names)
