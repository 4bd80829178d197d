"""The origin of a row, as plain facts: model, server, settings, grading, and whether it is comparable."""

import json
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

from bench.console import counted, duration, listed, size
from bench.machine import label
from bench.profiles import Sampling
from bench.report.format import short_count
from bench.report.leaderboard import Leaderboard, Row
from bench.report.results import Result
from bench.text import plain
from bench.untrusted import items, positive, table, word

Fact = tuple[str, str]
Part = tuple[str, str | Callable[[float], str]] | Callable[[Result], str]
"""A part of a fact: places in a result with a form for their text or positive number, or a function of the result."""
GREEDY = "one greedy answer a problem (temperature 0)"
BY_PROGRAM = "by a program with its own settings"
UNKNOWN = "settings unknown"
COMPARED = ("build", "slots", "context", "placement")
"""Keys by which two servers differ."""


def facts(row: Row) -> list[Fact]:
    """Names and plain texts; what is not known is left out."""
    versus = "; ".join(filter(None, [row.versus.about, incomparable(row)])) if row.versus else ""
    pairs = [("Reference", versus), *((name, _text(row.result, parts)) for name, parts in FACTS)]
    return [(name, text) for name, text in pairs if text]


def _text(result: Result, parts: Sequence[Part]) -> str:
    return _join([part(result) if callable(part) else _at(result, *part) for part in parts])


def _at(result: Result, places: str, form: str | Callable[[float], str]) -> str:
    """The first of the places (`server.build`) that has a text, or for a callable form a positive number."""
    for place in places.split("|"):
        holder, *keys = place.split(".")
        value = reduce(lambda known, key: table(known).get(key), keys, getattr(result, holder))
        if callable(form):
            if number := positive(value):
                return form(number)
        elif text := word(value):
            return form.format(text)
    return ""


def _join(texts: Iterable[str]) -> str:
    return ", ".join(filter(None, texts))


def shared_facts(leaderboard: Leaderboard) -> list[Fact]:
    """The facts that all rows have in common, where there are several."""
    first, *others = (facts(row) for row in leaderboard.rows)
    return [fact for fact in first if all(fact in other for other in others)] if others else []


def summary(result: Result) -> str:
    """The model, its size and the build in a few words."""
    imported = "" if result.run else "imported"
    return _join([_text(result, [QUANTIZATION, SIZE, ("server.build", "llama.cpp {}")]), imported])


def machine(results: Iterable[Result]) -> str:
    """The machines on record, each once."""
    return " / ".join(dict.fromkeys(filter(None, (machine_label(result) for result in results))))


def machine_label(result: Result) -> str:
    """The machine that a result was made on, by run.json; "" for imports."""
    machine = table(result.run.get("machine"))
    return word(machine.get("label")) or label(machine) or label(result.server.get("machine"))


def builds(results: Iterable[Result]) -> str:
    """The llama.cpp builds on record, each once."""
    known = dict.fromkeys(word(result.server.get("build")) for result in results)
    return ", ".join(f"llama.cpp {build}" for build in known if build)


def settings_used(leaderboard: Leaderboard) -> str:
    """The sampling of the models in a sentence, equal ones together; "" where nothing is known of any."""
    groups: dict[str, list[str]] = {}
    for row in leaderboard.rows:
        groups.setdefault(_how(row), []).append(row.title)
    if not groups.keys() - {UNKNOWN}:
        return ""
    if len(groups) == 1:
        return f"Answers: {next(iter(groups))}."
    order = sorted(groups.items(), key=lambda group: (group[0] == UNKNOWN, -len(group[1])))
    return f"Answers: {'; '.join(f'{how}: {listed(names)}' for how, names in order)}."


def incomparable(row: Row) -> str:
    """The reason why a row cannot be compared with its published score, on either side; "" where it can."""
    if row.versus is None:
        return ""
    unlike = ", ".join(_unlike(row.result))
    return "; ".join(filter(None, [row.versus.reference.source.why, f"ours was made {unlike}" if unlike else ""]))


