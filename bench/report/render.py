"""The three reports, rendered from the same entries and written whole."""

from collections.abc import Mapping

from bench.files import read_table, write_atomic
from bench.profiles import Config
from bench.report import html, jsonfile, markdown
from bench.report.gather import gather
from bench.report.standings import standings


def render(config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str]) -> None:
    """Write REPORT.md, report.json and report.html. Raises BenchError where that fails."""
    entries = gather(config, skipped, outdated)
    datasets = standings(entries)
    layout, selftests = config.layout, read_table(config.layout.selftests)
    context = markdown.Context(selftests, layout.lesson.name if layout.lesson.is_file() else "")
    write_atomic(layout.report, markdown.render(datasets, entries, context))
    write_atomic(layout.data, jsonfile.render(datasets, selftests))
    journals = {(one.id, one.dataset): layout.run(one.id, one.dataset).journal for one in entries}
    write_atomic(layout.page, html.render(datasets, journals))
