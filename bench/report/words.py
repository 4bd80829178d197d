"""What the data shows and what it does not, in sentences; Markdown."""

from collections.abc import Iterable
from itertools import combinations, groupby, pairwise

from bench.console import counted
from bench.report.escape import markdown
from bench.report.families import family
from bench.report.numbers import p_value, percent
from bench.report.pairs import Pair
from bench.report.references import models
from bench.report.runs import COMMAND
from bench.report.standings import Row, Standing

NAMED = 4
"""Models of a band that its sentence compares with its best, and pairs of quantizations; all pairs stand below."""
LISTED = 4
"""Names that a line lists."""
PROBLEMS = 60
"""Problems that a line lists."""
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def findings(standing: Standing) -> list[str]:
    """A paragraph for each rank band, best first, and one for each model that is there in several quantizations."""
    ranked = standing.ranked
    if len(ranked) == 1:
        return [_alone(standing, ranked[0])]
    groups = [list(group) for _, group in groupby(ranked, key=lambda row: row.band)]
    said = [_band(standing, group, groups[i - 1][0] if i else None) for i, group in enumerate(groups)]
    return said + _quantizations(standing)


def _alone(standing: Standing, row: Row) -> str:
    score, alone = row.score, "stands alone" if len(standing.rows) == 1 else "alone has a rank"
    return (
        f"{_name(row)} {alone}. With {counted(score.problems, 'problem')}, its {percent(score.plus.value)} % may "
        f"well come from a model of anything between {percent(score.plus.low)} and {percent(score.plus.high)} %."
    )


def _band(standing: Standing, group: list[Row], above: Row | None) -> str:
    """`above` is the best of the band before."""
    best, rest, said = group[0], group[1:], []
    if above:
        said.append(f"{_name(best)} is behind {_name(above)}: {_split(_pair(standing, above, best))}.")
    elif not rest:
        said.append(f"{_name(best)} is ahead of all others.")
    if rest:
        apart = [pair for pair in combinations(rest, 2) if _pair(standing, *pair).apart]
        if not apart:
            said.append(f"{counted(standing.problems, 'problem')} cannot tell these {_word(len(group))} apart.")
        shown = [f"{_name(row)}: {_split(_pair(standing, best, row), row is rest[0])}" for row in rest[:NAMED]]
        if len(rest) > NAMED:
            shown.append(f"the other {_word(len(rest) - NAMED)}")
        said.append(f"{_name(best)} is not shown to be better than {'; nor than '.join(shown)}.")
        for one, two in apart[:NAMED]:
            said.append(f"But {_name(one)} is better than {_name(two)}: {_split(_pair(standing, one, two))}.")
    return f"**{best.band}** · {' '.join(said)}"


def _quantizations(standing: Standing) -> list[str]:
    """What is known of quantizations of one model, where the bands' own sentences do not say it already."""
    found, said = [], _compared(standing)
    for name in dict.fromkeys(map(_family, standing.ranked)):
        rows = [row for row in standing.ranked if _family(row) == name]
        told = [
            _versus(standing, first, second, name)
            for first, second in combinations(rows, 2)
            if (first.entry.id, second.entry.id) not in said
        ]
        if told:
            found.append(f"**{markdown(name)}** · {'; '.join(told[:NAMED])}.")
    return found


def _compared(standing: Standing) -> set[tuple[str, str]]:
    """The pairs that the bands' sentences compare: a band's best with the next ones, and with the best above."""
    bands = [[row.entry.id for row in group] for _, group in groupby(standing.ranked, key=lambda row: row.band)]
    inside = {(band[0], other) for band in bands for other in band[1 : NAMED + 1]}
    return inside | {(above[0], band[0]) for above, band in pairwise(bands)}


def _versus(standing: Standing, better: Row, worse: Row, of: str) -> str:
    pair = _pair(standing, better, worse)
    shown = "is better" if pair.apart else "is not shown to be better"
    first, second = (markdown(row.entry.title.removeprefix(of).strip() or row.entry.title) for row in (better, worse))
    return f"{first} {shown} than {second}: {_split(pair)}"


def _family(row: Row) -> str:
    return family(row.entry.title)


def _pair(standing: Standing, first: Row, second: Row) -> Pair:
    wanted = (first.entry.id, second.entry.id)
    return next(pair for pair in standing.pairs if (pair.first, pair.second) == wanted)


