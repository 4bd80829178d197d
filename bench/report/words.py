"""What the data shows and what it does not, in sentences; Markdown."""

from itertools import groupby

from bench.report.escape import markdown
from bench.report.numbers import counted, interval, p_value, percent
from bench.report.pairs import Pair
from bench.report.standings import Row, Standing

NAMED = 4
"""Models of a band that its sentence compares with the band's best; all pairs stand below."""
LISTED = 6
"""Names that a line lists."""


def findings(standing: Standing) -> list[str]:
    """A paragraph for each rank band, best first."""
    ranked = standing.ranked
    if len(ranked) == 1:
        return [_alone(ranked[0])]
    groups = [list(group) for _, group in groupby(ranked, key=lambda row: row.band)]
    return [_band(standing, group, groups[i - 1][0] if i else None) for i, group in enumerate(groups)]


def _alone(row: Row) -> str:
    score = row.score
    return (
        f"{_name(row)} stands alone. With {counted(score.problems, 'problem')}, its {percent(score.plus.value)} % may "
        f"well come from a model of anything between {interval(score.plus)} %."
    )


def _band(standing: Standing, group: list[Row], above: Row | None) -> str:
    """`above` is the best of the band before."""
    best, rest = group[0], group[1:]
    said = []
    if above:
        pair = _pair(standing, above, best)
        said.append(f"{_name(best)} is behind {_name(above)}: {_split(pair)}.")
    elif not rest:
        said.append(f"{_name(best)} is ahead of all others.")
    if rest:
        said.append(f"{counted(standing.problems, 'problem')} cannot tell these {_word(len(group))} apart.")
        said += [
            f"{_name(best)} is not shown to be better than {_name(row)}: {_split(_pair(standing, best, row))}."
            for row in rest[:NAMED]
        ]
    if len(rest) > NAMED:
        said.append(f"Nor than the other {len(rest) - NAMED} of this band.")
    return f"**{best.band}** · " + " ".join(said)


def _pair(standing: Standing, first: Row, second: Row) -> Pair:
    wanted = (first.entry.id, second.entry.id)
    return next(pair for pair in standing.pairs if (pair.first, pair.second) == wanted)


def _split(pair: Pair) -> str:
    ahead, behind = len(pair.ahead), len(pair.behind)
    if not ahead + behind:
        return "they pass the same problems"
    return f"they disagree on {counted(ahead + behind, 'problem')}, {ahead} to {behind} ({p_value(pair.corrected)})"


def _word(count: int) -> str:
    words = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[count] if count < len(words) else str(count)


def _name(row: Row) -> str:
    return markdown(row.entry.title)


def method(standing: Standing) -> str:
    """How to read the bands and the p values."""
    several = any(row.score.k > 1 for row in standing.ranked)
    test = (
        "the exact sign-flip test on pass rates (exact McNemar where there is one sample)"
        if several
        else "exact McNemar"
    )
    return (
        "A rank band begins with the best model left and ends before the first one that is told apart from it: by "
        f"{test} on the problems on which two models disagree, p < 0.05 after Holm's correction for "
        f"{counted(len(standing.pairs), 'pair')}. Not told apart is not the same as equally good: at best, "
        "a split of 6 to 0 is the smallest that shows anything, and the correction asks for more."
    )


def greedy(standing: Standing) -> bool:
    """Whether every model whose settings are known gave one greedy answer a problem."""
    known = [settings(row) for row in standing.rows if settings(row)]
    return bool(known) and all(one.get("temperature") == 0 for one in known)


def warnings(standing: Standing) -> list[str]:
    """What makes figures of the table less than they seem."""
    found = []
    for row in standing.rows:
        found += [f"{_name(row)}: {text}" for text in _warnings(row)]
    hashes = {str(row.entry.bench.get("dataset_hash", "")) for row in standing.rows} - {""}
    if len(hashes) > 1:
        found.append("Not all models were graded on the same version of the dataset; grade them again to compare them.")
    return found


def _warnings(row: Row) -> list[str]:
    entry, score, found = row.entry, row.score, []
    if score.lost.get("truncated"):
        limit = settings(row).get("max_tokens")
        at = f" of {limit} tokens" if isinstance(limit, int) else ""
        found.append(
            f"{score.lost['truncated']} of {counted(score.samples, 'answer')} ended at max_tokens{at}; what would have "
            "followed is not known, and a larger max_tokens asks for those again."
        )
    if score.attempted < score.problems:
        found.append(
            f"{score.problems - score.attempted} of {counted(score.problems, 'problem')} were not attempted and count "
            "as failed; it has no rank."
        )
    if entry.state in ("failed", "skipped"):
        found.append(
            f"this is the result of {markdown(entry.date) or 'an earlier day'}; see below why there is no newer one."
        )
    if entry.state == "gone":
        found.append("profiles.toml no longer declares it; it has no rank.")
    return found


def settings(row: Row) -> dict[str, object]:
    """What was asked of the model, as run.json says; {} for imports."""
    found = row.entry.run.get("settings")
    return found if isinstance(found, dict) else {}


def names(standing: Standing, ids: tuple[str, ...]) -> str:
    """The titles of some rows, cut where there are many."""
    shown = ", ".join(_name(standing.row(name)) for name in ids[:LISTED])
    return shown + (f" and {len(ids) - LISTED} more" if len(ids) > LISTED else "")
