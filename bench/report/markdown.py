"""REPORT.md: the answer, the leaderboards and the tables behind them, readable both rendered and as text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench import datasets
from bench.console import counted, duration, size
from bench.report import details, escape, findings, references
from bench.report.answer import Answer
from bench.report.budget import Budget
from bench.report.columns import NONE, TITLE, Column, visible_columns
from bench.report.duels import Duel
from bench.report.format import known, p_value, percent, rate, short_seconds, signed_interval, whole, with_interval
from bench.report.history import Change
from bench.report.ladder import Family
from bench.report.leaderboard import Leaderboard, Pair
from bench.report.outcomes import BY_KEY
from bench.report.results import Result

TEMPLATES = Path(__file__).parent / "templates"
PAGE = "report.html.j2"
TABLE_ROWS = 20
"""Lines of a table of pairs or of problems; report.json has all."""


@dataclass(frozen=True)
class Table:
    """Titles of columns, whether each is numeric, and rows of plain cells; a row of one cell is a heading.

    The cell at `strong` is emphasized in each row. On the page, the name of a row leads to its result's page, and a bar
    of that share stands beside the second cell; both are by the row's number.
    """

    titles: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    strong: int = -1
    left_out: int = 0
    results: Sequence[Result | None] = ()
    bars: Mapping[int, float] = field(default_factory=dict)

    def markdown(self) -> str:
        """The table in Markdown."""
        lines = [
            [escape.cell(title) for title in self.titles],
            ["---:" if numeric else "---" for numeric in self.numeric],
            *(
                [self._cell(at, text) for at, text in enumerate(row)]
                if len(row) > 1
                else [f"**{escape.cell(row[0])}**", *[""] * (len(self.titles) - 1)]
                for row in self.rows
            ),
        ]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    def _cell(self, at: int, text: str) -> str:
        if at != self.strong:
            return escape.cell(text)
        first, space, rest = text.partition(" ")
        return f"**{escape.cell(first)}**{space}{escape.cell(rest)}"


@dataclass(frozen=True)
class Report:
    """The contents of the reports: leaderboards, all results, and the conclusions from them."""

    leaderboards: Sequence[Leaderboard]
    results: Sequence[Result]
    pooled: Leaderboard | None = None
    answer: Answer | None = None
    families: Sequence[Family] = ()
    duels: Sequence[Duel] = ()
    budgets: Mapping[str, Sequence[Budget]] = field(default_factory=dict)
    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    selftests: Mapping[str, Any] = field(default_factory=dict)
    lesson: str = ""

    @property
    def displayed(self) -> list[Leaderboard]:
        """The leaderboards that have rows, all datasets together first."""
        together = [self.pooled] if self.pooled else []
        return together + [leaderboard for leaderboard in self.leaderboards if leaderboard.rows]

    @property
    def title(self) -> str:
        """The question; models that did not run here are not "on this machine"."""
        local = any(result.run for result in self.results) or not self.displayed
        return f"Which model is best at code{' on this machine' if local else ''}?"

    @property
    def head(self) -> str:
        """The machine, the builds and the last day of grading."""
        days = sorted(result.date[:10] for result in self.results if result.date)
        parts = [details.machine(self.results), details.builds(self.results), days[-1] if days else ""]
        return " · ".join(filter(None, parts))


def render(report: Report) -> str:
    """REPORT.md; the same input gives the same text."""
    retried = sum(row.metrics.retried for leaderboard in report.leaderboards for row in leaderboard.rows)
    return _tidied(template("REPORT.md.j2").render(report=report, proofs=_proofs(report.selftests), retried=retried))


@lru_cache(maxsize=2)
def template(name: str) -> Any:
    """A template of a report, compiled; only that of the page escapes by itself, Markdown has a filter for it."""
    import jinja2  # noqa: PLC0415 - only reports need it

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=name == PAGE,  # noqa: S701 - Markdown is escaped by its own filter, and in Table
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"md": escape.markdown, "counted": counted, "tag": escape.tag}
    environment.globals |= {"details": details, "findings": findings, "references": references, "tables": TABLES}
    return environment.get_template(name)


def _headline(leaderboard: Leaderboard) -> Table:
    return _columns(leaderboard, visible_columns(leaderboard, "headline"))


def _cost(leaderboard: Leaderboard) -> Table | None:
    costs = visible_columns(leaderboard, "cost")
    return _columns(leaderboard, [TITLE, *costs]) if costs else None


def _columns(leaderboard: Leaderboard, chosen: Sequence[Column]) -> Table:
    strong = next((at for at, column in enumerate(chosen) if column.key == leaderboard.suites[-1]), -1)
    rows = [[column.show(row) for column in chosen] for row in leaderboard.rows]
    return Table([column.title for column in chosen], [column.numeric for column in chosen], rows, strong)


def _outcomes(leaderboard: Leaderboard) -> Table:
    """Counts of samples by outcome; outcomes that no model has are left out."""
    keys = [key for key in BY_KEY if any(row.metrics.outcomes.get(key) for row in leaderboard.rows)]
    rows = [
        [row.title, *(known(whole, row.metrics.outcomes.get(key), NONE) for key in keys)] for row in leaderboard.rows
    ]
    return Table(["Model", *(BY_KEY[key].label for key in keys)], [False, *(True for _ in keys)], rows)


def _sampled(leaderboard: Leaderboard) -> Table | None:
    """pass@1 and pass@k of the models that were asked several times; None where there is none."""
    rows = []
    for row in (row for row in leaderboard.rows if row.metrics.several):
        figures = row.metrics
        of = "" if figures.k_problems == figures.problems else f" (over {counted(figures.k_problems, 'problem')})"
        cells = [with_interval(one) for suite in figures.suites for one in (figures.suites[suite], figures.at_k[suite])]
        rows.append([row.title, f"{figures.k}{of}", str(row.result.settings.get("temperature", NONE)), *cells])
    titles = [title for suite in leaderboard.suites for title in (f"{leaderboard.suite_title(suite)} pass@1", "pass@k")]
    return Table(["Model", "k", "temperature", *titles], [False, *[True] * (2 + len(titles))], rows) if rows else None


def _pairs(leaderboard: Leaderboard) -> Table:
    """Every pair, or where there are too many those with the best model and those of neighbours."""
    places = {row.result.id: place for place, row in enumerate(leaderboard.ranked)}
    chosen = list(leaderboard.pairs)
    if len(chosen) > TABLE_ROWS:
        chosen = [pair for pair in chosen if places[pair.first] == 0 or places[pair.second] - places[pair.first] == 1]
    titles = ["Model", "against", "only the first passes", "only the second", "exact p", "corrected p"]
    rows = [_pair(leaderboard, pair) for pair in chosen]
    return Table(titles, [False, False, True, True, True, True], rows, left_out=len(leaderboard.pairs) - len(chosen))


def _pair(leaderboard: Leaderboard, pair: Pair) -> list[str]:
    p, corrected = (p_value(one).removeprefix("p ").removeprefix("= ") for one in (pair.p, pair.corrected))
    titles = [leaderboard.row(name).title for name in (pair.first, pair.second)]
    return [*titles, str(len(pair.first_wins)), str(len(pair.second_wins)), p, corrected]


def _discriminating(leaderboard: Leaderboard) -> Table:
    """The problems that some models pass and others fail, those that most evenly divide them first."""
    dividing = [name for name in leaderboard.discrimination if name.passed and name.failed]
    order = sorted(dividing, key=lambda problem: -min(len(problem.passed), len(problem.failed)))
    rows = []
    for problem in order[:TABLE_ROWS]:
        passed, total = len(problem.passed), len(problem.passed) + len(problem.failed)
        few = ("all but", problem.failed) if 2 * passed > total else ("only", problem.passed)
        name = f"{problem.task_id} {leaderboard.functions.get(problem.task_id, '')}".strip()
        rows.append([name, f"{passed} of {total}", f"{few[0]} {findings.names(leaderboard, few[1])}"])
    titles = ["Problem", "passed by", "models"]
    return Table(titles, [False, True, False], rows, left_out=max(0, len(order) - TABLE_ROWS))


def _published(leaderboard: Leaderboard) -> Table | None:
    """Ours among the published scores; None where nothing is published."""
    models = references.among([(row.title, row.metrics) for row in leaderboard.rows], leaderboard.dataset)
    if not models:
        return None
    sources = references.sources(references.references(leaderboard.dataset))
    rows = []
    for model in models:
        if model.source:
            source = f"({1 + sources.index(model.source)}){', not comparable' if model.against else ''}"
        else:
            source = ", ".join(filter(None, ["ours", model.against]))
        scores = [f"{model.scores[suite]:.1f}" if suite in model.scores else NONE for suite in leaderboard.suites]
        rows.append([model.title, *scores, source])
    titles = ["Model", *map(leaderboard.suite_title, leaderboard.suites), "source"]
    return Table(titles, [False, *(True for _ in leaderboard.suites), False], rows)


def _budget(budgets: Sequence[Budget]) -> Table | None:
    """The score at each max_tokens; None where no model's tokens are known."""
    limits = sorted({point.limit for budget in budgets for point in budget.points})
    if not budgets:
        return None
    rows = []
    for budget in budgets:
        scores = {point.limit: f"{point.score:.1f}" for point in budget.points}
        cells = [scores.get(limit, NONE) for limit in limits]
        rows.append([budget.row.title, *cells, f"{budget.of_ended:.1f}", duration(60 * budget.points[-1].minutes)])
    titles = ["Model", *(f"{limit:,}" for limit in limits), "of those that ended", "time"]
    return Table(titles, [False, *[True] * (len(limits) + 2)], rows)


