"""The charts of the page: Vega-Lite files beside this module, which any Vega editor opens, filled with a report's rows.

They are drawn here rather than in the browser, which keeps a megabyte of scripts out of the page and lets it forbid all
scripts but its own. The files' colours are those of the light theme; on the page they become its CSS variables, so that
charts follow its theme. A mark's aria-label is its tooltip.
"""

import html
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.report.budget import Budget
from bench.report.format import gigabytes, percent, rate, with_interval
from bench.report.label_placement import LINE, Plane
from bench.report.ladder import family_of
from bench.report.leaderboard import Leaderboard, Row
from bench.report.metrics import curve
from bench.report.outcomes import TABLE

HERE = Path(__file__).parent
FILES = {"budget": "lines", "curves": "lines"}
"""Charts whose file has another name."""
VERSION = "5.20"
"""Of Vega-Lite."""
TOP, LINES = 30, 10
"""Models in a chart of rows, and of lines; the tables have all."""
HEIGHT, WIDEST = 300, 7.3
"""Pixels of a chart of lines, and of a letter in a text that must not be cut."""
MOST_K = 64
"""The largest k of a pass@k curve."""
HUES = ("#0b66a3", "#bf4d0c", "#0a7a5b", "#a0408a", "#7d6200", "#4a4ec2")
NEUTRAL = "#565c64"
Spec = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart, for a desk and for a phone, as SVG; `key` explains its marks, `note` says what is not in it."""

    name: str
    title: str
    wide: str
    narrow: str
    key: str = ""
    note: str = ""


@dataclass(frozen=True)
class Drawing:
    """The contents for a Vega-Lite file: rows by the name of their data set, and changes of its axes."""

    rows: dict[str, list[Spec]]
    about: str = ""
    x: Spec = field(default_factory=dict)
    y: Spec = field(default_factory=dict)
    narrow: Spec = field(default_factory=dict)


def charts(leaderboard: Leaderboard, budgets: Sequence[Budget], anchors: dict[str, str]) -> list[Chart]:
    """The charts that the data allow; `anchors` are where the rows' details are, by the id of a result."""
    makers = (
        ("quality", f"Quality against speed, {leaderboard.name}", quality(leaderboard, anchors)),
        ("scores", f"Scores, {leaderboard.name}", scores(leaderboard, anchors)),
        ("failures", f"What failed, {leaderboard.name}", _failures(leaderboard)),
        ("budget", f"Solved against time at every token limit, {leaderboard.name}", _budget(budgets)),
        ("curves", f"pass@k, {leaderboard.name}", _curves(leaderboard)),
    )
    return [_chart(leaderboard, name, title, drawing) for name, title, drawing in makers if drawing]


def _chart(leaderboard: Leaderboard, name: str, title: str, drawing: Drawing) -> Chart:
    spec = template(name)
    timed = sum(bool(row.metrics.cost.speed) for row in leaderboard.rows)
    note = ""
    if name == "quality" and timed < len(leaderboard.rows):
        note = f"{len(leaderboard.rows) - timed} of {len(leaderboard.rows)} models have no speed on record."
    most = {"scores": TOP, "failures": TOP, "budget": LINES, "curves": LINES}.get(name, len(leaderboard.rows))
    if len({row["title"] for row in drawing.rows["models"]}) == most < len(leaderboard.rows):
        note = f"The best {most} of {len(leaderboard.rows)} models; the table has all."
    keys = {
        "quality": "Area: size of the file. Dashed: nothing measured here is both better and faster.",
        "scores": "Dot: the score with its 95 % interval; ring: base tests alone; diamond: published score.",
    }
    about = f"{title}: {spec['description']}; the tables have the same figures"
    wide, narrow = (svg(filled(name, drawing, narrow=phone), about) for phone in (False, True))
    return Chart(name, title, wide, narrow, keys.get(name, ""), note)


def template(name: str) -> Spec:
    """A chart's Vega-Lite file, with its example rows."""
    spec: Spec = json.loads((HERE / f"{FILES.get(name, name)}.vl.json").read_text(encoding="utf-8"))
    return spec


