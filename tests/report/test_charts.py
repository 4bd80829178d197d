import itertools
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from bench.report.labels import Plane
from bench.report.vega import NARROW, WIDE, Size
from bench.report.vega import svg as drawn

from bench.report import charts, labels
from bench.report.charts import Mark

MARKS = [
    Mark("Alpha UD-Q6_K_XL", "run-1", 93.3, 90.9, 85.5, 94.4, 21.4, 900.0, 3500.0, (90.9, 93.0, 94.0), "Alpha", 94.1),
    Mark("Alpha Q6_K", "run-2", 93.3, 90.2, 84.7, 93.9, 21.0, 800.0, 3600.0, (90.2, 93.1, 94.2), "Alpha", 94.1, 88.0),
    Mark("Beta 120B F16", "run-3", 92.1, 87.8, 81.9, 92.0, 20.3, 2000.0, 4200.0),
    Mark("Gamma Q4_K_M", "run-4", 87.8, 84.8, 78.5, 89.5, 138.0, 400.0, 800.0),
]
SPECS = {
    "quality": lambda size: charts.quality(MARKS, size, "HumanEval+"),
    "scores": lambda size: charts.scores(MARKS, size, "HumanEval"),
    "bars": lambda size: charts.bars([(m.title, m.tokens or 0, f"{m.tokens}") for m in MARKS], size, "tokens", "red"),
    "curves": lambda size: charts.curves(MARKS[:2], size, "HumanEval+"),
}


def texts(svg: str) -> list[str]:
    """All labels of marks and axes in an SVG."""
    return [node.text or "" for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", SPECS)
def test_a_chart_is_plain_svg(name: str, size: Size) -> None:
    """A chart has its width, no script, style or id (several share a page), and no address but places on the page."""
    svg = drawn(SPECS[name](size), 'about "it"')
    root = ET.fromstring(svg)
    assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {"svg", "g", "path", "line", "text", "a"}
    assert abs(float(root.attrib["width"]) - size.total) <= 8
    assert not any("id" in node.attrib for node in root.iter())
    addresses = [value for node in root.iter() for key, value in node.attrib.items() if key.endswith("href")]
    assert all(re.fullmatch(r"#run-\d", address) for address in addresses)
    assert root.attrib["aria-label"] == 'about "it"'


def test_colours_follow_the_theme() -> None:
    """Every colour of a chart is one of the page's, so that it follows the theme."""
    for name, make in SPECS.items():
        painted = set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn(make(WIDE), "")))
        fixed = {color for color in painted if not color.startswith("var(")}
        assert fixed <= {"none", "transparent", *(["red"] if name == "bars" else [])}


def test_the_same_figures_draw_the_same_bytes() -> None:
    """A chart depends on its figures alone."""
    assert drawn(SPECS["quality"](WIDE), "") == drawn(SPECS["quality"](WIDE), "")


def test_every_model_has_a_tooltip() -> None:
    """A point says model, score, interval and speed to those who cannot see it, and to those who point at it."""
    svg = drawn(SPECS["quality"](WIDE), "")
    told = [node.attrib["aria-label"] for node in ET.fromstring(svg).iter() if "aria-label" in node.attrib]
    assert "Alpha UD-Q6_K_XL\nplus 90.9 (85.5 to 94.4), base 93.3\n21.4 tokens/s" in told


def test_hostile_titles_stay_text() -> None:
    """A title that is markup, an address or an expression is drawn as the text that it is."""
    titles = ["</svg><script>", "{{7*7}}", "datum.x", "'\"&"]
    marks = [replace(mark, title=f"{title} {at}") for at, (mark, title) in enumerate(zip(MARKS, titles, strict=True))]
    for spec in (charts.quality(marks, WIDE, "x"), charts.scores(marks, WIDE, "x"), charts.scores(marks, NARROW, "x")):
        svg = drawn(spec, "")
        assert "<script" not in svg
        assert set(texts(svg)) >= {"</svg><script> 0", "{{7*7}} 1"}


