"""The figures above and below the page's table: each a chart in two widths, a caption, and the same as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.report import charts, vega
from bench.report.charts import TOP, Mark
from bench.report.numbers import DASH, rate
from bench.report.vega import ALONE, NARROW, WIDE, Size, Spec

UNITS = (("hours", 3600), ("minutes", 60), ("seconds", 1))
Cells = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """`wide` and `narrow` are SVG; `columns` and `cells` say all of it in words, also of what is `left_out` above."""

    name: str
    title: str
    wide: str
    narrow: str
    columns: tuple[str, ...]
    cells: Cells
    left_out: int


def figures(marks: Sequence[Mark], title: str) -> list[Figure]:
    """The figures that the data allow, for a dataset of that title."""
    makers = (_quality, _scores, _tokens, _time, _curves)
    return [figure for make in makers if (figure := make(marks, title))]


def _quality(marks: Sequence[Mark], title: str) -> Figure | None:
    def cells(mark: Mark) -> tuple[str, ...]:
        return (mark.title, rate(mark.speed or 0), *_plus(mark))

    def draw(shown: Sequence[Mark], size: Size) -> Spec:
        # At a desk the scores stand beside it: as high as they are, as long as that looks like a plot.
        beside = min(len(marks), TOP) * WIDE.row
        return charts.quality(shown, size, f"{title}+", max(330, min(560, beside)) if size is WIDE else 330)

    known = [mark for mark in marks if mark.speed]
    columns = ("Model", "tokens/s", f"{title}+", "95 %")
    return _figure(("quality", f"Quality against speed, {title}+"), known, draw, columns, cells)


def _scores(marks: Sequence[Mark], title: str) -> Figure | None:
    compared, desk = any(mark.reference for mark in marks), WIDE if any(mark.speed for mark in marks) else ALONE

    def cells(mark: Mark) -> tuple[str, ...]:
        published = [f"{value:.1f}" for value in (mark.reference_base, mark.reference_plus) if value is not None]
        reference = (f"{mark.reference} {' / '.join(published)}".strip(),) if compared else ()
        return (mark.title, f"{mark.base:.1f}", *_plus(mark), *reference)

    return _figure(
        ("scores", f"Scores, {title} and {title}+"),
        marks,
        lambda shown, size: charts.scores(shown, desk if size is WIDE else size, title),
        ("Model", title, f"{title}+", "95 %", *(["Reference"] if compared else [])),
        cells,
    )


def _plus(mark: Mark) -> tuple[str, str]:
    return f"{mark.plus:.1f}", f"{mark.low:.1f}{DASH}{mark.high:.1f}"


def _tokens(marks: Sequence[Mark], _title: str) -> Figure | None:
    def draw(shown: Sequence[Mark], size: Size) -> Spec:
        values = [(mark.title, mark.tokens or 0, f"{mark.tokens or 0:,.0f}") for mark in shown]
        return charts.bars(values, size, "tokens of an answer, mean", "var(--hue-1)")

    known = [mark for mark in marks if mark.tokens]
    columns = ("Model", "tokens of an answer, mean")
    return _figure(("tokens", "Tokens"), known, draw, columns, lambda mark: (mark.title, f"{mark.tokens or 0:,.0f}"))


def _time(marks: Sequence[Mark], _title: str) -> Figure | None:
    def draw(shown: Sequence[Mark], size: Size) -> Spec:
        most = max(mark.seconds or 0 for mark in shown)
        unit, seconds = next(unit for unit in UNITS if most >= 3 * unit[1] or unit[1] == 1)
        values = [(mark.title, (mark.seconds or 0) / seconds, mark.time) for mark in shown]
        return charts.bars(values, size, f"{unit} for all problems", "var(--hue-3)")

    known = [mark for mark in marks if mark.seconds]
    return _figure(("time", "Time"), known, draw, ("Model", "Time for all"), lambda mark: (mark.title, mark.time))


def _curves(marks: Sequence[Mark], title: str) -> Figure | None:
    known = [mark for mark in marks if len(mark.curve) > 1]
    longest = max((len(mark.curve) for mark in known), default=0)

    def cells(mark: Mark) -> tuple[str, ...]:
        return (mark.title, *(f"{value:.1f}" for value in mark.curve), *[""] * (longest - len(mark.curve)))

    return _figure(
        ("curves", f"pass@k, {title}+"),
        known,
        lambda shown, size: charts.curves(shown, size, f"{title}+"),
        ("Model", *(f"k = {k}" for k in range(1, longest + 1))),
        cells,
    )


def _figure(
    names: tuple[str, str],
    marks: Sequence[Mark],
    draw: Callable[[Sequence[Mark], Size], Spec],
    columns: tuple[str, ...],
    cells: Callable[[Mark], tuple[str, ...]],
) -> Figure | None:
    if not marks:
        return None
    shown = marks[:TOP]
    about = f"{names[1]}, {len(shown)} models; the table below has the same figures"
    wide, narrow = (vega.svg(draw(shown, size), about) for size in (WIDE, NARROW))
    return Figure(*names, wide, narrow, columns, tuple(map(cells, marks)), len(marks) - len(shown))
