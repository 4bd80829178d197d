"""The quantization ladder: costs and savings of each smaller file of a model, against the largest of its family."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.console import size
from bench.report.format import p_value, ratio, signed
from bench.report.leaderboard import ALPHA, Leaderboard, Row, compare, difference
from bench.report.metrics import Cost
from bench.report.results import Result, pool
from bench.stats import Estimate, holm, problems_needed
from bench.untrusted import word

QUANTIZATION = re.compile(
    r"[\s(\[-]*\b(?:UD-)?(?:I?Q\d\w*|TQ\d\w*|B?F16|F32|FP16|FP8|MXFP4\w*|INT[48]|GPTQ|AWQ)\b[)\]]*", re.IGNORECASE
)
BITS = re.compile(r"\d+")
ASKED = ("temperature", "samples", "max_tokens", "system_prompt", "reasoning", "request", "args")
"""Settings by which two runs of one file are asked in different ways."""
NOTABLE = 1.05
"""A smaller ratio of speeds is not worth a word."""
MARGIN = 0.03
"""The loss that is small enough for a smaller file, as a fraction, where profiles.toml sets no other."""


@dataclass(frozen=True)
class Rung:
    """One quantization against the largest member of its family, over all datasets that both were graded on.

    `rows` are its rows, one a dataset. `difference` is how much more it passes than the largest, with its paired 95 %
    interval; `p` is the exact paired test over all problems, `corrected` Holm's within the family; all are None for the
    largest itself. `same_file` marks a second run of the largest's own file, whose difference is the noise floor.
    """

    title: str
    quantization: str
    rows: tuple[Row, ...]
    problems: int
    won: int = 0
    lost: int = 0
    difference: Estimate | None = None
    p: float | None = None
    corrected: float | None = None
    same_file: bool = False
    speed_ratio: float | None = None
    saved_bytes: int | None = None
    margin: float = MARGIN

    @property
    def name(self) -> str:
        """Its quantization; a second run of one file bears its title."""
        return self.title if self.same_file else self.quantization or self.title

    @property
    def bytes(self) -> int | None:
        """The size of its file."""
        return next((row.metrics.cost.bytes for row in self.rows if row.metrics.cost.bytes), None)

    @property
    def score(self) -> float:
        """The fraction of all problems that it passes."""
        return sum(row.metrics.score.value * row.metrics.problems for row in self.rows) / _problems(self.rows)

    def per_solved(self, amount: Callable[[Cost], float | None]) -> float | None:
        """An amount of its cost by the problems solved; None where it is not known of each dataset."""
        solved = [row.metrics.solved for row in self.rows]
        each = [row.metrics.per_solved(amount(row.metrics.cost)) for row in self.rows]
        known = [one * n for one, n in zip(each, solved, strict=True) if one is not None]
        return sum(known) / sum(solved) if len(known) == len(solved) else None

    @property
    def significant(self) -> bool:
        """Whether the corrected test shows a difference from the largest."""
        return self.corrected is not None and self.corrected < ALPHA

    @property
    def verdict(self) -> str:
        """The result of the test, in a sentence without its subject."""
        if self.difference is None or self.corrected is None:
            return "the largest: what the others are compared with"
        low, high = 100 * self.difference.low, 100 * self.difference.high
        if self.same_file:
            return f"the same file again: the noise floor is {signed(low)} to {signed(high)} points"
        if self.significant:
            better = self.difference.value > 0
            by = f"{min(abs(low), abs(high)):.1f} to {max(abs(low), abs(high)):.1f} points"
            return ", ".join([f"{'better' if better else 'worse'} by {by} ({p_value(self.corrected)})", *self._savings])
        bound = f"at most {max(0.0, -low):.1f} points worse (95 %)"
        if self.to_settle:
            needed = round(self.to_settle, -2) or self.to_settle
            bound = f"undecided, about {needed:,} problems would settle it: {bound}"
        elif self.difference.low < -self.margin:
            bound = f"undecided: {bound}"
        return ", ".join([bound, *self._savings])

    @property
    def _savings(self) -> list[str]:
        faster, saved = self.speed_ratio, self.saved_bytes
        return [
            *([f"{ratio(faster)} faster"] if faster and faster >= NOTABLE else []),
            *([f"{ratio(1 / faster)} slower"] if faster and faster <= 1 / NOTABLE else []),
            *([f"{size(saved)} smaller"] if saved and saved > 0 else []),
        ]

    @property
    def to_settle(self) -> int | None:
        """About how many problems would show it to lose less than the margin; None where one of both is shown."""
        if self.difference is None or self.significant or self.difference.low >= -self.margin or self.same_file:
            return None
        discordant = max((self.won + self.lost) / self.problems, self.margin)
        return problems_needed(self.margin, discordant) if self.margin else None


@dataclass(frozen=True)
class Family:
    """The quantizations of one model, the largest first; there are two or more."""

    name: str
    rungs: tuple[Rung, ...]

    @property
    def datasets(self) -> list[str]:
        """The datasets that the comparisons are on."""
        return list(dict.fromkeys(row.result.dataset for rung in self.rungs[1:] for row in rung.rows))


def family_of(result: Result) -> str:
    """The model that a result is a quantization of: by profiles.toml, by its file's metadata, or by its title."""
    model = result.model
    if result.family:
        return result.family
    if word(model.get("basename")):
        return " ".join(filter(None, (word(model.get(name)) for name in ("basename", "finetune", "size_label"))))
    return without_quantization(result.title)