@pytest.mark.parametrize(
    ("title", "family"),
    [
        ("GLM-4.7 Flash Q4_K_M", "GLM-4.7 Flash"),
        ("Qwen3-Coder-Next UD-Q6_K_XL", "Qwen3-Coder-Next"),
        ("GPT-OSS 120B F16", "GPT-OSS 120B"),
        ("Tiny (IQ2_XXS)", "Tiny"),
        ("Claude Opus 4.6", "Claude Opus 4.6"),
        ("Q4_K_M", "Q4_K_M"),
    ],
)
def test_family(title: str, family: str) -> None:
    """A family is the title without its quantization, if anything is left then."""
    assert replace(MARKS[0], title=title).family == family


def test_quantizations_of_a_model_share_colour_and_shape() -> None:
    """Families differ in colour and in shape, the largest first; beyond six they are grey."""
    styles = charts.families([*MARKS, *(replace(MARKS[3], title=f"Model {letter}") for letter in "ABCDEF")])
    assert styles["Alpha"] == (charts.HUES[0], charts.SHAPES[0])
    assert styles["Model F"][0] == "var(--muted)"
    assert len(set(styles.values())) == 7


def test_names_cover_nothing() -> None:
    """Names of points overlap neither each other nor a point, and stay inside the plot."""
    points = [(f"Model number {at}", 20.0 + at % 3, 80.0 + at) for at in range(12)]
    bars = [(x, y - 5, y + 5) for _, x, y in points]
    plane = Plane.around(bars, 500, 300)
    placed = labels.beside(points, bars, plane)
    boxes = [
        labels._box(one["text"], plane.x(one["speed"]) + one["dx"], plane.y(one["plus"]) + one["dy"], one["align"])
        for one in placed
    ]
    dots = [labels._dot(plane, x, y) for _, x, y in points]
    assert len(placed) >= 6
    assert all(plane.holds(box) for box in boxes)
    assert not any(a.meets(b) for at, a in enumerate(boxes) for b in [*boxes[:at], *dots])


def test_one_point_makes_a_plane() -> None:
    """A single model, and models of the same speed, have a domain with room and with ticks."""
    plane = Plane.around([(20.0, 100.0, 100.0)], 500, 300)
    assert plane.x_domain[0] < 20 < plane.x_domain[1]
    assert plane.ticks
    assert plane.y_domain[0] < plane.y_domain[1] <= 100


def test_few_round_values_make_room_for_others() -> None:
    """The axis of speed bears at least three values wherever there are so many, and round ones where they suffice."""
    assert Plane((40.0, 107.0), (0, 100), 500, 300).ticks == [40, 50, 60, 70, 80, 90, 100]
    assert Plane((9.0, 60.0), (0, 100), 500, 300).ticks == [10, 20, 50]


def test_values_of_an_axis_do_not_touch() -> None:
    """On a narrow axis a value that would stand in another's place is left out; the rounder one stays."""
    assert Plane((40.0, 107.0), (0, 100), 200, 300).ticks == [40, 50, 60, 70, 80, 100]
    assert Plane((40.0, 107.0), (0, 100), 60, 300).ticks == [50, 100]


def test_spread_lines_have_room() -> None:
    """Names at the ends of lines get a line of text each, and keep their order."""
    moved = labels.spread([10.0, 11.0, 50.0, 10.5])
    places = sorted(h + m for h, m in zip([10.0, 11.0, 50.0, 10.5], moved, strict=True))
    assert min(b - a for a, b in itertools.pairwise(places)) >= labels.HEIGHT - 1e-9


def test_no_run_takes_no_time() -> None:
    """A time that rounds to nothing is said to be under a second, as in REPORT.md."""
    for seconds in (0.2, 0.5):
        assert Mark("A", "a", 50, 50, 40, 60, seconds=seconds).time == "under 1 s"
    assert Mark("A", "a", 50, 50, 40, 60).time == ""
