"""Files to share, in results/share/: the table as CSV, the headline chart and badge as pictures, each model's row.

Written anew with each report; files that are no longer part of it are removed.
"""

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from bench.console import size
from bench.files import write_atomic
from bench.report import charts, details
from bench.report.answer import main_leaderboard
from bench.report.columns import columns
from bench.report.escape import markdown
from bench.report.format import as_json, known, percent, rate, short_count, with_interval
from bench.report.jsonfile import row_json
from bench.report.leaderboard import Leaderboard, Row
from bench.report.markdown import Report
from bench.stats import Estimate
from bench.untrusted import positive, word

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that make a spreadsheet take a text for a formula."""
SCALE = 2.0
"""Pixels of the PNG for each of the SVG."""
LETTER = 6.7


def write(folder: Path, report: Report) -> None:
    """Write all files. Raises BenchError where that fails."""
    files = dict(exports(report))
    for name, content in files.items():
        write_atomic(folder / name, content)
    for old in folder.glob("*"):
        if old.name not in files and old.is_file() and not old.name.startswith("."):
            old.unlink()


def exports(report: Report) -> Iterator[tuple[str, str | bytes]]:
    """Names and contents of the files."""
    leaderboard = main_leaderboard(report.leaderboards)
    if leaderboard is None:
        return
    yield "models.csv", table(report)
    spec = headline(leaderboard)
    yield "headline.svg", charts.plain_svg(spec)
    yield "headline.png", charts.png(spec, SCALE)
    yield "badge.svg", badge(leaderboard)
    for leaderboard in report.leaderboards:
        for row in leaderboard.rows:
            name = re.sub(r"[^\w.-]", "_", f"{row.result.id}-{leaderboard.dataset}")
            yield f"{name}.json", json.dumps(row_json(leaderboard, row), indent=1) + "\n"
            yield f"{name}.md", row_markdown(leaderboard, row)


def table(report: Report) -> str:
    """Every row of every dataset as CSV, by the keys of the columns; an estimate takes three."""
    rows: list[dict[str, object]] = []
    for leaderboard in report.leaderboards:
        for row in leaderboard.rows:
            cells: dict[str, object] = {"dataset": leaderboard.dataset, "id": row.result.id}
            for column in columns(leaderboard):
                value = column.value(row)
                if isinstance(value, Estimate):
                    ends = dict(zip(("", "_low", "_high"), as_json(value), strict=True))
                    cells |= {f"{column.key}{end}": one for end, one in ends.items()}
                else:
                    cells[column.key] = column.number(row)
            rows.append(cells)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: object) -> object:
    """A text that a spreadsheet would run stays a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) and len(value) > 2 else value


def headline(leaderboard: Leaderboard) -> charts.Spec:
    """The chart that stands for the report, with its title: quality against speed, or the scores."""
    nowhere = {row.result.id: "" for row in leaderboard.rows}
    quality, scores = charts.quality(leaderboard, nowhere), charts.scores(leaderboard, nowhere)
    drawing = quality or scores
    assert drawing is not None
    spec = charts.filled("quality" if quality else "scores", drawing)
    machine = details.machine(row.result for row in leaderboard.rows)
    title = f"{leaderboard.name}, {leaderboard.problems} problems"
    spec["title"] = {"text": title, "subtitle": machine, "anchor": "start"}
    spec["padding"] |= {"top": 56}
    spec["config"] |= {"background": "#ffffff"}
    return spec


def badge(leaderboard: Leaderboard) -> str:
    """The best model and its score as a badge."""
    row = (leaderboard.ranked or list(leaderboard.rows))[0]
    left, right = leaderboard.name, f"{row.title} {percent(row.metrics.score.value)} %"
    widths = [round(LETTER * len(text)) + 14 for text in (left, right)]
    texts = "".join(
        f'<text x="{x}" y="14" fill="#fff" text-anchor="middle">{html.escape(text)}</text>'
        for x, text in ((widths[0] / 2, left), (widths[0] + widths[1] / 2, right))
    )
    about = html.escape(f"{left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sum(widths)}" height="20" role="img" aria-label="{about}">'
        f'<rect width="{sum(widths)}" height="20" rx="3" fill="#0b5c94"/>'
        f'<rect width="{widths[0]}" height="20" rx="3" fill="#565c64"/>'
        f'<g font-family="Verdana, DejaVu Sans, sans-serif" font-size="11">{texts}</g></svg>\n'
    )


def row_markdown(leaderboard: Leaderboard, row: Row) -> str:
    """One row as a Markdown table of the form of llama-bench's, with machine and build."""
    cost, server = row.metrics.cost, row.result.server
    cells = {
        "model": row.title,
        "size": known(size, cost.bytes),
        "params": known(short_count, positive(server.get("parameters"))),
        "machine": details.machine_label(row.result),
        "build": word(server.get("build")),
        "test": f"{leaderboard.name}, {row.metrics.problems} problems",
        "score (95 %)": f"{with_interval(row.metrics.score)} %",
        "t/s": known(rate, cost.speed),
    }
    cells = {title: text for title, text in cells.items() if text}
    lines = [list(cells), ["---"] * len(cells), map(markdown, cells.values())]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