def _unlike(result: Result) -> list[str]:
    """Differences from EvalPlus's own settings, by which scores are published: its prompt, greedy decoding."""
    settings = result.settings
    if not result.by_command and "temperature" not in settings:
        return ["in an unknown way"]
    prompt = settings.get("system_prompt", Sampling.system_prompt)
    fields = [plain(name) for name in table(settings.get("request")) if name not in settings]
    differences = (
        (result.by_command, BY_PROGRAM),
        (settings.get("temperature", 0) != 0, f"at temperature {plain(str(settings.get('temperature')))}"),
        (prompt != Sampling.system_prompt, "with a system prompt of its own" if prompt else "without a system prompt"),
        (bool(word(settings.get("reasoning"))), f"with reasoning {word(settings.get('reasoning'))}"),
        (bool(fields), f"with {', '.join(fields)} in its request"),
    )
    return [text for holds, text in differences if holds]


def _how(row: Row) -> str:
    if row.result.by_command:
        return BY_PROGRAM + (f", {_samples(row.result)}" if row.metrics.several else "")
    temperature = row.result.settings.get("temperature")
    if temperature is None:
        return UNKNOWN
    if temperature == 0 and not row.metrics.several:
        return GREEDY
    return f"{_samples(row.result)} at temperature {plain(str(temperature))}"


def _samples(result: Result) -> str:
    counts = [len(group) for group in result.by_problem.values()]
    least, most = min(counts), max(counts)
    return f"{counted(most, 'sample') if least == most else f'{least} to {most} samples'} a problem"


def _where(result: Result) -> str:
    return f"{plain(result.id)} (results in {plain(result.id)}/{plain(result.dataset)}/)"


def _slots(server: Any) -> str:
    slots, context = (positive(table(server).get(name)) for name in ("slots", "context"))
    return f"{counted(int(slots), 'slot')} of {int(context):,} tokens" if slots and context else ""


def _capacity(result: Result) -> str:
    capacity = {name: result.server.get(name) or result.settings.get(name) for name in ("slots", "context")}
    flight = positive(result.server.get("in_flight"))
    fewer = f"{counted(int(flight), 'request')} at a time" if flight and flight != capacity["slots"] else ""
    return _join([_slots(capacity), fewer])


def _other_servers(result: Result) -> str:
    """The completions of each other server, and its differences."""
    last, servers, texts = result.server, list(map(table, items(result.run.get("servers")))), []
    counts = [int(positive(server.get("completions")) or 0) for server in servers]
    for server, count in zip(servers, counts, strict=True):
        if not count or all(server.get(name) == last.get(name) for name in COMPARED):
            continue
        build, placement, slots = word(server.get("build")), _shell(server.get("placement")), _slots(server)
        differs = [
            f"llama.cpp {build}" if build else "another server",
            f"with {slots}" if slots and slots != _slots(last) else "",
            f"placed by {placement}" if placement and placement != _shell(last.get("placement")) else "",
        ]
        texts.append(f"{count:,} of {counted(sum(counts), 'completion')} by {' '.join(filter(None, differs))}")
    return _join(texts)


def _shell(value: Any) -> str:
    """A list of flags as a shell reads them; "" where it is none."""
    return plain(shlex.join(map(str, items(value))))


def _placement(result: Result) -> str:
    placement = _shell(result.server.get("placement") or result.settings.get("placement"))
    return f"placed by {placement}" if placement else ""


def _settings(result: Result) -> str:
    settings = result.settings
    greedy = settings.get("temperature") == 0
    names = ["max_tokens", "temperature", "prompt_version", *([] if greedy else ["top_p", "seed", "samples"])]
    texts = {name: f"{name} {plain(str(settings[name]))}" for name in names if name in settings}
    if greedy:
        texts["temperature"] += " (greedy)"
    fields = [f"{plain(name)} = {_json(value)}" for name, value in table(settings.get("request")).items()]
    return _join([*texts.values(), f"request {', '.join(fields)}" if fields else ""])


def _json(value: Any) -> str:
    return plain(json.dumps(value, ensure_ascii=False))