def _ladder(families: Sequence[Family]) -> Table:
    """Costs of each smaller quantization, against the largest of its family."""
    rows: list[list[str]] = []
    results: list[Result | None] = []
    bars: dict[int, float] = {}
    for family in families:
        rows.append([family.name])
        results.append(None)
        for rung in family.rungs:
            if rung.bytes:
                bars[len(rows)] = rung.bytes / max(other.bytes or 0 for other in family.rungs)
            results.append(rung.rows[0].result)
            rows.append([
                rung.name,
                known(size, rung.bytes, NONE),
                percent(rung.score),
                known(rate, rung.rows[0].metrics.cost.speed, NONE),
                known(short_seconds, rung.per_solved(lambda cost: cost.seconds), NONE),
                known(whole, rung.per_solved(lambda cost: cost.tokens), NONE),
                f"{rung.won}, {rung.lost} of {rung.problems:,}" if rung.difference else NONE,
                signed_interval(rung.difference) if rung.difference else NONE,
                rung.verdict,
            ])  # fmt: skip
    titles = ["quantization", "size", "score", "tok/s", "per solved", "tokens per solved", "won, lost",
              "difference in points (95 %)", "verdict"]  # fmt: skip
    numeric = [False, False, *[True] * 6, False]
    return Table(titles, numeric, rows, strong=2, results=results, bars=bars)


