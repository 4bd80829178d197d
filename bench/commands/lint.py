"""`doit lint <profile>`: why a score may be low, from what a run left, the model's file and the profile.

Nothing is started. What a check sees comes with what to do about it; the first prompt and its answer follow in full.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench import datasets, gguf
from bench.commands import Command
from bench.commands.findings import Finding, wrapped
from bench.console import counted
from bench.errors import BenchError
from bench.files import digest
from bench.generate.journal import Journal
from bench.generate.prompt import messages, reasoning
from bench.profiles import Config, Profile
from bench.records import Completion
from bench.text import visible
from bench.untrusted import number, table, whole, word

LONG = 20_000
"""Characters of a prompt or an answer that are shown."""

CACHE_FLAGS = {"K": ("-ctk", "--cache-type-k"), "V": ("-ctv", "--cache-type-v")}
TEMPLATE_FLAGS = ("--chat-template", "--chat-template-file")
FULL = ("f16", "bf16", "f32")
SAMPLING = {"temp": "temperature", "top_p": "top_p", "top_k": "top_k", "min_p": "min_p"}
"""Keys below general.sampling in a GGUF, and what requests call them."""

SMALL = re.compile(r"I?Q[12]_|TQ")
SWITCHES = ("enable_thinking", "reasoning_effort", "thinking")

RENDER = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
from jinja2.sandbox import ImmutableSandboxedEnvironment
def fail(message):
    raise ValueError(message)
given = json.load(sys.stdin)
made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
made.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
made.globals.update(raise_exception=fail, strftime_now=time.strftime)
print(made.from_string(given["template"]).render(**given["values"]), end="")
"""
"""Renders a chat template that somebody else wrote, in a process with limits."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a profile on one dataset: its completions, one a sample (the latest), and its model's header."""

    config: Config
    profile: Profile
    dataset: str
    completions: Sequence[Completion]
    header: dict[str, Any]

    @property
    def server(self) -> dict[str, Any]:
        """What the last completion recorded of its server."""
        return table(self.completions[-1].server) if self.completions else {}

    @property
    def limit(self) -> int:
        """The largest max_tokens of the profile."""
        asked: Any = self.profile.sampling.max_tokens
        return max(asked) if isinstance(asked, tuple | list) else int(asked)

    @property
    def template(self) -> str:
        """The chat template in the model's file."""
        return word_or_text(self.header.get("tokenizer.chat_template"))

    def flag(self, *names: str) -> str:
        """The value of a flag of llama-server; the last one wins."""
        found, flags = "", [*self.profile.args, *self.profile.placement, ""]
        for flag, value in pairwise(flags):
            name, equals, own = flag.partition("=")
            if name in names:
                found = own if equals else value
        return found


def word_or_text(value: Any) -> str:
    """A text as it is; "" for anything else."""
    return value if isinstance(value, str) else ""


def evidence(config: Config, profile: Profile) -> Evidence:
    """What there is about a profile, on the first of its datasets that has completions. Raises BenchError."""
    if profile.imported:
        raise BenchError(f"{profile.id}: its solutions were made elsewhere; lint looks at what a model is asked here.")
    datasets = profile.sampling.datasets
    journals = [(name, Journal(config.layout.run(profile.id, name).journal)) for name in datasets]
    dataset, journal = next((one for one in journals if one[1].completions), journals[0])
    latest = {(one.task_id, one.sample): one for one in journal.completions}
    path = config.model_path(profile)
    header = gguf.metadata(path) if profile.machine and not profile.host and path.is_file() else {}
    return Evidence(config, profile, dataset, list(latest.values()), header)


def findings(known: Evidence) -> Iterator[Finding]:
    """All findings, the answers first."""
    yield from _answers(known)
    yield _context(known)
    yield _template(known)
    yield _thinking(known)
    yield _sampling(known)
    yield from _precision(known)


def _found(name: str, text: str, remedy: str = "") -> Finding:
    return Finding(name, "note" if remedy else "ok", name, text, remedy)


