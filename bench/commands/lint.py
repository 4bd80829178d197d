"""`doit lint <profile>`: reasons why a score may be low, by a run's files, the model's file and the profile.

Nothing is started. Each finding comes with its remedy; the first prompt and its answer follow in full.
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
from bench.untrusted import number, whole, word

LONG = 20_000
"""Characters of a prompt or an answer that are shown."""

CACHE_FLAGS = {"K": ("-ctk", "--cache-type-k"), "V": ("-ctv", "--cache-type-v")}
TEMPLATE_FLAGS = ("--chat-template", "--chat-template-file")
FULL = ("f16", "bf16", "f32")
SAMPLING = {"temp": "temperature", "top_p": "top_p", "top_k": "top_k", "min_p": "min_p"}
"""Keys below general.sampling in a GGUF, with their names in requests."""

SMALL = re.compile(r"I?Q[12]_|TQ")
SWITCHES = ("enable_thinking", "reasoning_effort", "thinking")

RENDER = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
from jinja2.sandbox import ImmutableSandboxedEnvironment
def fail(message):
    raise ValueError(message)
request = json.load(sys.stdin)
loops = "jinja2.ext.loopcontrols"
environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loops])
environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
environment.globals.update(raise_exception=fail, strftime_now=time.strftime)
print(environment.from_string(request["template"]).render(**request["values"]), end="")
"""
"""Renders an untrusted chat template in a process with limits."""


@dataclass(frozen=True)
class Evidence:
    """The files of a profile on one dataset: its completions, one a sample (the latest), and its model's header."""

    config: Config
    profile: Profile
    dataset: str
    completions: Sequence[Completion]
    header: dict[str, Any]

    @property
    def server(self) -> dict[str, Any]:
        """The server of the last completion, as recorded."""
        return self.completions[-1].server if self.completions else {}

    @property
    def template(self) -> str:
        """The chat template in the model's file."""
        return text_of(self.header.get("tokenizer.chat_template"))

    def flag(self, *names: str) -> str:
        """The value of a flag of llama-server; the last one wins."""
        last, flags = "", [*self.profile.args, *self.profile.placement, ""]
        for flag, value in pairwise(flags):
            name, equals, own = flag.partition("=")
            if name in names:
                last = own if equals else value
        return last


def text_of(value: Any) -> str:
    """A text as it is; "" for anything else."""
    return value if isinstance(value, str) else ""


def collect(config: Config, profile: Profile) -> Evidence:
    """The evidence about a profile, on the first of its datasets that has completions. Raises BenchError."""
    if profile.imported:
        raise BenchError(f"{profile.id}: its solutions were made elsewhere; lint looks at what a model is asked here.")
    datasets = profile.sampling.datasets
    journals = [(name, Journal(config.layout.run(profile.id, name).journal)) for name in datasets]
    dataset, journal = next((pair for pair in journals if pair[1].completions), journals[0])
    latest = {(completion.task_id, completion.sample): completion for completion in journal.completions}
    path = config.model_path(profile)
    header = gguf.metadata(path) if profile.machine and not profile.host and path.is_file() else {}
    return Evidence(config, profile, dataset, list(latest.values()), header)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """All findings, the answers first."""
    yield from _answers(evidence)
    yield _context(evidence)
    yield _template(evidence)
    yield _thinking(evidence)
    yield _sampling(evidence)
    yield from _precision(evidence)


def _finding(name: str, text: str, remedy: str = "") -> Finding:
    return Finding(name, "note" if remedy else "ok", name, text, remedy)