def _duels(duels: Sequence[Duel]) -> Table | None:
    """The verdict of each duel; None where there is none."""
    rows = [[duel.title, duel.opponent, f"{duel.attempted:,} of {duel.problems:,}", duel.verdict] for duel in duels]
    titles = ["Model", "against", "asked", "verdict"]
    results = [duel.results[0] for duel in duels]
    return Table(titles, [False, False, True, False], rows, results=results) if rows else None


def _unfinished(results: Iterable[Result]) -> Table | None:
    """The profiles without a result, or without a newer one, with reason and remedy; None where there is none."""
    rows = [
        [result.title, f"{result.id}, {result.dataset}", result.state_name, result.reason, result.remedy or NONE]
        for result in results
        if result.state not in ("done", "duel")
    ]
    return Table(["Model", "profile", "state", "reason", "remedy"], [False] * 5, rows) if rows else None


def _source(origin: references.Source) -> str:
    """A source with its date, and whether ours may stand beside its scores; Markdown."""
    name = f"[{escape.markdown(origin.name)}]({origin.url})" if origin.url else escape.markdown(origin.name)
    comparable = "comparable, the same tests and prompt"
    why = comparable if origin.comparable else f"not comparable: {escape.markdown(origin.why)}"
    return f"{name}, {origin.date or 'date not known'}: {why}."


TABLES = {
    "headline": _headline, "cost": _cost, "outcomes": _outcomes, "sampled": _sampled, "pairs": _pairs,
    "discriminating": _discriminating, "published": _published, "budget": _budget, "source": _source,
    "ladder": _ladder, "duels": _duels, "unfinished": _unfinished,
}  # fmt: skip


def _proofs(selftests: Mapping[str, Any]) -> list[str]:
    """A sentence for each self-test that is on record."""
    sentences = []
    for test in selftests.values():
        if not isinstance(test, dict) or not {"dataset", "problems", "plus", "date"} <= test.keys():
            continue
        declared = datasets.known().get(str(test["dataset"]))
        title = f"{declared.title}{'+' if 'plus' in declared.suites else ''}" if declared else str(test["dataset"])
        box = f" in the sandbox {test['sandbox']}" if test.get("sandbox") else ""
        sentences.append(
            f"{title}: {test['plus']} of {test['problems']} reference solutions passed{box} on {test['date']}."
        )
    return sentences


def _tidied(text: str) -> str:
    """No space at the ends of lines, never two empty lines in a row."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip("\n") + "\n"
