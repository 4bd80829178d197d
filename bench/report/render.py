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
from bench.report.leaderboard import leaderboards_of, pooled
from bench.report.markdown import Report
from bench.report.results import Result, read_all


def gather(
    config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str], *, keep: bool = False
) -> Report:
    """The contents of the reports; with `keep`, new results enter history.jsonl. Raises BenchError."""
    results, layout = read_all(config, skipped, outdated), config.layout
    path = layout.root / history.FILE
    lines = history.record(path, leaderboards_of(results)) if keep else history.read(path)
    selftests, lesson = read_table(layout.selftests), layout.lesson.name if layout.lesson.is_file() else ""
    return conclude(results, margin_of(config), lines, selftests, lesson)


def conclude(
    results: Sequence[Result],
    margin: float = MARGIN,
    lines: Sequence[dict[str, Any]] = (),
    selftests: Mapping[str, Any] = MappingProxyType({}),
    lesson: str = "",
) -> Report:
    """The conclusions from results; `lines` are those of history.jsonl, `lesson` the name of its file."""
    leaderboards, decided = leaderboards_of(results), duels(results, margin)
    return Report(
        leaderboards=leaderboards,
        results=results,
        pooled=pooled(leaderboards),
        answer=answer(leaderboards, margin, decided),
        families=ladder(leaderboards, margin),
        duels=decided,
        budgets={leaderboard.dataset: budgets(leaderboard) for leaderboard in leaderboards},
        changes={leaderboard.dataset: history.changes(leaderboard, lines) for leaderboard in leaderboards},
        selftests=selftests,
        lesson=lesson,
    )


def write(config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str]) -> None:
    """Write REPORT.md, report.json and report.html. Raises BenchError where that fails."""
    report, layout = gather(config, skipped, outdated, keep=True), config.layout
    write_atomic(layout.report, markdown.render(report))
    write_atomic(layout.data, jsonfile.render(report))
    journals = {(result.id, result.dataset): layout.run(result.id, result.dataset).journal for result in report.results}
    write_atomic(layout.page, html.render(report, journals))
    exports.write(layout.share, report)