def _answers(evidence: Evidence) -> Iterator[Finding]:
    completions, limit = evidence.completions, evidence.profile.sampling.max_tokens
    if not completions:
        yield _finding("answers", f"none on {evidence.dataset} yet", f"doit generate:{evidence.profile.id}")
        return
    outcomes = Counter(completion.outcome for completion in completions)
    yield _finding(
        "answers", f"{counted(len(completions), 'answer')} on {evidence.dataset}, {outcomes['stop']} of them ended"
    )
    if cut := outcomes["truncated"]:
        ended = max(
            (completion.completion_tokens for completion in completions if completion.outcome == "stop"), default=0
        )
        text = f"{cut} cut off at {limit} tokens; the longest that ended has {ended}"
        yield _finding("truncated", text, f"max_tokens = {2 * limit}, or less thinking (reasoning)")
    if loops := outcomes["looping"]:
        text = f"{loops} repeated themselves and were stopped"
        yield _finding("looping", text, "the sampling that its file or card recommends, or a larger quantization")
    if empty := outcomes["empty"]:
        thought = sum(bool(completion.reasoning) for completion in completions if completion.outcome == "empty")
        text = f"{empty} without a word, {thought} of them after thoughts"
        yield _finding("empty", text, 'a larger max_tokens, or reasoning = "off"; read the first of them in raw.jsonl')
    if errors := outcomes["error"] + outcomes["timeout"]:
        error = next(
            completion.error for completion in reversed(completions) if completion.outcome in ("error", "timeout")
        )
        yield _finding("failed", f"{errors} requests; the last: {error}", f"doit -a generate:{evidence.profile.id}")
    if (
        evidence.server.get("build")
        and len(builds := {word(completion.server.get("build")) for completion in completions}) > 1
    ):
        text = f"answers of {len(builds)} builds of llama.cpp: {', '.join(sorted(builds))}"
        yield _finding("builds", text, f"doit clean generate:{evidence.profile.id}, to ask all of one")


def _context(evidence: Evidence) -> Finding:
    sampling, granted = evidence.profile.sampling, whole(evidence.server.get("context"))
    requested, limit = sampling.context, sampling.max_tokens
    architecture = text_of(evidence.header.get("general.architecture"))
    trained = whole(evidence.header.get(f"{architecture}.context_length"))
    longest = max((completion.prompt_tokens for completion in evidence.completions), default=0)
    parts = [f"{requested} tokens asked for a slot", f"{granted} granted" if granted else ""]
    summary = ", ".join(filter(None, [*parts, f"trained on {trained}" if trained else ""]))
    if trained and requested > trained:
        return _finding(
            "context", summary, f"context = {trained}: beyond what it was trained on, a model writes nonsense"
        )
    if granted and granted < requested:
        return _finding("context", summary, "take -c and -np out of args, or ask the server's owner for more")
    if longest and longest + limit > (granted or requested):
        text = f"{summary}; the longest prompt has {longest}, max_tokens is {limit}"
        return _finding("context", text, f"context = {longest + limit}")
    return _finding("context", summary)


def _template(evidence: Evidence) -> Finding:
    own, server_template = evidence.flag(*TEMPLATE_FLAGS), evidence.server.get("chat_template")
    if own:
        return _finding("template", f"named in args: {own[:60]}")
    if not evidence.header:
        return _finding("template", "the server's own" if server_template else "whatever the server uses")
    if not evidence.template:
        return _finding("template", "the file has none, so llama-server guesses", "--chat-template-file in args")
    if server_template and server_template != digest(evidence.template):
        return _finding(
            "template", "the server uses another one than the file has", "look at how that server is started"
        )
    return _finding("template", "from the file")


def _thinking(evidence: Evidence) -> Finding:
    completions, level = evidence.completions, evidence.profile.sampling.reasoning
    thought = sum(bool(completion.reasoning) for completion in completions)
    flags = [flag for flag in evidence.profile.args if flag.startswith("--reasoning")]
    switches = [name for name in SWITCHES if re.search(rf"\b{name}\b", evidence.template)]
    setting = f'reasoning = "{level}"' if level else "left to the model"
    summary = "; ".join(filter(None, [
        setting, f"{thought} of {len(completions)} answers came with thoughts" if completions else "",
        f"the template knows {', '.join(switches)}" if switches else "", " ".join(flags),
    ]))  # fmt: skip
    if level and evidence.template and not switches:
        return _finding("thinking", summary, "the template has no switch for it: choose another model or template")
    if level == "off" and thought:
        return _finding("thinking", summary, "this model thinks all the same: give it a larger max_tokens")
    return _finding("thinking", summary)


