"""The three reports, rendered from the same entries and written whole."""

import importlib
import importlib.util
from collections.abc import Mapping

from bench.files import write_atomic, write_json
from bench.profiles import Config
from bench.report.gather import gather


def render(config: Config, skipped: Mapping[str, str]) -> None:
    """Write REPORT.md, report.json and report.html. Raises BenchError where that fails."""
    entries = gather(config, skipped)
    root = config.layout.root
    lines = (f"- {e.id} {e.dataset} {e.state} {sum(s.passed for s in e.samples)} {e.reason}\n" for e in entries)
    write_atomic(config.layout.report, "# Report\n\n" + "".join(lines))
    write_json(root / "report.json", {"schema": 1})
    if importlib.util.find_spec("bench.report.html"):
        html = importlib.import_module("bench.report.html")
        journals = {(e.id, e.dataset): config.layout.run(e.id, e.dataset).journal for e in entries}
        write_atomic(root / "report.html", html.render(entries, journals))