def filled(name: str, drawing: Drawing, *, narrow: bool = False) -> Spec:
    """A chart's file with the rows of a report."""
    spec = template(name)
    spec["datasets"] |= drawing.rows
    for axis, change in (("x", drawing.x), ("y", drawing.y)):
        channels = [spec["encoding"], *(layer.get("encoding", {}) for layer in spec["layer"])]
        for channel in (channels_of[axis] for channels_of in channels if axis in channels_of):
            for part, values in change.items():
                channel[part] = channel.get(part, {}) | values if isinstance(values, dict) else values
    spec["description"] = drawing.about or spec["description"]
    if narrow:
        left = min(spec["padding"]["left"], 132)
        right = min(spec["padding"]["right"], 116)
        spec["padding"] |= {"left": left, "right": right}
        spec["width"] = 330 - left - right
        if left > 60:
            spec["encoding"]["y"]["axis"]["labelLimit"] = left - 24
        for layer in spec["layer"]:
            if "limit" in layer["mark"]:
                layer["mark"]["limit"] = right - 12
        spec["datasets"] |= drawing.narrow
    axis = spec["encoding"]["y"]["axis"]
    if "labelLimit" in axis:
        axis["labelExpr"] = _shortened("datum.label", axis["labelLimit"])
    for layer in spec["layer"]:
        if "limit" in layer["mark"]:
            layer["mark"]["text"] = {"expr": _shortened("datum.title", layer["mark"]["limit"] - 8)}
            del layer["encoding"]["text"]
    return spec


def _shortened(text: str, pixels: float) -> str:
    """A Vega expression for a text without its middle where it is longer; its end often names the quantization."""
    letters = int(pixels / WIDEST)
    head = 2 * letters // 5
    return f"length({text}) > {letters} ? slice({text}, 0, {head}) + '…' + slice({text}, {head + 1 - letters}) : {text}"


def svg(spec: Spec, about: str) -> str:
    """A chart as an SVG element that needs no script, style or address; `about` describes it."""
    drawn = re.sub(r'<a xlink:href="[^"#]*#', '<a tabindex="-1" href="#', plain_svg(spec))
    for color, variable in _variables().items():
        drawn = drawn.replace(f'"{color}"', f'"var(--{variable})"')
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{html.escape(about)}" ', 1)


def plain_svg(spec: Spec) -> str:
    """A chart as an SVG file in the colours of the light theme."""
    import vl_convert  # noqa: PLC0415 - heavy

    return str(vl_convert.vegalite_to_svg(spec, vl_version=VERSION))


def png(spec: Spec, scale: float) -> bytes:
    """A chart as a PNG in the colours of the light theme."""
    import vl_convert  # noqa: PLC0415 - heavy

    return bytes(vl_convert.vegalite_to_png(spec, vl_version=VERSION, scale=scale))


@lru_cache(maxsize=1)
def colors() -> dict[str, str]:
    """The colours of the light theme by their names."""
    text = (HERE / "static" / "colors.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), ", text))


@lru_cache(maxsize=1)
def _variables() -> dict[str, str]:
    """The name of each colour that charts may have; of equal ones, the first."""
    return {color: name for name, color in reversed(colors().items())}


def front(rows: Sequence[Row]) -> list[Row]:
    """The rows that no other row beats in both score and speed, the slowest first."""
    rows_on_front: list[Row] = []
    best = -1.0
    for row in sorted(rows, key=lambda row: (-(row.metrics.cost.speed or 0), -row.metrics.score.value)):
        if row.metrics.score.value > best:
            rows_on_front.append(row)
            best = row.metrics.score.value
    return rows_on_front[::-1]


