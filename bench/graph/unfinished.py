"""Unfinished generations: their completions are graded, so that the report shows a part of a score.

doit does not count these as done, and a result of all problems is never replaced by one of a part.
"""

from collections.abc import Iterator, Sequence

from bench.console import print_line
from bench.errors import BenchError
from bench.files import read_table
from bench.graph.stages import Evaluate, Generate, Samples, Stage
from bench.layout import RunFiles
from bench.untrusted import items, positive, table


def unfinished(stages: Sequence[Stage]) -> Iterator[Generate]:
    """The generations among `stages` whose journal is newer than any result, without a result of all problems."""
    for stage in stages:
        if isinstance(stage, Generate) and not stage.profile.duel and not stage.running and _is_newer(stage):
            yield stage


def grade(stage: Generate) -> None:
    """Grade an unfinished generation; without a sandbox, the report shows its progress."""
    from bench.generate.requests import count  # noqa: PLC0415 - only where there is such a generation

    missing, total, _ = count(stage.profile, stage.config, stage.dataset) or (0, 0, 0)
    if not 0 < missing < total:
        return
    print_line(f"  {stage.label}: {total - missing} of {total} completions so far; these are graded for the report")
    try:
        Samples(stage.config, stage.profile, stage.dataset, part=True).work_alone()
        Evaluate(stage.config, stage.profile, stage.dataset).work_alone()
    except BenchError as error:
        print_line(f"  {error.sentence}")


def _is_newer(stage: Generate) -> bool:
    files = stage.files
    if not files.journal.is_file() or not files.results.is_file():
        return files.journal.is_file()
    if files.journal.stat().st_mtime <= files.results.stat().st_mtime:
        return False
    return is_part(files, stage.profile.sampling.samples)


def is_part(files: RunFiles, samples: int) -> bool:
    """Whether a result has only a part of the samples, since the generation is unfinished."""
    results = {} if files.provenance.is_file() else read_table(files.results)
    graded = sum(map(len, map(items, table(results.get("eval")).values())))
    return graded < (positive(table(results.get("bench")).get("n_problems")) or 0) * samples
