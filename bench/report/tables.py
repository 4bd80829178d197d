"""The report's tables as cells of Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.console import counted, duration
from bench.report.asked import caveat
from bench.report.escape import markdown
from bench.report.numbers import DASH, interval, p_value, percent, rate, signed
from bench.report.pairs import Pair
from bench.report.published import among
from bench.report.records import Entry
from bench.report.references import Reference, Source, references, sources
from bench.report.standings import Row, Split, Standing
from bench.report.words import names

NONE = DASH
LOST = {"timeout": "timed out", "error": "refused"}
"""Words for why a sample was lost, where the reason is no word for people."""
STATES = {
    "done": "", "partial": "partial", "skipped": "older result", "failed": "older result", "outdated": "older result",
    "gone": "gone",
}  # fmt: skip
SUITES = {"base": "", "plus": "+"}
SHOWN = 60
"""Lines of a table of pairs or of problems; report.json has all."""

Cells = list[str]


@dataclass(frozen=True)
class Table:
    """Columns, how each is aligned (`l` or `r`), and rows of cells."""

    columns: Cells
    align: str
    rows: list[Cells]
    left_out: int = 0


def headline(standing: Standing) -> Table:
    """The first thing that is looked at: a row for each result, best first."""
    title = standing.title
    columns = ["#", "Model", title, f"{title}+ (95 %)", "vs reference", "tokens/s", "time", "lost"]
    marks = footnotes(standing)
    return Table(columns, "llrrrrrl", [_headline(row, marks) for row in standing.rows])


def _headline(row: Row, marks: dict[tuple[Reference, str], str]) -> Cells:
    score, versus = row.score, row.versus
    state = STATES.get(row.entry.state, "")
    speed = "" if score.speed is None else ("" if score.timed else "≈ ") + rate(score.speed)
    return [
        row.band or NONE,
        markdown(row.entry.title) + (f" *({state})*" if state else ""),
        percent(score.base.value),
        f"**{percent(score.plus.value)}** ({interval(score.plus)})",
        f"{signed(versus.difference)} <sup>{marks[versus.reference, caveat(row)]}</sup>" if versus else NONE,
        speed or NONE,
        duration(score.seconds) if score.seconds else NONE,
        ", ".join(f"{count} {LOST.get(why, markdown(why))}" for why, count in score.lost.items()) or NONE,
    ]


def footnotes(standing: Standing) -> dict[tuple[Reference, str], str]:
    """The letter of each reference that a row is compared with, and what is said against it, in the rows' order."""
    used = dict.fromkeys((row.versus.reference, caveat(row)) for row in standing.rows if row.versus)
    return {note: _letter(number) for number, note in enumerate(used)}