def _sampling(evidence: Evidence) -> Finding:
    sampling = evidence.profile.sampling
    recommended = {name: number(evidence.header.get(f"general.sampling.{key}")) for key, name in SAMPLING.items()}
    recommended = {name: value for name, value in recommended.items() if value is not None}
    greedy = sampling.temperature == 0
    summary = "greedy (temperature 0)" if greedy else f"temperature {sampling.temperature:g}, top_p {sampling.top_p:g}"
    if not recommended:
        return _finding("sampling", summary)
    listed = ", ".join(f"{name} {value:g}" for name, value in recommended.items())
    text = f"{summary}; its file recommends {listed}"
    if greedy and recommended.get("temperature"):
        lines = [f"temperature = {recommended['temperature']:g}"]
        lines += [f"top_p = {recommended['top_p']:g}"] if "top_p" in recommended else []
        return _finding("sampling", text, f"if answers loop: {', '.join(lines)}, samples = 3")
    return _finding("sampling", text)


def _precision(evidence: Evidence) -> Iterator[Finding]:
    types = {name: evidence.flag(*flags).lower() for name, flags in CACHE_FLAGS.items()}
    summary = ", ".join(f"{name} {kind or 'f16'}" for name, kind in types.items())
    rounded = [name for name, kind in types.items() if kind and kind not in FULL]
    remedy = (
        f"without {' and '.join(CACHE_FLAGS[name][0] for name in rounded)} answers are more exact" if rounded else ""
    )
    yield _finding("KV cache", summary if evidence.profile.server.starts else "as that server was started", remedy)
    kind = gguf.FILE_TYPES.get(evidence.header.get("general.file_type", -1), "")
    if kind:
        lossy = "a larger quantization, if it fits: at two bits a model forgets much" if SMALL.match(kind) else ""
        yield _finding("weights", kind, lossy)


def first_exchange(evidence: Evidence) -> Iterator[str]:
    """The first prompt as the template renders it, and the answer to it, in full."""
    completions = evidence.completions
    yield "\nFirst prompt"
    yield from _quoted(_first_prompt(evidence, completions[0].task_id if completions else ""))
    if completions:
        first = completions[0]
        if first.reasoning:
            yield f"\nThoughts about {first.task_id}"
            yield from _quoted(first.reasoning)
        yield f"\nAnswer to {first.task_id} ({first.outcome}, {counted(first.completion_tokens, 'token')})"
        yield from _quoted(first.answer or "(nothing)")


def _first_prompt(evidence: Evidence, task_id: str) -> str:
    try:
        dataset = datasets.load(evidence.dataset)
    except BenchError as error:
        return f"(unknown: {error.sentence})"
    problem = dataset.problems.get(task_id) or next(iter(dataset.problems.values()))
    conversation = messages(problem, evidence.profile.sampling)
    if not evidence.template:
        return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in conversation)
    switches = reasoning(evidence.profile.sampling.reasoning, llama=True).get("chat_template_kwargs", {})
    values = {"messages": conversation, "add_generation_prompt": True, "bos_token": "", "eos_token": "", **switches}
    return rendered(evidence.template, values)


def rendered(template: str, values: dict[str, Any]) -> str:
    """The prompt that a chat template makes of messages, or the reason why it cannot be rendered here."""
    try:
        process = subprocess.run(
            [sys.executable, "-c", RENDER], input=json.dumps({"template": template, "values": values}).encode(),
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "(the template is not rendered within 60 s)"
    if process.returncode:
        lines = process.stderr.decode("utf-8", "replace").strip().splitlines()
        return f"(the template cannot be rendered here: {lines[-1] if lines else f'signal {-process.returncode}'})"
    return process.stdout.decode("utf-8", "replace")


def _quoted(text: str) -> Iterator[str]:
    for line in text[:LONG].split("\n"):
        yield f"  | {visible(line)}".rstrip()
    if len(text) > LONG:
        yield f"  … {len(text) - LONG} more characters"


class Lint(Command):
    """doit lint."""

    doc_purpose = "tell why a profile's score may be low, with its first prompt and answer in full"
    doc_usage = "PROFILE ..."

    def lines(self, names: list[str]) -> Iterator[str]:
        """The lines about each profile."""
        if not names:
            raise BenchError("doit lint takes a profile: doit lint <profile>; doit list has them.")
        for name in names:
            yield from lint(self.declared, self.profile(name))


def lint(config: Config, profile: Profile) -> Iterator[str]:
    """All lines about a profile. Raises BenchError where there is nothing to look at."""
    evidence = collect(config, profile)
    for finding in findings(evidence):
        yield from wrapped(finding)
    yield from first_exchange(evidence)
