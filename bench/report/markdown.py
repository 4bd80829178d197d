"""REPORT.md: the standings as a page that reads well where Markdown is rendered, and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from bench.console import counted
from bench.problems import SOURCES
from bench.report import escape, provenance, references, tables, words
from bench.report.asked import asked
from bench.report.records import Entry
from bench.report.standings import Standing
from bench.report.tables import Table

TEMPLATES = Path(__file__).parent / "templates"
ALIGN = {"l": "---", "r": "---:"}


@dataclass(frozen=True)
class Context:
    """What the report says beside the entries: the last self-tests, and the lesson's file where there is one."""

    selftests: Mapping[str, Any]
    lesson: str = ""


def render(standings: Sequence[Standing], entries: Sequence[Entry], context: Context) -> str:
    """REPORT.md over the standings of `entries`; the same input gives the same text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 - Markdown, escaped by the filters below and in tables.py
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"table": table, "md": escape.markdown, "code": escape.code, "counted": counted}
    shown = [standing for standing in standings if standing.rows]
    text = environment.get_template("REPORT.md.j2").render(
        title=_title(shown or standings),
        several=len(shown) > 1,
        standings=shown,
        tables=tables,
        words=words,
        asked=asked,
        provenance=provenance,
        pen=escape.MARKDOWN,
        references=references.references,
        sources=references.sources,
        unfinished=tables.unfinished(entries),
        proofs=_proofs(context.selftests),
        retried=sum(row.score.retried for standing in shown for row in standing.rows),
        lesson=context.lesson,
    )
    return _tidied(text)


def table(found: Table) -> str:
    """A table in Markdown."""
    lines = [found.columns, [ALIGN[letter] for letter in found.align], *found.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _title(standings: Sequence[Standing]) -> str:
    real = [standing for standing in standings if not standing.dataset.startswith("demo")]
    return " and ".join(f"{standing.title}+" for standing in real or standings) or "No profile"


def _proofs(selftests: Mapping[str, Any]) -> list[str]:
    """A sentence for each self-test that is on record."""
    found = []
    for test in selftests.values():
        if not isinstance(test, dict) or not {"dataset", "problems", "plus", "date"} <= test.keys():
            continue
        source = SOURCES.get(str(test["dataset"]))
        title = f"{source.title}+" if source else escape.markdown(str(test["dataset"]))
        box = f" in the sandbox {escape.markdown(str(test['sandbox']))}" if test.get("sandbox") else ""
        count = escape.markdown(f"{test['plus']} of {test['problems']}")
        on = escape.markdown(str(test["date"]))
        found.append(f"{title}: {count} canonical solutions passed{box} on {on}.")
    return found


def _tidied(text: str) -> str:
    """No space at the ends of lines, never two empty lines in a row."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip("\n") + "\n"