def quality(leaderboard: Leaderboard, anchors: dict[str, str]) -> Drawing | None:
    """Score against speed, with the front; None where fewer than two speeds are known."""
    timed = [row for row in leaderboard.rows if row.metrics.cost.speed]
    if len(timed) < 2:
        return None
    best = front(timed)
    ids = {row.result.id for row in best}
    hues = _hues(timed)
    rows = [_point(row, anchors, hues[family_of(row.result)], at_front=row.result.id in ids) for row in timed]
    speeds = [row["speed"] for row in rows]
    ticks = _log_ticks(min(speeds) / 1.15, max(speeds) * 1.15)
    y = _score_domain([row["low"] for row in rows], [row["high"] for row in rows])
    line: list[Spec] = [{"speed": ticks[0], "score": 100 * best[0].metrics.score.value}]
    line += [{"speed": row.metrics.cost.speed, "score": 100 * row.metrics.score.value} for row in best]
    line += [{"speed": line[-1]["speed"], "score": y[0]}]
    plane = Plane((ticks[0], ticks[-1]), y, 514, 330)
    narrow = Plane((ticks[0], ticks[-1]), y, 330 - 66, 330)
    titles = [row for row in rows if row["front"]]
    return Drawing(
        {"models": rows, "front": line, "names": plane.names(titles, rows)},
        x={"scale": {"domain": [ticks[0], ticks[-1]]}, "axis": {"values": ticks}},
        y={"scale": {"domain": list(y)}},
        narrow={"names": narrow.names(titles, rows)},
    )


def _point(row: Row, anchors: dict[str, str], color: str, *, at_front: bool) -> Spec:
    figures, size = row.metrics, row.metrics.cost.bytes
    tip = [row.title, f"{with_interval(figures.score)} %", f"{rate(figures.cost.speed or 0)} tokens/s"]
    return _score(row, anchors) | {
        "speed": figures.cost.speed,
        "area": 70 + 9 * min(size or 0, 120e9) / 1e9,
        "front": at_front,
        "color": color,
        "opacity": 1 if at_front else 0.45,
        "faint": 0.45 if at_front else 0.2,
        "tip": "\n".join([*tip, *([f"{gigabytes(size)} GB"] if size else [])]),
    }


def _score(row: Row, anchors: dict[str, str]) -> Spec:
    score, href = row.metrics.score, f"#{anchors[row.result.id]}"
    ends = {"score": 100 * score.value, "low": 100 * score.low, "high": 100 * score.high}
    return {"title": row.title, "href": href, **ends}


def _hues(rows: Sequence[Row]) -> dict[str, str]:
    """A colour by family; families with several members come first, since there are six colours only."""
    names = [family_of(row.result) for row in rows]
    order = sorted(dict.fromkeys(names), key=lambda name: names.count(name) == 1)
    return {name: HUES[at] if at < len(HUES) else NEUTRAL for at, name in enumerate(order)}


