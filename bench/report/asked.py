"""How the models of a standing were asked: in groups that are alike in it, as sentences; Markdown."""

from bench.report.escape import markdown
from bench.report.numbers import counted
from bench.report.runs import COMMAND
from bench.report.scores import by_problem
from bench.report.standings import Row, Standing
from bench.report.words import listed

GREEDY = "one greedy answer a problem (temperature 0)"
OWN = "by a program that decides itself how it answers"
UNKNOWN = "not known how"


def asked(standing: Standing) -> str:
    """How the rows were asked, the same ones together; empty where nothing is known of any."""
    groups: dict[str, list[str]] = {}
    for row in standing.rows:
        groups.setdefault(_how(row), []).append(markdown(row.entry.title))
    if not groups.keys() - {UNKNOWN}:
        return ""
    if len(groups) == 1:
        return f"Answers: {next(iter(groups))}."
    # Those that are alike in more models come first.
    order = sorted(groups.items(), key=lambda group: (group[0] == UNKNOWN, -len(group[1])))
    return f"Answers: {'; '.join(f'{how}: {listed(names)}' for how, names in order)}."


def _how(row: Row) -> str:
    if row.server.get("kind") == COMMAND:
        return OWN + (f", {_samples(row)}" if row.score.several else "")
    temperature = row.settings.get("temperature")
    if temperature is None:
        return UNKNOWN
    if temperature == 0 and not row.score.several:
        return GREEDY
    return f"{_samples(row)} at temperature {markdown(str(temperature))}"


def _samples(row: Row) -> str:
    counts = [len(group) for group in by_problem(row.entry).values()]
    least, most = min(counts), max(counts)
    return f"{counted(most, 'sample') if least == most else f'{least} to {most} samples'} a problem"
