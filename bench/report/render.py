"""The three reports, rendered from the same entries and written whole."""

from collections.abc import Mapping

from bench.files import read_table, write_atomic
from bench.profiles import Config
from bench.report import html, jsonfile, markdown
from bench.report.gather import gather, notes_file, selftest_file
from bench.report.standings import standings


def render(config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str]) -> None:
    """Write REPORT.md, report.json and report.html. Raises BenchError where that fails."""
    entries = gather(config, skipped, outdated)
    found = standings(entries)
    root, selftests, lesson = config.layout.root, read_table(selftest_file(config)), notes_file(config)
    context = markdown.Context(selftests, lesson.name if lesson.is_file() else "")
    write_atomic(config.layout.report, markdown.render(found, entries, context))
    write_atomic(root / "report.json", jsonfile.render(found, selftests))
    journals = {(one.id, one.dataset): config.layout.run(one.id, one.dataset).journal for one in entries}
    write_atomic(root / "report.html", html.render(found, journals))