def _log_ticks(low: float, high: float) -> list[float]:
    """Round values that reach around both ends."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = sorted(digit * 10.0**power for power in powers for digit in (1, 2, 5))
    first = max(value for value in steps if value <= low)
    last = min(value for value in steps if value >= high)
    return [value for value in steps if first <= value <= last]


def _score_domain(lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float]:
    """From the multiple of five below all to the one above."""
    return max(0.0, math.floor(min(lows) / 5) * 5.0), min(100.0, math.ceil(max(highs) / 5) * 5.0)


def scores(leaderboard: Leaderboard, anchors: dict[str, str]) -> Drawing | None:
    """The scores, best first; None without rows."""
    rows: list[Spec] = []
    published: list[Spec] = []
    for row in leaderboard.rows[:TOP]:
        first = row.metrics.suites[leaderboard.suites[0]]
        tip = [f"{leaderboard.suite_title(suite)} {with_interval(score)} %"
               for suite, score in row.metrics.suites.items()]  # fmt: skip
        rows.append(
            _score(row, anchors)
            | {"first": 100 * first.value if len(leaderboard.suites) > 1 else None, "tip": "\n".join([row.title, *tip])}
        )
        if row.versus:
            ink = "#b5480a" if row.versus.suite == leaderboard.suites[-1] else "transparent"
            published.append({"title": row.title, "value": row.versus.theirs, "fill": ink, "tip": row.versus.about})
    if not rows:
        return None
    known = [row["low"] for row in rows] + [model["value"] for model in published]
    known += [row["first"] for row in rows if row["first"] is not None]
    domain = list(_score_domain(known, [100.0]))
    return Drawing({"models": rows, "published": published}, x={"scale": {"domain": domain}})


def _failures(leaderboard: Leaderboard) -> Drawing | None:
    rows: list[Spec] = []
    totals: list[Spec] = []
    for row in leaderboard.rows[:TOP]:
        start, total = 0, sum(row.metrics.outcomes.values())
        for outcome in TABLE:
            count = row.metrics.outcomes.get(outcome.key, 0)
            if outcome.key == "pass" or not count:
                continue
            rows.append({
                "title": row.title, "label": outcome.label, "start": 100 * start / total,
                "end": 100 * (start + count) / total, "middle": 100 * (start + count / 2) / total,
                "count": str(count), "color": colors()[f"k-{outcome.key}"],
                "ink": colors()[f"k-{outcome.key}-ink"], "tip": f"{row.title}\n{count} {outcome.label}",
            })  # fmt: skip
            start += count
        totals.append({"title": row.title, "end": 100 * start / total, "text": f"{start:,} of {total:,} fail"})
    if not rows:
        return None
    most = max(total["end"] for total in totals)
    wide, narrow = ([row | {"count": _fitting(row, pixels / most)} for row in rows] for pixels in (259, 330 - 132 - 96))
    return Drawing({"models": wide, "totals": totals}, x={"scale": {"domain": [0, most]}}, narrow={"models": narrow})


def _fitting(piece: Spec, pixels: float) -> str:
    """The figure of a piece of a bar that is wide enough for it, at so many pixels a point."""
    return piece["count"] if (piece["end"] - piece["start"]) * pixels >= 8 * len(piece["count"]) + 3 else ""


def _budget(budgets: Sequence[Budget]) -> Drawing | None:
    budgets = [budget for budget in budgets if budget.points[-1].minutes > 0][:LINES]
    hues = _hues([budget.row for budget in budgets])
    rows: list[Spec] = [
        {"title": budget.row.title, "x": point.minutes, "score": point.score,
         "color": hues[family_of(budget.row.result)],
         "tip": f"{budget.row.title}\n{point.limit:,} tokens: {point.score:.1f} % in {point.minutes:.0f} min"}
        for budget in budgets
        for point in budget.points
    ]  # fmt: skip
    if not rows:
        return None
    ticks = _log_ticks(min(row["x"] for row in rows), max(row["x"] for row in rows))
    x: Spec = {"title": "minutes for all answers, logarithmic", "axis": {"values": ticks, "format": "~g"},
         "scale": {"domain": [ticks[0], ticks[-1]], "type": "log"}}  # fmt: skip
    about = "each point is the run as it would have been under a smaller max_tokens"
    return _lines(rows, about, x, {"title": "solved, %"})


def _curves(leaderboard: Leaderboard) -> Drawing | None:
    several = [row for row in leaderboard.rows if row.metrics.k > 1][:LINES]
    hues = _hues(several)
    rows: list[Spec] = [
        {"title": row.title, "x": k, "score": 100 * value, "color": hues[family_of(row.result)],
         "tip": f"{row.title}\npass@{k} {percent(value)}"}
        for row in several
        for k, value in enumerate(curve(row.result, row.metrics.problems, min(row.metrics.k, MOST_K)), 1)
    ]  # fmt: skip
    most = max((row["x"] for row in rows), default=1)
    x: Spec = {"title": "k", "axis": {"values": list(range(1, most + 1, 1 + most // 10)), "format": "d"},
         "scale": {"domain": [1, most]}}  # fmt: skip
    return _lines(rows, "the share of problems that k samples solve", x, {"title": "pass@k, %"}) if rows else None


def _lines(rows: list[Spec], about: str, x: Spec, y: Spec) -> Drawing:
    """Lines, each with its name at the right edge, where every name has a place of its own."""
    low, high = _score_domain([row["score"] for row in rows], [row["score"] for row in rows])
    high = high if high > low else low + 5
    ends = sorted({row["title"]: row for row in rows}.values(), key=lambda row: -row["score"])
    unit, below, places = (high - low) / HEIGHT, -math.inf, list[float]()
    for row in ends:
        below = max((high - row["score"]) / unit, below + LINE)
        places.append(below)
    places = [min(place, HEIGHT - LINE * after) for after, place in enumerate(reversed(places))][::-1]
    edge = x["scale"]["domain"][-1]
    named = [row | {"edge": edge, "level": high - unit * place} for row, place in zip(ends, places, strict=True)]
    return Drawing({"models": rows, "ends": named}, about, x=x, y=y | {"scale": {"domain": [low, high]}})
