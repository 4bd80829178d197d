import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bench.report import charts
from bench.report.charts import Chart, front
from bench.report.format import DASH
from bench.report.label_placement import LINE, Plane, overlap
from bench.report.leaderboard import leaderboard_of
from bench.report.results import Result
from tests.report.made import local, report, result, run

FILES = sorted(Path(charts.__file__).parent.glob("*.vl.json"))


def rows() -> list[Result]:
    """Models in two families, with and without speed, one asked several times, one with tokens on record."""
    alpha = result("q6", "p" * 18 + "bb", title="Alpha Q6_K", run=local(21.0, 67.0, "1"), reference="Claude Opus 4.5")
    spent = {"completion_tokens": 700, "seconds": 30.0}
    alpha = replace(alpha, samples=tuple(replace(one, info=replace(one.info, **spent)) for one in alpha.samples))
    several = " ".join(["pp", "pb"] * 10)
    return [
        alpha,
        result("q4", "p" * 16 + "cmfs", title="Alpha Q4_K_M", run=local(38.0, 48.0, "2")),
        result("beta", "p" * 14 + "xxeebb", title="Beta 120B F16", run=local(20.0, 65.0, "3")),
        result("warm", several, title="Warm", run=run(model={}, totals={}, settings={"temperature": 0.8})),
    ]


def drawn(*results: Result) -> dict[str, Chart]:
    """The charts over some results, by name."""
    actual = report(*results)
    (leaderboard,) = actual.leaderboards
    anchors = {row.result.id: f"m/humaneval/{row.result.id}" for row in leaderboard.rows}
    return {one.name: one for one in charts.charts(leaderboard, actual.budgets["humaneval"], anchors)}


@pytest.fixture(scope="module")
def all_charts() -> dict[str, Chart]:
    """A chart of every kind."""
    return drawn(*rows())


