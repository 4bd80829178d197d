"""Where one row comes from, for Markdown and for the page: the model, its server, what was asked, how it was graded."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from bench.console import counted, duration, size
from bench.layout import JOURNAL, PROVENANCE, RESULTS, SAMPLES
from bench.report.escape import Pen, tag
from bench.report.numbers import short_count
from bench.report.records import Entry
from bench.report.runs import COMMAND
from bench.report.served import flags, served
from bench.untrusted import positive, table, word

Fact = tuple[str, str]


def summary(entry: Entry) -> str:
    """The folded line, as HTML: what was measured, in a few words."""
    model, server = table(entry.run.get("model")), table(entry.run.get("server"))
    words = [
        word(model.get("quantization")) or word(server.get("quantization")),
        _bytes(model) or _bytes(server),
        " ".join(filter(None, ["llama.cpp", word(server.get("build"))])) if server.get("build") else "",
        "imported" if not entry.run and entry.samples else "",
    ]
    return f"<b>{tag(entry.title)}</b> {tag(', '.join(filter(None, words)))}".strip()


def facts(entry: Entry, pen: Pen) -> list[Fact]:
    """Name and what there is to say, as the pen writes it; what is not known is left out."""
    makers = (_profile, _model, _server, _flags, _asked, _took, _solutions, _graded, _sandbox, _files)
    found = (make(entry, pen) for make in makers)
    return [(name, text) for name, text in found if text]


def _profile(entry: Entry, pen: Pen) -> Fact:
    return "Profile", _listed([pen.code(entry.id), pen.words(entry.note)])


def _model(entry: Entry, pen: Pen) -> Fact:
    model, server = table(entry.run.get("model")), table(entry.run.get("server"))
    files, parameters, trained = model.get("files"), server.get("parameters"), model.get("context_train")
    name = word(model.get("file")) or word(model.get("name"))
    return "Model", _listed([
        pen.code(name) if name else "",
        counted(files, "file") if isinstance(files, int) and files > 1 else "",
        _bytes(model) or _bytes(server),
        pen.words(word(model.get("architecture"))),
        pen.words(word(model.get("quantization")) or word(server.get("quantization"))),
        f"{short_count(float(parameters or 0))} parameters" if positive(parameters) else "",
        f"trained for {trained:,} tokens of context" if positive(trained) else "",
        f"fingerprint {pen.code(word(model.get('fingerprint')))}" if word(model.get("fingerprint")) else "",
    ])  # fmt: skip


def _server(entry: Entry, pen: Pen) -> Fact:
    return "Server", _listed(served(entry, pen))


def _flags(entry: Entry, pen: Pen) -> Fact:
    settings, server = table(entry.run.get("settings")), table(entry.run.get("server"))
    args, placement = flags(settings.get("args")), flags(server.get("placement") or settings.get("placement"))
    return "Flags", _listed([pen.code(args) if args else "", f"placed by {pen.code(placement)}" if placement else ""])


def _asked(entry: Entry, pen: Pen) -> Fact:
    settings = table(entry.run.get("settings"))
    greedy = settings.get("temperature") == 0
    shown = [
        f"{name} {pen.words(str(settings[name]))}" for name in ("max_tokens", "prompt_version") if name in settings
    ]
    if "temperature" in settings:
        shown.append("temperature 0 (greedy)" if greedy else f"temperature {pen.words(str(settings['temperature']))}")
    if not greedy:
        shown += [
            f"{name} {pen.words(str(settings[name]))}" for name in ("top_p", "seed", "samples") if name in settings
        ]
    system, request = word(settings.get("system_prompt")), table(settings.get("request"))
    reasoning = pen.words(word(settings.get("reasoning")))
    fields = [pen.code(f"{name} = {json.dumps(value, ensure_ascii=False)}") for name, value in request.items()]
    return "Asked", _listed([
        *shown,
        f"reasoning {reasoning}" if reasoning else "",
        f"system prompt {pen.code(system)}" if system else "",
        f"request {', '.join(fields)}" if fields else "",
        "all else is the program's own" if table(entry.run.get("server")).get("kind") == COMMAND else "",
    ])  # fmt: skip


def _took(entry: Entry, pen: Pen) -> Fact:
    run, totals = entry.run, table(entry.run.get("totals"))
    began, ended, seconds = word(run.get("began")), word(run.get("ended")), totals.get("seconds")
    tokens = [totals.get("prompt_tokens"), totals.get("completion_tokens")]
    return "Took", _listed([
        f"{pen.words(began)} to {pen.words(ended)}" if began and ended else "",
        f"{duration(float(seconds or 0))} with a request in flight" if positive(seconds) else "",
        "{:,} tokens in, {:,} out".format(*tokens) if all(map(positive, tokens)) else "",
    ])  # fmt: skip


def _solutions(entry: Entry, pen: Pen) -> Fact:
    rules = Counter(sample.info.rule for sample in entry.samples if sample.info.rule)
    origins = dict.fromkeys(sample.info.origin.rpartition(":")[0] for sample in entry.samples)
    origins.pop("", None)
    found = [f"{pen.words(rule)} {count:,}" for rule, count in rules.most_common()]
    few = [pen.code(name) for name in list(origins)[:3]]
    more = [f"{len(origins) - 3} more files"] if len(origins) > 3 else []
    return "Code", _listed([
        f"found by rule: {', '.join(found)}" if found else "",
        f"from {', '.join(few + more)}" if few else "",
    ])  # fmt: skip


def _graded(entry: Entry, pen: Pen) -> Fact:
    bench, retried = entry.bench, sum(sample.retried for sample in entry.samples)
    return "Graded", _listed([
        pen.words(entry.date),
        *(f"{name} {pen.words(word(bench.get(key)))}" for key, name in _NAMES if word(bench.get(key))),
        f"dataset {pen.code(word(bench.get('dataset_hash')))}" if word(bench.get("dataset_hash")) else "",
        f"{duration(bench['seconds'])} with {counted(bench['workers'], 'worker')}"
        if positive(bench.get("seconds")) and positive(bench.get("workers")) else "",
        f"on the cluster {pen.code(word(bench.get('scheduler')))}" if word(bench.get("scheduler")) else "",
        f"{counted(retried, 'sample')} had the whole time limit with a core to itself" if retried else "",
        f"{bench['cached']:,} verdicts known before" if positive(bench.get("cached")) else "",
    ])  # fmt: skip


_NAMES = (("evalplus", "evalplus"), ("grader", "grader"), ("python", "Python"))


def _sandbox(entry: Entry, pen: Pen) -> Fact:
    box = table(entry.bench.get("sandbox"))
    memory, pids = box.get("memory"), box.get("pids")
    identity, numpy = word(box.get("identity")), word(box.get("numpy"))
    return "Sandbox", _listed([
        pen.words(word(box.get("kind"))),
        f"image {pen.code(word(box.get('image')))}" if word(box.get("image")) else "",
        pen.code(identity) if identity else "",
        f"numpy {pen.words(numpy)}" if numpy not in identity else "",
        f"{memory:,} MiB" if positive(memory) else "",
        f"{pids:,} processes" if positive(pids) else "",
    ])  # fmt: skip


def _files(entry: Entry, pen: Pen) -> Fact:
    if not entry.samples:
        return "Files", ""
    names = [RESULTS, SAMPLES, *([JOURNAL, PROVENANCE] if entry.run else [])]
    folder = "/".join(quote(name, errors="surrogatepass") for name in (entry.id, entry.dataset))
    return "Files", ", ".join(pen.file(name, f"{folder}/{name}") for name in names)


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(filter(None, parts))


def _bytes(told: dict[str, Any]) -> str:
    known = positive(told.get("bytes"))
    return size(int(known)) if known else ""
