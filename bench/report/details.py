"""Where one row comes from, as plain facts: the model, its server, how it was asked and graded, and what that means."""

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bench.console import counted, duration, size
from bench.machine import label
from bench.profiles import Sampling
from bench.report.format import listed, short_count
from bench.report.leaderboard import Leaderboard, Row
from bench.report.results import Result
from bench.text import plain
from bench.untrusted import items, positive, table, word

Fact = tuple[str, str]
GREEDY = "one greedy answer a problem (temperature 0)"
BY_PROGRAM = "by a program with its own settings"
UNKNOWN = "settings unknown"
COMPARED = ("build", "slots", "context", "placement")
"""What tells one server from another."""


def facts(row: Row) -> list[Fact]:
    """Names and plain texts; what is not known is left out."""
    makers = (
        _profile,
        _model,
        _server,
        _machine,
        _flags,
        _settings,
        _took,
        _made,
        _solutions,
        _graded,
        _grader,
        _sandbox,
    )
    versus = row.versus.about + (f"; {incomparable(row)}" if incomparable(row) else "") if row.versus else ""
    pairs = [("Reference", versus), *((make.__name__[1:].title(), make(row.result)) for make in makers)]
    return [(name, text) for name, text in pairs if text]


def shared_facts(board: Leaderboard) -> list[Fact]:
    """The facts that all rows have in common, where there are several."""
    first, *others = (facts(row) for row in board.rows)
    return [fact for fact in first if all(fact in other for other in others)] if others else []


def summary(result: Result) -> str:
    """The model, its size and the build in a few words."""
    model, server = result.model, result.server
    return _join([
        word(model.get("quantization")) or word(server.get("quantization")),
        _bytes(model) or _bytes(server),
        f"llama.cpp {word(server.get('build'))}" if server.get("build") else "",
        "imported" if not result.run else "",
    ])  # fmt: skip


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


def settings_used(board: Leaderboard) -> str:
    """How the models were asked, equal ones together, in a sentence. "" where nothing is known of any."""
    groups: dict[str, list[str]] = {}
    for row in board.rows:
        groups.setdefault(_how(row), []).append(row.title)
    if not groups.keys() - {UNKNOWN}:
        return ""
    if len(groups) == 1:
        return f"Answers: {next(iter(groups))}."
    order = sorted(groups.items(), key=lambda group: (group[0] == UNKNOWN, -len(group[1])))
    return f"Answers: {'; '.join(f'{how}: {listed(names)}' for how, names in order)}."


def incomparable(row: Row) -> str:
    """Why a row cannot be compared with its published score: how that was made, and how ours was; "" where it can."""
    if row.versus is None:
        return ""
    unlike = ", ".join(_unlike(row.result))
    return "; ".join(filter(None, [row.versus.reference.source.why, f"ours was made {unlike}" if unlike else ""]))


def _unlike(result: Result) -> list[str]:
    """What differed from EvalPlus's own way of asking, by which scores are published: its prompt, greedily."""
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


def _profile(result: Result) -> str:
    return _join([f"{plain(result.id)} (results in {plain(result.id)}/{plain(result.dataset)}/)", result.note])


def _model(result: Result) -> str:
    model, server = result.model, result.server
    files, parameters, trained = model.get("files"), server.get("parameters"), model.get("context_train")
    return _join([
        word(model.get("file")) or word(model.get("name")),
        counted(files, "file") if isinstance(files, int) and files > 1 else "",
        _bytes(model) or _bytes(server),
        word(model.get("architecture")),
        word(model.get("quantization")) or word(server.get("quantization")),
        f"{short_count(float(parameters or 0))} parameters" if positive(parameters) else "",
        f"trained for {trained:,} tokens of context" if positive(trained) else "",
        f"fingerprint {word(model.get('fingerprint'))}" if word(model.get("fingerprint")) else "",
    ])  # fmt: skip


def _server(result: Result) -> str:
    settings, server = result.settings, result.server
    room = {name: server.get(name) or settings.get(name) for name in ("slots", "context")}
    build, image, flight = word(server.get("build")), word(server.get("image")), positive(server.get("in_flight"))
    template = word(server.get("chat_template")) or word(result.model.get("chat_template"))
    return _join([
        word(server.get("kind")),
        f"llama.cpp {build}" if build else "",
        f"image {image}" if image else "",
        _slots(room),
        f"{counted(int(flight), 'request')} at a time" if flight and flight != room["slots"] else "",
        *_other_servers(result),
        f"chat template {template[:60]}" if template else "",
    ])  # fmt: skip


def _machine(result: Result) -> str:
    return machine_label(result)


def _other_servers(result: Result) -> Iterator[str]:
    """How many completions each other server made, and how it differed."""
    last, servers = result.server, list(map(table, items(result.run.get("servers"))))
    counts = [int(positive(one.get("completions")) or 0) for one in servers]
    for one, count in zip(servers, counts, strict=True):
        if not count or all(one.get(name) == last.get(name) for name in COMPARED):
            continue
        build, placement, slots = word(one.get("build")), _shell(one.get("placement")), _slots(one)
        differs = [
            f"llama.cpp {build}" if build else "another server",
            f"with {slots}" if slots and slots != _slots(last) else "",
            f"placed by {placement}" if placement and placement != _shell(last.get("placement")) else "",
        ]
        yield f"{count:,} of {counted(sum(counts), 'completion')} by {' '.join(filter(None, differs))}"