def _split(pair: Pair, whole: bool = True) -> str:  # noqa: FBT001, FBT002 - whether as a whole clause
    ahead, behind = len(pair.ahead), len(pair.behind)
    if not ahead + behind:
        return f"they pass the same problems{' equally often' if pair.several else ''}"
    said = f"{counted(ahead + behind, 'problem')}, {ahead} to {behind} ({p_value(pair.corrected)})"
    return f"they disagree on {said}" if whole else said


def _word(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _name(row: Row) -> str:
    return markdown(row.entry.title)


def method(standing: Standing) -> str:
    """How to read the bands and the p values."""
    several = any(row.score.several for row in standing.ranked)
    test = (
        "the exact sign-flip test on pass rates (exact McNemar where there is one sample)"
        if several
        else "exact McNemar"
    )
    return (
        "A rank band begins with the best model left and ends before the first one that is told apart from it: by "
        f"{test} on the problems on which two models disagree, p < 0.05 after Holm's correction for "
        f"{counted(len(standing.pairs), 'pair')}. Not told apart does not mean equally good: it takes a split of at "
        "least 6 to 0 to show anything, and a wider one where many pairs are compared."
    )


def agreed(standing: Standing) -> str:
    """How many problems all models pass, and which all of them fail; what passing means, where that needs saying."""
    passed = sum(not split.failed for split in standing.splits)
    failed = [markdown(split.task_id) for split in standing.splits if not split.passed]
    shown = listed(failed, PROBLEMS)
    everyone = f"All models pass {counted(passed, 'other problem')}" if passed else "No problem is passed by all models"
    none = f"none passes {shown}" if failed else "each problem is passed by one or more"
    several = any(row.score.several for row in standing.rows)
    half = " A model passes a problem here if at least half of its samples do." if several else ""
    return f"{everyone}; {none}.{half}"


def warnings(standing: Standing) -> list[str]:
    """What makes figures of the table less than they seem."""
    rows = standing.rows
    truncated = [row for row in rows if row.score.lost.get("truncated")]
    cut = [_cut(row) for row in truncated if row.server.get("kind") != COMMAND]
    endless = [_cut(row) for row in truncated if row.server.get("kind") == COMMAND]
    short = [_short(row) for row in rows if row.score.attempted < row.score.problems]
    old = [_name(row) for row in rows if row.entry.state in ("failed", "skipped", "outdated")]
    gone = [_name(row) for row in rows if row.entry.state == "gone"]
    known = {"", *models()}
    named = [row for row in rows if row.entry.reference not in known]
    alone = [f"{_name(row)} ({markdown(row.entry.reference)})" for row in named]
    hashes = {str(row.entry.bench.get("dataset_hash", "")) for row in rows} - {""}
    again = "A larger max_tokens asks for those answers again."
    found = (
        (cut, f"Cut off at max_tokens, so that what would have followed is not known: {{}}. {again}"),
        (endless, "Cut off since the program's answer did not end: {}."),
        (short, "Without a rank, since not every problem was attempted (the others count as failed): {}."),
        (old, "Older results, for the reason that stands below: {}."),
        (gone, "Without a rank, since profiles.toml no longer declares it: {}."),
        (alone, "Beside no published score, since bench/reference-scores.json has none of that name: {}."),
        (sorted(hashes)[1:], "Not all models were graded on the same version of the dataset; grade them again."),
    )
    return [text.format(listed(shown)) for shown, text in found if shown]


def _cut(row: Row) -> str:
    limit = row.settings.get("max_tokens")
    at = f" at {limit} tokens" if isinstance(limit, int) else ""
    return f"{_name(row)} ({row.score.lost['truncated']} of {row.score.samples}{at})"


def _short(row: Row) -> str:
    return f"{_name(row)} ({row.score.attempted} of {row.score.problems})"


def listed(shown: list[str], most: int = 12) -> str:
    """Some Markdown texts with commas, cut after `most` where that leaves out more than one."""
    return ", ".join(shown) if len(shown) <= most + 1 else f"{', '.join(shown[:most])} and {len(shown) - most} more"


def names(standing: Standing, ids: Iterable[str]) -> str:
    """The titles of some rows, cut where there are many."""
    return listed([_name(standing.row(name)) for name in ids], LISTED)
