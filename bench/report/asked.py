"""How the models of a standing were asked, and where that is not as published scores were made."""

from bench.console import counted
from bench.profiles import Sampling
from bench.report.escape import markdown
from bench.report.runs import COMMAND
from bench.report.scores import by_problem
from bench.report.standings import Row, Standing
from bench.report.words import listed
from bench.text import plain
from bench.untrusted import table, word

GREEDY = "one greedy answer a problem (temperature 0)"
OWN = "by a program that decides itself how it answers"
UNKNOWN = "not known how"


def asked(standing: Standing) -> str:
    """How the rows were asked, the same ones together, in a sentence; Markdown. "" where nothing is known of any."""
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


def caveat(row: Row) -> str:
    """What is to be said against comparing a row with its reference, as a phrase; "" where nothing is."""
    against = why(row)
    return f"not strictly comparable: {against}" if against else ""


def why(row: Row) -> str:
    """Why a row cannot be compared with its reference: how that was made, and how ours was; "" where it can."""
    if row.versus is None:
        return ""
    unlike = ", ".join(_unlike(row))
    return "; ".join(filter(None, [row.versus.reference.source.why, f"ours was made {unlike}" if unlike else ""]))


def _unlike(row: Row) -> list[str]:
    """What about asking a row was not EvalPlus's way, by which scores are published: its prompt, greedily."""
    settings, program = row.settings, row.server.get("kind") == COMMAND
    if not program and "temperature" not in settings:
        return ["in a way that is not known"]
    prompt = settings.get("system_prompt", Sampling.system_prompt)
    fields = [plain(name) for name in table(settings.get("request")) if name not in settings]
    found = (
        (program, OWN),
        (settings.get("temperature", 0) != 0, f"at temperature {plain(str(settings.get('temperature')))}"),
        (prompt != Sampling.system_prompt, "with a system prompt of its own" if prompt else "without a system prompt"),
        (bool(word(settings.get("reasoning"))), f"with reasoning {word(settings.get('reasoning'))}"),
        (fields, f"with {', '.join(fields)} in its request"),
    )
    return [text for holds, text in found if holds]


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
