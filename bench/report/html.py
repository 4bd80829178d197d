"""report.html: one file that needs no network, no server and no other file.

Nothing but its own scripts may run in it (their hashes are in its content security policy), and texts of models and
files enter it as text only: here through Jinja's escaping, in the browser as text nodes.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.console import counted
from bench.report import numbers, payload, words
from bench.report.asked import asked
from bench.report.board import LOST, Board, board
from bench.report.escape import unmarked
from bench.report.figures import Figure, figures
from bench.report.published import Scored, among
from bench.report.records import Entry
from bench.report.rows import Line, lines
from bench.report.standings import Standing
from bench.text import visible

HERE = Path(__file__).parent
STYLES = ("colors.css", "report.css")
SCRIPTS = ("dom", "data", "code", "table", "tips", "matrix", "found", "grid", "explorer", "sample", "pages", "main")
"""In the order in which they run; `theme` runs before them, in the head."""


@dataclass(frozen=True)
class Section:
    """One dataset on the page."""

    standing: Standing
    board: Board
    lines: list[Line]
    figures: list[Figure]

    @property
    def unfinished(self) -> list[Entry]:
        """Entries without a result, or without a newer or a whole one."""
        known = [line.row.entry for line in self.lines]
        return [entry for entry in (*known, *self.standing.others) if entry.state != "done"]

    @property
    def timed(self) -> bool:
        """Whether any model's speed or time is known."""
        return any(line.mark.speed or line.mark.seconds for line in self.lines)

    @property
    def findings(self) -> list[str]:
        """What the data shows and what it does not, in Markdown."""
        return words.findings(self.standing)

    @property
    def warnings(self) -> list[str]:
        """What makes figures less than they seem, in Markdown."""
        return words.warnings(self.standing)

    @property
    def asked(self) -> str:
        """How the models were asked, in Markdown."""
        return asked(self.standing)

    @property
    def method(self) -> str:
        """How ranks come about, in Markdown."""
        return words.method(self.standing) if len(self.standing.ranked) > 1 else ""

    @property
    def published(self) -> list[Scored]:
        """Ours among the published scores."""
        return among([(line.mark.title, line.row.score) for line in self.lines], self.standing.dataset)

    @property
    def compared(self) -> bool:
        """Whether any model has a reference."""
        return any(line.row.versus for line in self.lines)

    def along(self, score: float) -> int:
        """Where a score in percent lies on the way from below the lowest interval to 100."""
        start = min(line.mark.low for line in self.lines) // 10 * 10
        return round(100 * (score - start) / (100 - start)) if start < 100 else 100


def render(standings: Sequence[Standing], journals: Mapping[tuple[str, str], Path]) -> str:
    """The page; `journals` names the raw.jsonl of a profile on a dataset, for answers and thoughts."""
    sections = sorted(map(_section, standings), key=lambda section: not section.lines)
    theme, script = _script(["theme"]), _script(SCRIPTS)
    page: str = _template().render(
        policy=_policy(theme, script),
        css="".join(map(_static, STYLES)),
        theme=theme,
        script=script,
        sections=sections,
        index=payload.to_script(
            {"kinds": payload.kinds(), "lost": LOST, "boards": [_index(section) for section in sections]}
        ),
        blocks=payload.blocks([section.board for section in sections], journals),
    )
    return page


def _section(standing: Standing) -> Section:
    shown = lines(standing)
    return Section(standing, board(standing), shown, figures([line.mark for line in shown], standing.title))


def _template() -> Any:
    import jinja2  # noqa: PLC0415 - only reports need it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"visible": visible, "unmarked": unmarked, "rate": numbers.rate, "counted": counted}
    return environment.get_template("report.html.j2")


def _static(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")


def _script(names: Sequence[str]) -> str:
    return "\n" + "".join(_static(f"{name}.js") for name in names)


def _policy(*scripts: str) -> str:
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def _index(section: Section) -> dict[str, Any]:
    index = payload.index(section.board, section.standing)
    for model, line in zip(index["models"], section.lines, strict=True):
        model |= {"title": line.mark.title, "anchor": line.mark.anchor}
    return index
