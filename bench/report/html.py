"""report.html: one file that needs no network, no server and no other file.

Nothing but its own scripts may run in it (their hashes are in its content security policy), and texts of models and
files enter it as text only: here through Jinja's escaping, in the browser as text nodes.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.report import columns, details, outcomes, sample_pages
from bench.report import format as figures
from bench.report.charts import Chart, charts
from bench.report.columns import Column
from bench.report.leaderboard import Leaderboard, Row
from bench.report.markdown import PAGE, Report, template
from bench.report.results import POOLED, Result
from bench.report.sample_pages import Matrix, matrix

HERE = Path(__file__).parent
STYLES = ("colors.css", "report.css")
SCRIPTS = (
    "dom", "data", "code", "table", "tips", "matrix", "list", "explorer", "sample", "diff", "pages", "main",
)  # fmt: skip
"""In the order in which they run; `theme` runs before them, in the head."""


@dataclass(frozen=True)
class Section:
    """One dataset on the page; `matrix` is None for all datasets together."""

    leaderboard: Leaderboard
    columns: Sequence[Column]
    charts: Sequence[Chart]
    anchors: Mapping[str, str]
    matrix: Matrix | None
    report: Report

    def along(self, score: float) -> int:
        """The position of a score, in percent of the way from below the lowest interval to 100 %."""
        start = min(row.metrics.score.low for row in self.leaderboard.rows) * 100 // 10 * 10
        return round(100 * (100 * score - start) / (100 - start)) if start < 100 else 100

    def chart(self, *names: str) -> list[Chart]:
        """The charts with these names."""
        return [chart for chart in self.charts if chart.name in names]


def render(report: Report, journals: Mapping[tuple[str, str], Path]) -> str:
    """The page; `journals` names the raw.jsonl of a profile on a dataset, for answers and thoughts."""
    sections = [_section(report, leaderboard) for leaderboard in report.displayed]
    matrices = [section.matrix for section in sections if section.matrix]
    theme, script = _script(["theme"]), _script(SCRIPTS)
    page: str = template(PAGE).render(
        policy=_policy(theme, script),
        css="".join(map(_static, STYLES)) + "".join(map(_style, outcomes.TABLE)),
        theme=theme,
        script=script,
        report=report,
        sections=sections,
        format=figures,
        outcomes=outcomes,
        page_of=page_of,
        index=to_script(
            {"kinds": sample_pages.kinds(), "leaderboards": [_index(section) for section in sections if section.matrix]}
        ),
        blocks=sample_pages.blocks(matrices, journals),
    )
    return page


def _section(report: Report, leaderboard: Leaderboard) -> Section:
    pooled = leaderboard.dataset == POOLED
    anchors = {row.result.id: f"d-{leaderboard.dataset}" if pooled else page_of(row.result) for row in leaderboard.rows}
    drawn = charts(leaderboard, report.budgets.get(leaderboard.dataset, ()), anchors)
    headline = columns.visible_columns(leaderboard, "headline")
    return Section(leaderboard, headline, drawn, anchors, None if pooled else matrix(leaderboard), report)


def page_of(result: Result) -> str:
    """The address of a result's page, behind the #."""
    return "/".join(["m", *(quote(part, safe="", errors="surrogatepass") for part in (result.dataset, result.id))])


def _index(section: Section) -> dict[str, Any]:
    assert section.matrix is not None
    index = sample_pages.index(section.matrix)
    for model, row in zip(index["models"], section.matrix.rows, strict=True):
        model |= {"facts": details.facts(row), "figures": _figures(section, row)}
    return index


def _figures(section: Section, row: Row) -> list[tuple[str, str]]:
    """Every column of a row; that of a duel has its verdict, and no score."""
    duels = {duel.title: f"against {duel.opponent}, {duel.verdict}" for duel in section.report.duels}
    stopped = row.result.stopped_early
    left_out = {"title", *((*section.leaderboard.suites, "lost", "state") if stopped else ())}
    visible = [column for column in columns.columns(section.leaderboard) if column.key not in left_out]
    figures = [(column.title, column.show(row)) for column in visible if column.show(row) != columns.NONE]
    return [*([("duel", duels[row.result.title])] if stopped and row.result.title in duels else []), *figures]


def to_script(value: Any) -> str:
    """`value` as JSON that may stand inside a script element, whatever texts are in it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _style(outcome: outcomes.Outcome) -> str:
    name = f"k-{outcome.key}"
    return f".{name} {{ background: var(--{name}); color: var(--{name}-ink); }}\n"


def _static(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")


def _script(names: Sequence[str]) -> str:
    return "\n" + "".join(_static(f"{name}.js") for name in names)


def _policy(*scripts: str) -> str:
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
