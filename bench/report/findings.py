"""Findings beside the answer, and caveats of single figures, in plain sentences."""

from collections.abc import Iterable

from bench.console import counted, listed
from bench.report import outcomes
from bench.report.details import incomparable
from bench.report.leaderboard import Leaderboard, Row
from bench.report.references import models

LADDER = (
    "Each against the largest of its family, over all datasets that both were graded on: problems won and lost, the "
    "difference with its paired 95 % interval (Tango), tests corrected within the family (Holm). “At most” bounds the "
    "loss; it never says that two are equal."
)
DUELS = (
    "Each asks problems in a fixed random order until an e-value of 20 shows a difference, or an always-valid 95 % "
    "interval lies within the margin: a verdict, and neither score nor rank."
)
BUDGET = (
    "A shorter limit gives a prefix of the same greedy text: answers that ended below it keep their verdict, all "
    "others count as failed."
)
MODELS = 6
"""Models that a caveat lists."""
LISTED = 4
"""Names that a line lists."""
PROBLEMS = 60
"""Problems that a line lists."""


def method(leaderboard: Leaderboard) -> str:
    """How to read ranks and p values."""
    test = "exact McNemar on the problems on which two models differ"
    if any(row.metrics.several for row in leaderboard.ranked):
        test = f"the exact sign-flip test on pass rates (with one sample a problem: {test})"
    return (
        f"“=1” is shared by all models that are not shown to be worse than the best: by {test}, p < 0.05 after Holm's "
        f"correction for {counted(len(leaderboard.ranked) - 1, 'test')} against the best. Any other rank is 1 and the "
        f"number of models shown to be better; between others, corrected for all "
        f"{counted(len(leaderboard.pairs), 'pair')}. "
        "A shared rank does not mean equally good: it takes a split of at least 6 to 0 to show anything. The best is "
        "picked by the same data, so that among equally good models one is called worse more often than in 5 % of "
        "reports (by simulation on 164 problems 8 % with 6 models, 13 % with 17)."
    )


def agreement(leaderboard: Leaderboard) -> str:
    """The number of problems that all models pass, and those that all fail; with several samples, what passing is."""
    passed = sum(not problem.failed for problem in leaderboard.discrimination)
    failed = [problem.task_id for problem in leaderboard.discrimination if not problem.passed]
    everyone = f"All models pass {counted(passed, 'other problem')}" if passed else "No problem is passed by all models"
    none = f"none passes {listed(failed, PROBLEMS)}" if failed else "each problem is passed by one or more"
    several = any(row.metrics.several for row in leaderboard.rows)
    half = " A model passes a problem here if at least half of its samples do." if several else ""
    return f"{everyone}; {none}.{half}"


def caveats(leaderboard: Leaderboard) -> list[str]:
    """Sentences about figures of the table that mean less than they seem to."""
    rows = leaderboard.rows
    truncated = [row for row in rows if row.metrics.lost.get("truncated")]
    known = {"", *models()}
    hashes = {str(row.result.bench.get("dataset_hash", "")) for row in rows} - {""}
    slow = [row.title for row in rows if row.metrics.cost.speed and not row.metrics.cost.measured]
    sentences = (
        ([_truncated(row) for row in truncated if not row.result.by_command],
         "Truncated at max_tokens (failed, unless a part passes): {}. A higher limit regenerates only these."),
        ([_truncated(row) for row in truncated if row.result.by_command],
         "Truncated, since the program's answer did not end: {}."),
        ([f"{row.title} ({outcomes.listed(_suspect(row))})" for row in rows if _suspect(row)],
         "Failures that are seldom the model's fault (lost imports, another function name): {}. Look at a few."),
        ([f"{row.title} ({row.metrics.attempted} of {row.metrics.problems})" for row in rows if row.metrics.partly],
         "Not ranked, since not every problem was attempted (the others count as failed): {}."),
        ([row.title for row in rows if row.result.state in ("failed", "skipped", "outdated")],
         "Older results, for the reason given below: {}."),
        ([row.title for row in rows if row.result.state == "gone"],
         "Not ranked, since profiles.toml no longer declares it: {}."),
        ([f"“{row.result.reference}” ({row.title})" for row in rows if row.result.reference not in known],
         "No published score in reference-scores.json for: {}."),
        ([row.title for row in rows if incomparable(row)],
         "Not strictly comparable with the published score (why stands with each run): {}."),
        ([f"{row.title} ({len(row.result.answered_by)})" for row in rows if len(row.result.answered_by) > 1],
         "Answered by more than one model: {}."),
        (_same_files(leaderboard), "The same model file: {}."),
        (slow, "tok/s over whole requests, since the server reports none: {}."),
        ([leaderboard.title] if leaderboard.own_tests else [],
         "The tests of {} run inside the process of the solution, which could forge a pass."),
        (sorted(hashes)[1:], "Not all models were graded on the same version of the dataset; grade them again."),
    )  # fmt: skip
    return [text.format(listed(names, MODELS)) for names, text in sentences if names]


def _suspect(row: Row) -> dict[str, int]:
    """Failures that are seldom the model's fault, where they are more than a tenth of all problems."""
    counts = {key: count for key, count in row.metrics.outcomes.items() if outcomes.BY_KEY[key].suspect}
    return counts if sum(counts.values()) > outcomes.SUSPECT_SHARE * row.metrics.samples else {}


def _same_files(leaderboard: Leaderboard) -> list[str]:
    """Rows of one model file, each with the first of them, and the number of samples with the same code."""
    first: dict[str, Row] = {}
    matches = []
    for row in leaderboard.rows:
        other = first.setdefault(row.result.fingerprint, row)
        ours, theirs = ({(s.task_id, s.number): s.solution for s in one.result.samples} for one in (row, other))
        if row is not other and row.result.fingerprint and (common := ours.keys() & theirs.keys()):
            same = sum(ours[key] == theirs[key] for key in common)
            matches.append(f"{other.title} and {row.title} (identical answers on {same:,} of {len(common):,})")
    return matches


def _truncated(row: Row) -> str:
    limit = row.result.max_tokens
    at = f" at {limit} tokens" if limit else ""
    return f"{row.title} ({row.metrics.lost['truncated']} of {row.metrics.samples}{at})"


def names(leaderboard: Leaderboard, ids: Iterable[str]) -> str:
    """The titles of some rows, cut where there are many."""
    return listed([leaderboard.row(name).title for name in ids], LISTED)