def _answers(known: Evidence) -> Iterator[Finding]:
    done = known.completions
    if not done:
        yield _found("answers", f"none on {known.dataset} yet", f"doit generate:{known.profile.id}")
        return
    outcomes = Counter(completion.outcome for completion in done)
    yield _found("answers", f"{counted(len(done), 'answer')} on {known.dataset}, {outcomes['stop']} of them ended")
    if cut := outcomes["truncated"]:
        ended = max((one.completion_tokens for one in done if one.outcome == "stop"), default=0)
        text = f"{cut} cut off at {known.limit} tokens; the longest that ended has {ended}"
        yield _found("truncated", text, f"max_tokens = {2 * known.limit}, or less thinking (reasoning)")
    if loops := outcomes["looping"]:
        text = f"{loops} repeated themselves and were stopped"
        yield _found("looping", text, "the sampling that its file or card recommends, or a larger quantization")
    if empty := outcomes["empty"]:
        thought = sum(bool(one.reasoning) for one in done if one.outcome == "empty")
        text = f"{empty} without a word, {thought} of them after thoughts"
        yield _found("empty", text, 'a larger max_tokens, or reasoning = "off"; read the first of them in raw.jsonl')
    if failed := outcomes["error"] + outcomes["timeout"]:
        words = next(one.error for one in reversed(done) if one.outcome in ("error", "timeout"))
        yield _found("failed", f"{failed} requests; the last: {words}", f"doit -a generate:{known.profile.id}")
    if known.server.get("build") and len(builds := {word(one.server.get("build")) for one in done}) > 1:
        text = f"answers of {len(builds)} builds of llama.cpp: {', '.join(sorted(builds))}"
        yield _found("builds", text, f"doit clean generate:{known.profile.id}, to ask all of one")


def _context(known: Evidence) -> Finding:
    asked, granted = known.profile.sampling.context, whole(known.server.get("context"))
    architecture = word_or_text(known.header.get("general.architecture"))
    trained = whole(known.header.get(f"{architecture}.context_length"))
    longest = max((one.prompt_tokens for one in known.completions), default=0)
    parts = [f"{asked} tokens asked for a slot", f"{granted} granted" if granted else ""]
    shown = ", ".join(filter(None, [*parts, f"trained on {trained}" if trained else ""]))
    if trained and asked > trained:
        return _found("context", shown, f"context = {trained}: beyond what it was trained on, a model writes nonsense")
    if granted and granted < asked:
        return _found("context", shown, "take -c and -np out of args, or ask the server's owner for more")
    if longest and longest + known.limit > (granted or asked):
        text = f"{shown}; the longest prompt has {longest}, max_tokens is {known.limit}"
        return _found("context", text, f"context = {longest + known.limit}")
    return _found("context", shown)


def _template(known: Evidence) -> Finding:
    own, served = known.flag(*TEMPLATE_FLAGS), known.server.get("chat_template")
    if own:
        return _found("template", f"named in args: {own[:60]}")
    if not known.header:
        return _found("template", "the server's own" if served else "whatever the server uses")
    if not known.template:
        return _found("template", "the file has none, so llama-server guesses", "--chat-template-file in args")
    if served and served != digest(known.template):
        return _found("template", "the server uses another one than the file has", "look at how that server is started")
    return _found("template", "from the file")


def _thinking(known: Evidence) -> Finding:
    done, level = known.completions, known.profile.sampling.reasoning
    thought = sum(bool(one.reasoning) for one in done)
    flags = [flag for flag in known.profile.args if flag.startswith("--reasoning")]
    switches = [name for name in SWITCHES if re.search(rf"\b{name}\b", known.template)]
    asked = f'reasoning = "{level}"' if level else "left to the model"
    shown = "; ".join(filter(None, [
        asked, f"{thought} of {len(done)} answers came with thoughts" if done else "",
        f"the template knows {', '.join(switches)}" if switches else "", " ".join(flags),
    ]))  # fmt: skip
    if level and known.template and not switches:
        return _found("thinking", shown, "the template has no switch for it: choose another model or template")
    if level == "off" and thought:
        return _found("thinking", shown, "this model thinks all the same: give it a larger max_tokens")
    return _found("thinking", shown)