def _letter(number: int) -> str:
    return chr(ord("a") + number % 26) * (1 + number // 26)


def footnote(standing: Standing, reference: Reference, against: str) -> str:
    """What a letter of the table stands for; `against` is what is said against comparing."""
    suite = "base" if reference.plus is None else "plus"
    source = reference.source
    parts = [
        f"against {markdown(reference.model)}, {standing.title}{SUITES[suite]} {reference.score(suite):.1f}",
        f" ({', '.join(filter(None, [markdown(source.name), source.date]))})",
        f"; {markdown(against)}" if against else "",
    ]
    return "".join(parts) + "." + (f" {markdown(reference.note)}" if reference.note else "")


def failures(standing: Standing) -> Table:
    """How samples that are not passes failed."""
    columns = ["Model", "samples", "pass", "fail a plus test only", "fail a base test", "out of time in a test"]
    rows = []
    for row in standing.rows:
        score = row.score
        passed = score.samples - sum(score.failures.values())
        counts = [score.samples, passed, score.failures["plus"], score.failures["base"], score.failures["timeout"]]
        rows.append([markdown(row.entry.title), *(f"{count:,}" for count in counts)])
    return Table(columns, "lrrrrr", rows)


def sampled(standing: Standing) -> Table | None:
    """pass@1 and pass@k of the models that were asked several times; None where there is none."""
    rows = []
    for row in standing.rows:
        score = row.score
        if score.several:
            temperature = row.settings.get("temperature", NONE)
            both = [score.base, score.base_k, score.plus, score.plus_k]
            cells = [f"{percent(one.value)} ({interval(one)})" for one in both]
            of = "" if score.k_problems == score.problems else f" (over {counted(score.k_problems, 'problem')})"
            rows.append([markdown(row.entry.title), f"{score.k}{of}", markdown(str(temperature)), *cells])
    title = standing.title
    columns = ["Model", "k", "temperature", f"{title} pass@1", "pass@k", f"{title}+ pass@1", "pass@k"]
    return Table(columns, "lrrrrrr", rows) if rows else None


def pairs(standing: Standing) -> Table:
    """Every pair, or where there are too many those with the best model and those of neighbours."""
    columns = ["Model", "against", "only the first passes", "only the second", "p", "p (Holm)", "told apart"]
    places = {row.entry.id: place for place, row in enumerate(standing.ranked)}
    shown = list(standing.pairs)
    if len(shown) > SHOWN:
        shown = [pair for pair in shown if places[pair.first] == 0 or places[pair.second] - places[pair.first] == 1]
    rows = [_pair(standing, pair) for pair in shown]
    return Table(columns, "llrrrrl", rows, len(standing.pairs) - len(shown))


def _pair(standing: Standing, pair: Pair) -> Cells:
    return [
        markdown(standing.row(pair.first).entry.title),
        markdown(standing.row(pair.second).entry.title),
        str(len(pair.ahead)),
        str(len(pair.behind)),
        p_value(pair.p).removeprefix("p ").removeprefix("= "),
        p_value(pair.corrected).removeprefix("p ").removeprefix("= "),
        "yes" if pair.apart else "no",
    ]


def separating(standing: Standing) -> Table:
    """The problems that some models pass and others fail, those that most evenly divide them first."""
    splits = [split for split in standing.splits if split.passed and split.failed]
    order = sorted(splits, key=lambda split: -min(len(split.passed), len(split.failed)))
    rows = [_split(standing, split) for split in order[:SHOWN]]
    return Table(["Problem", "passed by", "which"], "lrl", rows, max(0, len(order) - SHOWN))


def _split(standing: Standing, split: Split) -> Cells:
    many = len(split.passed) > len(split.failed)
    which = f"all but {names(standing, split.failed)}" if many else f"only {names(standing, split.passed)}"
    problem = f"{split.task_id} {standing.functions.get(split.task_id, '')}"
    total = len(split.passed) + len(split.failed)
    return [markdown(problem), f"{len(split.passed)} of {total}", which]


def ranking(standing: Standing, suite: str) -> Table | None:
    """Ours, in bold, among the published scores; None where nothing is published."""
    ours = [(row.entry.title, row.score) for row in standing.rows]
    known = [(round(score, 1), one) for one in among(ours, standing.dataset) if (score := one.score(suite)) is not None]
    if not any(one.source for _, one in known):
        return None
    known.sort(key=lambda scored: (-scored[0], scored[1].source is not None, scored[1].title))
    numbers = {source: number for number, source in enumerate(sources(references(standing.dataset)), 1)}
    values = [value for value, _ in known]
    rows = []
    for value, one in known:
        name, shown, place = markdown(one.title), f"{value:.1f}", str(values.index(value) + 1)
        if one.source:
            rows.append([place, name, shown, f"[{numbers[one.source]}]{', not comparable' if one.against else ''}"])
        else:
            where = ", ".join(filter(None, [one.where, one.against]))
            rows.append([place, f"**{name}**", f"**{shown}**", where])
    return Table(["#", "Model", f"{standing.title}{SUITES[suite]}", "Source"], "rlrl", rows)


def source(found: Source) -> str:
    """A source with its date, and whether ours may stand beside its scores."""
    name = f"[{markdown(found.name)}]({found.url})" if found.url else markdown(found.name)
    why = "comparable, the same tests and prompt" if found.comparable else f"not comparable, {markdown(found.why)}"
    return f"{name}, {found.date or 'date not known'}: {why}."


def unfinished(entries: Sequence[Entry]) -> Table | None:
    """The profiles without a result, or without a newer one, with reason and remedy; None where there is none."""
    rows = [
        [
            markdown(entry.title),
            f"{markdown(entry.id)}, {markdown(entry.dataset)}",
            entry.state_name,
            markdown(entry.reason),
            markdown(entry.remedy) or NONE,
        ]
        for entry in entries
        if entry.state != "done"
    ]
    return Table(["Model", "Profile", "State", "Why", "What to do"], "lllll", rows) if rows else None
