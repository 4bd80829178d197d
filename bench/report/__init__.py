"""The report stage: everything in results/, for a person and for programs.

    results/ ─▶ results.py ─▶ metrics.py ─▶ leaderboard.py ─┬─▶ markdown.py ─▶ REPORT.md
    reference-scores.json ─▶ references.py ──▲              ├─▶ jsonfile.py ─▶ report.json
    columns.py, outcomes.py: what all of them loop over     └─▶ html.py ─────▶ report.html

answer.py, ladder.py, budget.py and history.py draw conclusions from leaderboards. The same results give the same
bytes: there is no time in a report but the runs' own.
"""

from collections.abc import Mapping
from pathlib import Path

from bench.profiles import Config


def inputs(config: Config) -> list[Path]:
    """The result files that a report shows."""
    from bench.report.results import inputs as files  # noqa: PLC0415 - doit imports this package before any task runs

    return files(config)


def datasets(config: Config) -> list[str]:
    """The datasets whose problems a report shows: prompts, names of functions, and their order."""
    from bench.report.results import datasets as names  # noqa: PLC0415 - as above

    return names(config)


def sources() -> list[Path]:
    """The files that the report is rendered with: this package's, the statistics, and the reference scores."""
    own = Path(__file__).parent
    files = [path for path in own.rglob("*") if path.suffix in (".py", ".j2", ".css", ".js", ".json")]
    return [*sorted(files), own.parent / "stats.py", own.parent / "reference-scores.json"]


def write(config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str]) -> None:
    """Render REPORT.md, report.html and report.json from what exists. Raises BenchError where one cannot be written.

    `skipped` maps ids of profiles that cannot run here to the reason; `outdated` a profile and a dataset to the reason
    why their result is not up to date.
    """
    from bench.report.render import write as render  # noqa: PLC0415 - heavy

    render(config, skipped, outdated)