def _sampling(known: Evidence) -> Finding:
    sampling = known.profile.sampling
    wished = {name: number(known.header.get(f"general.sampling.{key}")) for key, name in SAMPLING.items()}
    wished = {name: value for name, value in wished.items() if value is not None}
    greedy = sampling.temperature == 0
    shown = "greedy (temperature 0)" if greedy else f"temperature {sampling.temperature:g}, top_p {sampling.top_p:g}"
    if not wished:
        return _found("sampling", shown)
    listed = ", ".join(f"{name} {value:g}" for name, value in wished.items())
    text = f"{shown}; its file recommends {listed}"
    if greedy and wished.get("temperature"):
        lines = [f"temperature = {wished['temperature']:g}"]
        lines += [f"top_p = {wished['top_p']:g}"] if "top_p" in wished else []
        return _found("sampling", text, f"if answers loop: {', '.join(lines)}, samples = 3")
    return _found("sampling", text)


def _precision(known: Evidence) -> Iterator[Finding]:
    types = {name: known.flag(*flags).lower() for name, flags in CACHE_FLAGS.items()}
    shown = ", ".join(f"{name} {kind or 'f16'}" for name, kind in types.items())
    rounded = [name for name, kind in types.items() if kind and kind not in FULL]
    remedy = (
        f"without {' and '.join(CACHE_FLAGS[name][0] for name in rounded)} answers are more exact" if rounded else ""
    )
    yield _found("KV cache", shown if known.profile.server.starts else "as that server was started", remedy)
    kind = gguf.FILE_TYPES.get(known.header.get("general.file_type", -1), "")
    if kind:
        lossy = "a larger quantization, if it fits: at two bits a model forgets much" if SMALL.match(kind) else ""
        yield _found("weights", kind, lossy)


def first_exchange(known: Evidence) -> Iterator[str]:
    """The first prompt as the template renders it, and the answer to it, in full."""
    done = known.completions
    with_problem = _first_problem(known, done[0].task_id if done else "")
    yield "\nFirst prompt"
    yield from _shown(with_problem)
    if done:
        first = done[0]
        if first.reasoning:
            yield f"\nThoughts about {first.task_id}"
            yield from _shown(first.reasoning)
        yield f"\nAnswer to {first.task_id} ({first.outcome}, {counted(first.completion_tokens, 'token')})"
        yield from _shown(first.answer or "(nothing)")


def _first_problem(known: Evidence, task_id: str) -> str:
    try:
        dataset = datasets.load(known.dataset)
    except BenchError as error:
        return f"(unknown: {error.sentence})"
    problem = dataset.problems.get(task_id) or next(iter(dataset.problems.values()))
    asked = messages(problem, known.profile.sampling)
    if not known.template:
        return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in asked)
    switches = reasoning(known.profile.sampling.reasoning, llama=True).get("chat_template_kwargs", {})
    values = {"messages": asked, "add_generation_prompt": True, "bos_token": "", "eos_token": "", **switches}
    return rendered(known.template, values)


def rendered(template: str, values: dict[str, Any]) -> str:
    """What a chat template makes of messages, or why it cannot be rendered here."""
    try:
        ran = subprocess.run(
            [sys.executable, "-c", RENDER], input=json.dumps({"template": template, "values": values}).encode(),
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "(the template is not rendered within 60 s)"
    if ran.returncode:
        words = (ran.stderr.decode("utf-8", "replace").strip().splitlines() or [f"signal {-ran.returncode}"])[-1]
        return f"(the template cannot be rendered here: {words})"
    return ran.stdout.decode("utf-8", "replace")


def _shown(text: str) -> Iterator[str]:
    for line in text[:LONG].split("\n"):
        yield f"  | {visible(line)}".rstrip()
    if len(text) > LONG:
        yield f"  … {len(text) - LONG} more characters"


class Lint(Command):
    """doit lint."""

    doc_purpose = "tell why a profile's score may be low, with its first prompt and answer in full"
    doc_usage = "PROFILE ..."

    def lines(self, names: list[str]) -> Iterator[str]:
        """All about each profile."""
        if not names:
            raise BenchError("doit lint takes a profile: doit lint <profile>; doit list has them.")
        for name in names:
            yield from lint(self.declared, name)


def lint(config: Config, profile_id: str) -> Iterator[str]:
    """All lines about a profile. Raises BenchError where there is none of that name."""
    known = {profile.id: profile for profile in config.profiles}
    if profile_id not in known:
        raise BenchError(f'There is no profile "{visible(profile_id)}"; doit list has them.')
    found = evidence(config, known[profile_id])
    for finding in findings(found):
        yield from wrapped(finding)
    yield from first_exchange(found)