def _slots(server: dict[str, Any]) -> str:
    slots, context = positive(server.get("slots")), positive(server.get("context"))
    return f"{counted(int(slots), 'slot')} of {int(context):,} tokens" if slots and context else ""


def _shell(value: Any) -> str:
    """A list of flags as a shell reads them; "" where it is none."""
    return plain(shlex.join(map(str, items(value))))


def _flags(result: Result) -> str:
    placement = _shell(result.server.get("placement") or result.settings.get("placement"))
    return _join([_shell(result.settings.get("args")), f"placed by {placement}" if placement else ""])


def _settings(result: Result) -> str:
    settings = result.settings
    greedy = settings.get("temperature") == 0
    names = ["max_tokens", "prompt_version", *([] if greedy else ["top_p", "seed", "samples"])]
    parts = [f"{name} {plain(str(settings[name]))}" for name in names if name in settings]
    if "temperature" in settings:
        parts.insert(1, f"temperature {plain(str(settings['temperature']))}{' (greedy)' if greedy else ''}")
    fields = [f"{plain(name)} = {_json(value)}" for name, value in table(settings.get("request")).items()]
    system, reasoning = word(settings.get("system_prompt")), word(settings.get("reasoning"))
    return _join([
        *parts,
        f"reasoning {reasoning}" if reasoning else "",
        f"system prompt “{system}”" if system else "",
        f"request {', '.join(fields)}" if fields else "",
        "the rest is the program's own" if result.by_command else "",
    ])  # fmt: skip


def _json(value: Any) -> str:
    return plain(json.dumps(value, ensure_ascii=False))


def _took(result: Result) -> str:
    run, totals = result.run, table(result.run.get("totals"))
    began, ended, seconds = word(run.get("began")), word(run.get("ended")), totals.get("seconds")
    tokens = [totals.get("prompt_tokens"), totals.get("completion_tokens")]
    return _join([
        f"{began} to {ended}" if began and ended else "",
        f"{duration(float(seconds or 0))} with a request in flight" if positive(seconds) else "",
        "{:,} tokens in, {:,} out".format(*tokens) if all(map(positive, tokens)) else "",
    ])  # fmt: skip


def _made(result: Result) -> str:
    """Where exported solutions were made."""
    there, server = result.elsewhere, table(result.elsewhere.get("server"))
    build, day = word(server.get("build")), word(there.get("ended"))[:10]
    return _join([
        "exported on another machine" if there else "",
        word(table(there.get("machine")).get("label")),
        f"llama.cpp {build}" if build else "",
        day,
    ])  # fmt: skip


def _solutions(result: Result) -> str:
    rules = Counter(plain(sample.info.rule) for sample in result.samples if sample.info.rule)
    origins = dict.fromkeys(sample.info.origin.rpartition(":")[0] for sample in result.samples)
    origins.pop("", None)
    counts = [f"{rule} {count:,}" for rule, count in rules.most_common()]
    names = listed([plain(name) for name in origins], 3)
    return _join([f"extracted by rule: {', '.join(counts)}" if counts else "", f"from {names}" if names else ""])


def _graded(result: Result) -> str:
    bench, retried = result.bench, sum(sample.retried for sample in result.samples)
    return _join([
        result.date,
        f"{duration(bench['seconds'])} with {counted(int(bench['workers']), 'worker')}"
        if positive(bench.get("seconds")) and positive(bench.get("workers")) else "",
        f"on the cluster {word(bench.get('scheduler'))}" if word(bench.get("scheduler")) else "",
        f"{counted(retried, 'slow sample')} re-run alone with the full time limit" if retried else "",
        f"{bench['cached']:,} verdicts from the cache" if positive(bench.get("cached")) else "",
    ])  # fmt: skip


def _grader(result: Result) -> str:
    versions = (("evalplus", "evalplus"), ("grader", "grader"), ("python", "Python"), ("dataset_hash", "dataset"))
    pairs = ((name, word(result.bench.get(key))) for key, name in versions)
    return _join([f"{name} {text}" for name, text in pairs if text])


def _sandbox(result: Result) -> str:
    box = table(result.bench.get("sandbox"))
    memory, pids = box.get("memory"), box.get("pids")
    identity, numpy = word(box.get("identity")), word(box.get("numpy"))
    return _join([
        word(box.get("kind")),
        f"image {word(box.get('image'))}" if word(box.get("image")) else "",
        identity,
        f"numpy {numpy}" if numpy not in identity else "",
        f"{memory:,} MiB" if positive(memory) else "",
        f"{pids:,} processes" if positive(pids) else "",
    ])  # fmt: skip


def _join(parts: Sequence[str]) -> str:
    return ", ".join(filter(None, parts))


def _bytes(about: dict[str, Any]) -> str:
    known = positive(about.get("bytes"))
    return size(int(known)) if known else ""