def without_quantization(title: str) -> str:
    """A title without the name of a quantization."""
    return " ".join(QUANTIZATION.sub(" ", title).split()) or title


def quantization_of(result: Result) -> str:
    """The quantization as the title has it, which tells apart what the file's own word does not; else the file's."""
    rest = " ".join(result.title.replace(without_quantization(result.title), "").split())
    return rest or word(result.model.get("quantization")) or word(result.server.get("quantization"))


def ladder(leaderboards: Sequence[Leaderboard], margin: float = MARGIN) -> list[Family]:
    """The families with two or more ranked members, in the order of the first leaderboard that has each."""
    members: dict[str, dict[str, list[Row]]] = {}
    files: dict[str, str] = {}
    for leaderboard in leaderboards:
        for row in leaderboard.ranked:
            name = family_of(row.result)
            # Two runs of one file are of one family, whatever their titles.
            if row.result.fingerprint and not row.result.family:
                name = files.setdefault(row.result.fingerprint, name)
            members.setdefault(name, {}).setdefault(row.result.id, []).append(row)
    families = [_family(name, list(rows.values()), margin) for name, rows in members.items() if len(rows) > 1]
    return [family for family in families if len(family.rungs) > 1]


def _family(name: str, members: list[list[Row]], margin: float) -> Family:
    largest, *others = sorted(members, key=_size, reverse=True)
    others = [rows for rows in others if not _differs_in_settings(largest[0].result, rows[0].result)]
    rungs = [rung for rows in others if (rung := _rung(largest, rows, margin)).problems]
    tested = [rung for rung in rungs if not rung.same_file]
    corrected = dict(zip((rung.title for rung in tested), holm([rung.p or 0.0 for rung in tested]), strict=True))
    compared = {row.result.dataset for rung in rungs for row in rung.rows}
    largest = [row for row in largest if row.result.dataset in compared] or largest
    first = Rung(largest[0].title, quantization_of(largest[0].result), tuple(largest), _problems(largest))
    return Family(name, (first, *(replace(rung, corrected=corrected.get(rung.title, rung.p)) for rung in rungs)))


def _rung(largest: list[Row], rows: list[Row], margin: float) -> Rung:
    """A member against the largest, on the datasets that both have."""
    by_dataset = {row.result.dataset: row for row in largest}
    both = [(by_dataset[row.result.dataset], row) for row in rows if row.result.dataset in by_dataset]
    title, quantization = rows[0].title, quantization_of(rows[0].result)
    if not both:
        return Rung(title, quantization, tuple(rows), 0)
    first, second = ([pair[side] for pair in both] for side in (0, 1))
    pair = compare(pool([row.result for row in first]), pool([row.result for row in second]))
    ours, theirs = (sum(row.metrics.cost.bytes or 0 for row in side[:1]) for side in (second, first))
    return Rung(
        title,
        quantization,
        tuple(second),
        pair.common,
        won=len(pair.second_wins),
        lost=len(pair.first_wins),
        difference=difference([(first_row.result, row.result) for first_row, row in both]),
        p=pair.p,
        same_file=_is_same_file(first[0].result, second[0].result),
        speed_ratio=_ratio(second[0].metrics.cost.speed, first[0].metrics.cost.speed),
        saved_bytes=theirs - ours if ours and theirs else None,
        margin=margin,
    )


def _is_same_file(one: Result, other: Result) -> bool:
    return one.fingerprint == other.fingerprint != ""


def _differs_in_settings(one: Result, other: Result) -> bool:
    """Whether two results are of one file that was asked in two ways, which says nothing about a quantization."""
    return _is_same_file(one, other) and any(one.settings.get(name) != other.settings.get(name) for name in ASKED)


def _size(rows: list[Row]) -> tuple[float, int, bool, int, str]:
    bits = BITS.search(quantization_of(rows[0].result))
    size = max(row.metrics.cost.bytes or 0 for row in rows)
    # Of two runs of one file, the others are compared with the greedy one, and then with the one on more datasets.
    greedy = rows[0].result.settings.get("temperature") == 0
    return size, int(bits.group()) if bits else 0, greedy, len(rows), rows[0].title


def _problems(rows: Sequence[Row]) -> int:
    return sum(row.metrics.problems for row in rows)


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None