def _span(result: Result) -> str:
    began, ended = (word(result.run.get(name)) for name in ("began", "ended"))
    return f"{began} to {ended}" if began and ended else ""


def _tokens(result: Result) -> str:
    totals = table(result.run.get("totals"))
    read, made = (positive(totals.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    return f"{read:,.0f} tokens in, {made:,.0f} out" if read and made else ""


def _solutions(result: Result) -> str:
    rules = Counter(plain(sample.info.rule) for sample in result.samples if sample.info.rule)
    origins = dict.fromkeys(sample.info.origin.rpartition(":")[0] for sample in result.samples)
    origins.pop("", None)
    counts = [f"{rule} {count:,}" for rule, count in rules.most_common()]
    names = listed([plain(name) for name in origins], 3)
    return _join([f"extracted by rule: {', '.join(counts)}" if counts else "", f"from {names}" if names else ""])


def _grading_time(result: Result) -> str:
    seconds, workers = (positive(result.bench.get(name)) for name in ("seconds", "workers"))
    return f"{duration(seconds)} with {counted(int(workers), 'worker')}" if seconds and workers else ""


def _retried(result: Result) -> str:
    number = sum(sample.retried for sample in result.samples)
    return f"{counted(number, 'slow sample')} re-run alone with the full time limit" if number else ""


def _numpy(result: Result) -> str:
    box = table(result.bench.get("sandbox"))
    numpy = word(box.get("numpy"))
    return f"numpy {numpy}" if numpy and numpy not in word(box.get("identity")) else ""


def _files(count: float) -> str:
    return counted(int(count), "file") if count > 1 else ""


SIZE = ("model.bytes|server.bytes", lambda count: size(int(count)))
QUANTIZATION = ("model.quantization|server.quantization", "{}")
FACTS: tuple[tuple[str, tuple[Part, ...]], ...] = (
    ("Profile", (_where, lambda result: result.note)),
    ("Model", (
        ("model.file|model.name", "{}"), ("model.files", _files), SIZE, ("model.architecture", "{}"), QUANTIZATION,
        ("server.parameters", lambda count: f"{short_count(count)} parameters"),
        ("model.context_train", "trained for {:,.0f} tokens of context".format),
        ("model.fingerprint", "fingerprint {}"),
    )),
    ("Server", (
        ("server.kind", "{}"), ("server.build", "llama.cpp {}"), ("server.image", "image {}"), _capacity,
        _other_servers, ("server.chat_template|model.chat_template", "chat template {:.60}"),
    )),
    ("Machine", (machine_label,)),
    ("Flags", (
        lambda result: _shell(result.settings.get("args")), _placement,
    )),
    ("Settings", (
        _settings, ("settings.reasoning", "reasoning {}"), ("settings.system_prompt", "system prompt “{}”"),
        lambda result: "the rest is the program's own" if result.by_command else "",
    )),
    ("Took", (_span, ("run.totals.seconds", lambda seconds: f"{duration(seconds)} with a request in flight"), _tokens)),
    ("Made", (
        lambda result: "exported on another machine" if result.elsewhere else "",
        ("elsewhere.machine.label", "{}"), ("elsewhere.server.build", "llama.cpp {}"), ("elsewhere.ended", "{:.10}"),
    )),
    ("Solutions", (_solutions,)),
    ("Graded", (
        lambda result: result.date, _grading_time, ("bench.scheduler", "on the cluster {}"), _retried,
        ("bench.cached", "{:,.0f} verdicts from the cache".format),
    )),
    ("Grader", (
        ("bench.evalplus", "evalplus {}"), ("bench.grader", "grader {}"), ("bench.python", "Python {}"),
        ("bench.dataset_hash", "dataset {}"),
    )),
    ("Sandbox", (
        ("bench.sandbox.kind", "{}"), ("bench.sandbox.image", "image {}"), ("bench.sandbox.identity", "{}"), _numpy,
        ("bench.sandbox.memory", "{:,.0f} MiB".format), ("bench.sandbox.pids", "{:,.0f} processes".format),
    )),
)  # fmt: skip
"""The facts of a row, each with its parts."""