def texts(svg: str) -> list[str]:
    """All labels of marks and axes in an SVG."""
    return [node.text or "" for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_files_stand_alone(file: Path) -> None:
    """Each chart is a Vega-Lite file that any editor opens: it has its schema and example rows, and it draws."""
    spec = json.loads(file.read_text())
    assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert spec["description"]
    assert all(spec["datasets"].values())
    assert charts.svg(spec, "").count("graphics-symbol") >= 1


def test_every_file_is_used(all_charts: dict[str, Chart]) -> None:
    """Each file is a chart of the page."""
    assert {f"{charts.FILES.get(name, name)}.vl.json" for name in all_charts} == {file.name for file in FILES}


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("name", ["quality", "scores", "failures", "budget", "curves"])
def test_a_chart_is_plain_svg(all_charts: dict[str, Chart], name: str, width: str) -> None:
    """A chart has its width, no script, style or id (several share a page), and no address but places on the page."""
    root = ET.fromstring(getattr(all_charts[name], width))
    assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {"svg", "g", "path", "line", "text", "a"}
    assert abs(float(root.attrib["width"]) - {"wide": 580, "narrow": 330}[width]) <= 8
    assert not any("id" in node.attrib for node in root.iter())
    addresses = [value for node in root.iter() for key, value in node.attrib.items() if key.endswith("href")]
    assert all(re.fullmatch(r"#m/humaneval/\w+", address) for address in addresses)
    assert root.attrib["aria-label"]


def test_colours_follow_the_theme(all_charts: dict[str, Chart]) -> None:
    """Every colour of a chart is one of the page's, so that it follows the theme."""
    for chart in all_charts.values():
        painted = set(re.findall(r'(?:fill|stroke)="([^"]+)"', chart.wide))
        assert {color for color in painted if not color.startswith("var(")} <= {"none", "transparent"}, chart.name


def test_the_same_figures_draw_the_same_bytes(all_charts: dict[str, Chart]) -> None:
    """A chart depends on its figures alone."""
    assert drawn(*rows()) == all_charts


def test_every_model_has_a_tooltip(all_charts: dict[str, Chart]) -> None:
    """A point tells model, score, interval, speed and size to those who cannot see it, and to those who point at it."""
    actual = [node.attrib.get("aria-label") for node in ET.fromstring(all_charts["quality"].wide).iter()]
    assert f"Alpha Q6_K\n90.0 (69.9{DASH}97.2) %\n21.0 tokens/s\n67.0 GB" in actual
    failed = [node.attrib.get("aria-label") for node in ET.fromstring(all_charts["failures"].wide).iter()]
    assert "Beta 120B F16\n2 truncated" in failed


def test_the_front() -> None:
    """The front has every model that no other one beats in both score and speed, each of them named in the chart."""
    (leaderboard,) = report(*rows()).leaderboards
    timed = [row for row in leaderboard.rows if row.metrics.cost.speed]
    actual = front(timed)
    assert [row.result.id for row in actual] == ["q6", "q4"]
    for row in timed:
        beaten = any(
            other.metrics.score.value >= row.metrics.score.value
            and (other.metrics.cost.speed or 0) > (row.metrics.cost.speed or 0)
            for other in timed
        )
        assert beaten == (row not in actual)


@pytest.mark.slow
def test_no_model_of_the_front_is_dropped() -> None:
    """Of a hundred models, every one of the front has its point and its name; what has no speed is counted."""
    many = [
        result(f"m{at}", "p" * (100 - at) + "b" * at, title=f"Model {at:02}", run=local(10.0 + at, 9.0, str(at)))
        for at in range(40)
    ]
    many += [
        result(f"d{at}", "p" * 30 + "b" * 70, title=f"Slow {at}", run=local(9.0, 9.0, f"d{at}")) for at in range(40)
    ]
    chart = drawn(*many, result("import", "p" * 100, title="Import"))["quality"]
    assert {f"Model {at:02}" for at in range(40)} <= set(texts(chart.wide))
    assert chart.note == "1 of 81 models have no speed on record."
    assert chart.wide.count('aria-label="Slow') == 40


def test_ticks_reach_the_data() -> None:
    """The axes begin and end at values that are written there, at or beyond all data."""
    for speeds in ([20.0, 20.0], [9.0, 60.0], [3.0, 800.0]):
        actual = [result(f"m{at}", "ppb", run=local(speed, 1.0, str(at))) for at, speed in enumerate(speeds)]
        leaderboard = leaderboard_of("humaneval", actual)
        drawing = charts.quality(leaderboard, {row.result.id: "" for row in leaderboard.rows})
        assert drawing
        domain, ticks = drawing.x["scale"]["domain"], drawing.x["axis"]["values"]
        assert (domain[0], domain[1]) == (ticks[0], ticks[-1])
        assert domain[0] < min(speeds) <= max(speeds) < domain[1]
    whole = report(*rows())
    for drawing in (charts._budget(whole.budgets["humaneval"]), charts._curves(whole.leaderboards[0])):
        assert drawing
        xs, domain = [row["x"] for row in drawing.rows["models"]], drawing.x["scale"]["domain"]
        assert domain[0] <= min(xs) <= max(xs) <= domain[1]
        assert domain[0] in drawing.x["axis"]["values"]


def test_lines_end_at_names() -> None:
    """Each line has its name at the right edge, beyond all points, none over another; the axis reaches the data."""
    rows = [{"title": f"Model {at}", "x": 3.0 + at, "score": 50.0 + at % 3, "color": "#000000"} for at in range(18)]
    drawing = charts._lines(rows, "", {"scale": {"domain": [1, 50]}}, {})
    ends, (low, high) = drawing.rows["ends"], drawing.y["scale"]["domain"]
    places = [(high - one["level"]) / (high - low) * charts.HEIGHT for one in ends]
    assert {one["edge"] for one in ends} == {50}
    assert all(after - before >= LINE - 1e-6 for before, after in pairwise(places))
    assert -1e-6 <= places[0] <= places[-1] <= charts.HEIGHT + 1e-6
    assert low <= 50
    assert high >= 52


def test_names_stand_apart() -> None:
    """Names of points that have room overlap neither each other nor a point."""
    plane = Plane((10, 1000), (50.0, 100.0), 514, 330)
    points = [{"title": f"Model number {at}", "speed": 12.0 * 1.5**at, "score": 95.0 - 4 * at} for at in range(10)]
    placed = plane.names(points, points)
    boxes = [plane.box(one["text"], one, one["dx"], one["dy"], one["align"]) for one in placed]
    assert len(placed) == 10
    assert not any(overlap(one, other) for at, one in enumerate(boxes) for other in boxes[:at])


def test_hostile_titles_stay_text() -> None:
    """A title that is markup, an address or an expression is drawn as the text that it is."""
    titles = ["</svg><script>", "{{7*7}}", "datum.x", "'\"&"]
    actual = [replace(row, title=title) for row, title in zip(rows(), titles, strict=True)]
    for chart in drawn(*actual).values():
        assert "<script" not in chart.wide
    assert set(texts(drawn(*actual)["scores"].wide)) >= {"</svg><script>", "{{7*7}}"}


def test_what_cannot_be_drawn() -> None:
    """Without speeds there is no plot of speed, without failures none of these, and one model makes a chart."""
    assert set(drawn(result("a", "ppp"))) == {"scores"}
    assert set(drawn(result("a", "bbb"))) == {"scores", "failures"}


def test_names_can_be_read_anywhere() -> None:
    """Names of points have no rim of their own, which would cover them where no style sheet orders the two."""
    marks = [layer["mark"] for file in FILES for layer in json.loads(file.read_text())["layer"]]
    assert not [mark for mark in marks if mark["type"] == "text" and "stroke" in mark]
