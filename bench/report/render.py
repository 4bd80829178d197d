"""The reports, rendered from the same results and each written whole."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bench.files import read_table, write_atomic
from bench.profiles import Config
from bench.report import exports, history, html, jsonfile, markdown
from bench.report.answer import answer, margin_of
from bench.report.budget import budgets
from bench.report.duels import duels
from bench.report.ladder import MARGIN, ladder
from bench.report.leaderboard import leaderboards, pooled
from bench.report.markdown import Report
from bench.report.results import Result, read_all


def gather(
    config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str], *, keep: bool = False
) -> Report:
    """Everything that the reports show; with `keep`, new results enter history.jsonl. Raises BenchError."""
    results, layout = read_all(config, skipped, outdated), config.layout
    path = layout.root / history.FILE
    lines = history.record(path, leaderboards(results)) if keep else history.read(path)
    selftests, lesson = read_table(layout.selftests), layout.lesson.name if layout.lesson.is_file() else ""
    return conclude(results, margin_of(config), lines, selftests, lesson)


def conclude(
    results: Sequence[Result],
    margin: float = MARGIN,
    lines: Sequence[dict[str, Any]] = (),
    selftests: Mapping[str, Any] = MappingProxyType({}),
    lesson: str = "",
) -> Report:
    """What follows from some results; `lines` are those of history.jsonl, `lesson` the name of its file."""
    boards, decided = leaderboards(results), duels(results, margin)
    return Report(
        boards=boards,
        results=results,
        pooled=pooled(boards),
        answer=answer(boards, margin, decided),
        families=ladder(boards, margin),
        duels=decided,
        budgets={board.dataset: budgets(board) for board in boards},
        changes={board.dataset: history.changes(board, lines) for board in boards},
        selftests=selftests,
        lesson=lesson,
    )


def write(config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str]) -> None:
    """Write REPORT.md, report.json and report.html. Raises BenchError where that fails."""
    report, layout = gather(config, skipped, outdated, keep=True), config.layout
    write_atomic(layout.report, markdown.render(report))
    write_atomic(layout.data, jsonfile.render(report))
    journals = {(one.id, one.dataset): layout.run(one.id, one.dataset).journal for one in report.results}
    write_atomic(layout.page, html.render(report, journals))
    exports.write(layout.share, report)
