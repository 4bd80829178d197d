"""Estimates of a stage's seconds, by earlier measurements."""

from bench import datasets
from bench.files import read_table
from bench.graph.stages import Evaluate, Generate, Stage
from bench.untrusted import items, positive, table


def expected(stage: Stage) -> float | None:
    """The seconds of a generation or a grading; None where nothing similar was measured yet."""
    loaded = None if datasets.known()[stage.dataset].count else datasets.at_hand(stage.dataset)
    problems = len(loaded.problems) if loaded else datasets.known()[stage.dataset].count
    samples = problems * stage.profile.sampling.samples
    if isinstance(stage, Generate):
        return _generation(stage, samples)
    return _grading(stage, samples) if isinstance(stage, Evaluate) else None


def _generation(stage: Stage, samples: int) -> float | None:
    """Seconds of the missing completions at the profile's pace; on another dataset if there are none on this one."""
    from bench.generate.requests import count  # noqa: PLC0415 - heavy

    known = count(stage.profile, stage.config, stage.dataset) if stage.files.journal.is_file() else None
    for dataset in (stage.dataset, *stage.profile.sampling.datasets):
        totals = table(read_table(stage.config.layout.run(stage.profile.id, dataset).provenance).get("totals"))
        seconds, completions = positive(totals.get("seconds")), positive(totals.get("completions"))
        if seconds and completions:
            return seconds / completions * (known[0] if known else samples)
    return None


def _grading(stage: Stage, samples: int) -> float | None:
    """Seconds of the last grading of this dataset with few cached verdicts, by this profile or another."""
    others = (stage.config.layout.run(profile.id, stage.dataset) for profile in stage.config.profiles)
    for files in (stage.files, *others):
        block = table(read_table(files.results).get("bench"))
        graded = sum(map(len, map(items, table(block.get("samples")).values())))
        seconds, cached = positive(block.get("seconds")), positive(block.get("cached")) or 0
        if seconds and graded > 2 * cached:
            return seconds / (graded - cached) * samples
    return None
