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

from bench.report import payload
from bench.report.board import Board, boards
from bench.report.figures import Figure, figures
from bench.report.records import Entry
from bench.report.rows import Row, rows
from bench.report.text import visible

HERE = Path(__file__).parent
SCRIPTS = ("dom", "data", "code", "table", "tips", "matrix", "explorer", "sample", "main")
"""In the order in which they run; `theme` runs before them, in the head."""


@dataclass(frozen=True)
class Section:
    """One dataset on the page."""

    board: Board
    rows: list[Row]
    figures: list[Figure]

    @property
    def timed(self) -> bool:
        """Whether any model's speed or time is known."""
        return any(row.mark.speed or row.mark.seconds for row in self.rows)

    def along(self, score: float) -> int:
        """Where a score lies in percent of the way from below the lowest interval to 100."""
        start = min(row.mark.low for row in self.rows) // 10 * 10
        return round(100 * (score - start) / (100 - start)) if start < 100 else 100

    @property
    def compared(self) -> bool:
        """Whether any model has a reference."""
        return any(row.mark.reference for row in self.rows)


def sources() -> list[Path]:
    """The files that the page is made from, beside this package's modules."""
    return sorted([*(HERE / "static").iterdir(), *(HERE / "templates").glob("*.html.j2")])


def render(entries: Sequence[Entry], journals: Mapping[tuple[str, str], Path]) -> str:
    """The page; `journals` names the raw.jsonl of a profile on a dataset, for answers and thoughts."""
    page = boards(entries)
    sections = [_section(board) for board in page]
    theme, script = _script(["theme"]), _script(SCRIPTS)
    return _template().render(
        policy=_policy(theme, script),
        css=_static("report.css"),
        theme=theme,
        script=script,
        sections=sections,
        index=payload.to_script(_index(sections)),
        blocks=payload.blocks(page, journals),
    )


def _section(board: Board) -> Section:
    table = rows(board)
    return Section(board, table, figures([row.mark for row in table], board.title))


def _template() -> Any:
    import jinja2  # noqa: PLC0415 - only reports need it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["visible"] = visible
    return environment.get_template("report.html.j2")


def _static(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")


def _script(names: Sequence[str]) -> str:
    return "\n" + "".join(_static(f"{name}.js") for name in names)


def _policy(*scripts: str) -> str:
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def _index(sections: Sequence[Section]) -> dict[str, Any]:
    found = [payload.index(section.board) for section in sections]
    for index, section in zip(found, sections, strict=True):
        for model, row in zip(index["models"], section.rows, strict=True):
            model |= {"title": row.mark.title, "anchor": row.mark.anchor}
    return {"kinds": payload.kinds(), "boards": found}
