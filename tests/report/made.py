"""Entries for tests and benchmarks of the report: real solutions with known verdicts, nothing is run."""

import json
import random
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.report.records import Entry, Graded, State

from bench.records import Completion, SampleInfo, Status

IMPORTED = {
    "claude-opus-4": "Claude Opus 4",
    "qwen2.5-coder-32b": "Qwen2.5-Coder 32B Instruct",
    "gpt4": "GPT-4 (May 2023)",
    "llama3.3-70b": "Llama 3.3 70B Instruct",
    "mistral-large-123b": "Mistral Large 123B",
    "deepcoder-14b": "DeepCoder 14B Preview",
    "deepseek-coder-1.3b": "DeepSeek Coder 1.3B",
    "wizardlm-30b-gptq": "WizardLM 30B GPTQ",
    "starcoderplus-gptq": "StarCoderPlus GPTQ",
    "vicunlocked-30b-gptq": "VicUnlocked 30B GPTQ",
    "falcon-7b-gptq": "Falcon 7B GPTQ",
}
"""The models of the shared corpus, best first."""

LOCAL = (
    ("Qwen3-Coder-Next", "UD-Q6_K_XL", "claude-opus-4", 21.4, 1),
    ("Qwen3-Coder-Next", "Q6_K", "claude-opus-4", 21.0, 3),
    ("Qwen3-Coder-Next", "UD-Q5_K_XL", "claude-opus-4", 25.8, 6),
    ("GPT-OSS 120B", "F16", "qwen2.5-coder-32b", 20.3, 2),
    ("GLM-4.7 Flash", "Q8_0", "gpt4", 105.0, 4),
    ("GLM-4.7 Flash", "Q4_K_M", "gpt4", 138.2, 9),
)
"""Family, quantization, whose solutions it answers with, tokens/s, and how many of its passes are turned to fails."""


WORDS = (  # noqa: SIM905 - a list of quoted words is hard to read
    "if the list is empty we return zero so that every element which follows can be compared with the one before it "
    "but wait what about negative numbers let me check again first second third last index value string integer float "
    "sorted reversed set dictionary count loop until condition holds example expected output should not be more than "
    "edge case handled therefore answer function returns true false otherwise because problem says only even odd prime"
).split()


@dataclass
class Made:
    """Entries, and where their journals are: by (profile, dataset)."""

    entries: list[Entry] = field(default_factory=list)
    journals: dict[tuple[str, str], Path] = field(default_factory=dict)


def solutions(shared: Path, model: str) -> dict[str, str]:
    """A corpus model's solutions by problem."""
    lines = (shared / "corpus" / f"{model}.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["task_id"]: row.get("solution") or row.get("completion") or "" for row in rows}


def verdicts(shared: Path, model: str) -> dict[str, tuple[Status, Status]]:
    """A corpus model's base and plus status by problem."""
    known = json.loads((shared / "corpus" / "verdicts" / f"{model}.json").read_text())["verdicts"]
    return {task_id: (base, plus) for task_id, (base, plus) in known.items()}


def graded(task_id: str, base: Status, plus: Status, solution: str, **about: Any) -> Graded:
    """One graded sample; `about` goes into its SampleInfo, `failure` and `number` beside it."""
    failure = about.pop("failure", None) or made_up_failure(base, plus, solution)
    number = about.pop("number", 0)
    info = SampleInfo(
        task_id=task_id,
        sample=number,
        rule=about.pop("rule", "fence" if solution.strip() else "none"),
        lost=about.pop("lost", "" if solution.strip() else "no code"),
        **about,
    )
    return Graded(task_id, number, base, plus, solution, info, failure, plus_run=base == "pass")


def made_up_failure(base: Status, plus: Status, solution: str) -> dict[str, Any] | None:
    """A failure of the form that the judge writes, for a sample that was not run here."""
    if base == plus == "pass":
        return None
    suite = "plus" if base == "pass" else "base"
    where = {"suite": suite, "index": len(solution) % 23, "input": "[[1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3]"}
    if "timeout" in (base, plus):
        return where | {"error": "ran out of time", "line": 0}
    if len(solution) % 3 == 0:
        line = 1 + len(solution) % max(1, solution.count("\n"))
        return where | {"error": "IndexError: list index out of range", "line": line}
    return where | {"actual": "[2.0, 3.9]", "expected": "[1.0, 2.0, 3.9]"}


def imported(shared: Path, model: str, dataset: str = "humaneval") -> Entry:
    """A corpus model as an import: no speed, no answers, problems missing where the corpus lacks them."""
    codes, known = solutions(shared, model), verdicts(shared, model)
    samples = tuple(
        graded(task_id, *known[task_id], code, rule="verbatim", origin=f"{model}.jsonl:{line}")
        for line, (task_id, code) in enumerate(codes.items(), 1)
        if task_id in known
    )
    state: State = "done" if len(samples) == 164 else "partial"
    return Entry(
        model, dataset, IMPORTED[model], "from the corpus", "", state,
        n_problems=164, samples=samples, bench=bench_block(), date="2026-11-24 10:12",
    )  # fmt: skip


def local(
    shared: Path, folder: Path, row: tuple[str, str, str, float, int], made: Made, k: int = 1, words: int = 0
) -> None:
    """Add a made-up local model that answers with a corpus model's solutions, with its journal; `k` samples each.

    With `words`, no two answers are alike: comments are strewn into the code, and thoughts have so many words.
    """
    family, quantization, model, speed, flips = row
    name = f"bench-{family}-{quantization}".lower().replace(" ", "-")
    rng = random.Random(name)
    codes, known = solutions(shared, model), verdicts(shared, model)
    turned = set(rng.sample([task for task, both in known.items() if both == ("pass", "pass")], flips))
    journal, samples = folder / name / "humaneval" / "raw.jsonl", []
    journal.parent.mkdir(parents=True)
    with journal.open("w") as file:
        line = 0
        for task_id, code in codes.items():
            for number in range(k):
                base, plus = known[task_id]
                wrong = task_id in turned or (k > 1 and rng.random() < 0.2)
                text, thought = (varied(code, rng), prose(rng, words)) if words else (code, "")
                completion = answered(task_id, number, text, speed, thought, cut=wrong and rng.random() < 0.4)
                file.write(json.dumps({"v": 1, **asdict(completion)}) + "\n")
                line += 1
                if wrong:
                    base, plus = ("pass", "fail") if rng.random() < 0.5 else ("fail", "fail")
                samples.append(
                    graded(
                        task_id, base, plus, text, number=number, outcome=completion.outcome,
                        lost="truncated" if completion.outcome == "truncated" else "",
                        completion_tokens=completion.completion_tokens, seconds=completion.seconds,
                        origin=f"raw.jsonl:{line}",
                    )
                )  # fmt: skip
    made.journals[name, "humaneval"] = journal
    run = run_json(name, family, quantization, speed, samples)
    made.entries.append(
        Entry(
            name, "humaneval", f"{family} {quantization}", "", "Qwen3-Coder-Next (FP16, official)", "done",
            n_problems=164, samples=tuple(samples), run=run, bench=bench_block(), date="2026-11-24 23:40",
        )
    )  # fmt: skip


def prose(rng: random.Random, words: int) -> str:
    """So many words in an order that nobody wrote, which is harder to compress than what a model writes."""
    return " ".join(rng.choices(WORDS, k=words))


def varied(code: str, rng: random.Random) -> str:
    """The code with other comments."""
    lines = code.splitlines()
    return "\n".join(f"{line}  # {prose(rng, 4)}" if rng.random() < 0.3 else line for line in lines)


def answered(task_id: str, number: int, code: str, speed: float, thought: str = "", *, cut: bool) -> Completion:
    """The completion of a model that thinks for a while, then answers with `code`."""
    thought = thought or f"The task is {task_id}. " + " ".join(f"Case {i} holds." for i in range(len(code) // 20))
    answer = f"Here is a solution to the problem:\n\n```python\n{code}\n```\n\nIt walks through the input once."
    tokens = (len(answer) + len(thought)) // 4
    return Completion(
        "key", task_id, number, "truncated" if cut else "stop", answer[: len(answer) // 2] if cut else answer, thought,
        "length" if cut else "stop", 4096, None, 180, tokens, tokens / speed, {"prompt": 800.0, "generation": speed},
    )  # fmt: skip


def run_json(name: str, family: str, quantization: str, speed: float, samples: list[Graded]) -> dict[str, Any]:
    """run.json as the generate stage writes it."""
    tokens = sum(one.info.completion_tokens for one in samples)
    return {
        "schema": 1, "profile": name, "dataset": "humaneval", "dataset_hash": "fe585eb4df8c88d844eeb463ea4d0302",
        "model": {
            "file": f"{family}/{family}-{quantization}.gguf", "files": 1, "bytes": 18_200_000_000, "name": family,
            "architecture": "qwen3next", "quantization": quantization, "context_train": 262144,
            "fingerprint": "51b2c3a4d5e6f708",
        },
        "server": {
            "kind": "compose", "build": "b7123-1a2b3c4", "slots": 1, "context": 16384, "parameters": 79674391296,
        },
        "settings": {
            "args": ["--jinja"], "placement": ["-ot", r"blk\.([0-9]|1[01])\.=CUDA0,exps=CPU"], "max_tokens": 4096,
            "context": 16384, "slots": 1, "samples": 1, "temperature": 0.0, "top_p": 0.95, "seed": 0,
            "system_prompt": "You are a helpful assistant good at coding.", "request": {}, "prompt_version": 1,
        },
        "totals": {
            "completions": len(samples), "prompt_tokens": 180 * len(samples), "completion_tokens": tokens,
            "outcomes": {"stop": len(samples)}, "speed": {"prompt": 812.4, "generation": speed},
            "seconds": tokens / speed + 90,
        },
        "versions": {"bench": "0.1.0", "python": "3.11.2", "requests": "2.32.0"},
        "began": "2026-11-24 22:10:03", "ended": "2026-11-24 23:08:41",
    }  # fmt: skip


def bench_block() -> dict[str, Any]:
    """The bench block of eval_results.json."""
    return {
        "schema": 1, "grader": 1, "evalplus": "0.3.1", "python": "3.11.2", "dataset": "humaneval",
        "sandbox": {"kind": "docker", "image": "ganler/evalplus:latest", "memory": 4096, "pids": 128},
        "dataset_hash": "fe585eb4df8c88d844eeb463ea4d0302", "workers": 2, "retries": 1, "cached": 0, "seconds": 9.4,
        "n_problems": 164,
    }  # fmt: skip


def night(shared: Path, folder: Path, models: int = len(IMPORTED)) -> Made:
    """A night's results: local models in several quantizations, imports, and profiles without results."""
    made = Made()
    for row in LOCAL:
        local(shared, folder, row, made)
    made.entries += [imported(shared, model) for model in list(IMPORTED)[:models]]
    made.entries += [
        Entry("bench-opus4.6", "humaneval", "Claude Opus 4.6", "", "", "skipped",
              "no solutions yet in results/bench-opus4.6/import/ (README: Claude)", 164),
        Entry("bench-big", "humaneval", "Big 400B Q2_K", "", "", "failed",
              "server ended while loading: out of memory; results/bench-big/server.log", 164),
    ]  # fmt: skip
    return made


def many(shared: Path, folder: Path, models: int, k: int = 1, words: int = 0) -> Made:
    """As many local models as wanted, of ten families, with journals; every other one thinks for `words` words."""
    made = Made()
    sources = ("claude-opus-4", "qwen2.5-coder-32b", "gpt4", "llama3.3-70b", "deepcoder-14b", "wizardlm-30b-gptq")
    for number in range(models):
        speed, flips = 10 + 140 * ((number * 7919) % 101) / 101, 3 + number % 5
        row = (f"Family {number % 10}", f"Q{2 + number // 10}_K", sources[number % len(sources)], speed, flips)
        local(shared, folder, row, made, k, words if number % 2 else min(words, 1))
    return made


EVERY = "ppubtxenrlpppppppp"
"""An outcome of each kind (letters of bench.report.board.KINDS) on the demo's 18 problems."""
STATUSES: dict[str, tuple[Status, Status, str]] = {
    "p": ("pass", "pass", ""),
    "u": ("pass", "fail", ""),
    "b": ("fail", "fail", ""),
    "t": ("timeout", "fail", ""),
    "x": ("fail", "fail", "truncated"),
    "e": ("fail", "fail", "empty"),
    "n": ("fail", "fail", "no code"),
    "r": ("fail", "fail", "error"),
    "l": ("fail", "fail", "timeout"),
}


def demo(profile: str, title: str, letters: str, **about: Any) -> Entry:
    """An entry on the demo's problems that has these outcomes, from the first problem on."""
    samples = []
    for at, letter in enumerate(letters):
        base, plus, lost = STATUSES[letter]
        code = "" if lost else f"def solve_{at}(value):\n    # {title}\n    return value[{at}]\n"
        about_failure = {"suite": "base", "index": 2, "input": f"([1, {at}],)"}
        if letter in "ub":
            about_failure |= {"expected": f"[{at}, 1]", "actual": "None"}
        else:
            about_failure |= {"error": "IndexError: list index out of range", "line": 3}
        failure = None if letter == "p" else about_failure
        samples.append(
            graded(
                f"Demo/{at}", base, plus, code, lost=lost, failure=failure, origin=f"raw.jsonl:{at + 1}",
                rule="fence" if code else "none",
            )
        )  # fmt: skip
    state: State = "done" if len(letters) == 18 else "partial"
    return Entry(profile, "demo", title, "", "", state, n_problems=18, samples=tuple(samples), **about)


def few(folder: Path) -> Made:
    """Three models on the demo's problems: one with every outcome, a quantization of it, and a partial import.

    The first has a journal, in which its answer to Demo/10 ended at max_tokens and passes all the same.
    """
    first = demo("alpha-q8", "Alpha Q8_0", EVERY, run=run_json("alpha-q8", "Alpha", "Q8_0", 50.0, []))
    cut = replace(first.samples[10], info=replace(first.samples[10].info, lost="truncated", outcome="truncated"))
    first = replace(first, samples=(*first.samples[:10], cut, *first.samples[11:]))
    journal = folder / "alpha-q8" / "demo" / "raw.jsonl"
    journal.parent.mkdir(parents=True)
    rows = (answered(s.task_id, 0, s.solution, 50.0, cut=s.info.lost == "truncated") for s in first.samples)
    journal.write_text("".join(json.dumps({"v": 1, **asdict(row)}) + "\n" for row in rows))
    second = demo(
        "alpha-q4", "Alpha Q4_K_M", "bp" + "u" + 15 * "p", run=run_json("alpha-q4", "Alpha", "Q4_K_M", 80.0, [])
    )
    third = demo("gamma", "Gamma", "pppb" + 8 * "p", reason="12 of 18 problems attempted")
    return Made([first, second, third], {("alpha-q8", "demo"): journal})


HOSTILE = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>{{7*7}}\u2028\x1b[31m\u202eevil"
"""A text that would run, load, or look like another one wherever it is not treated as text."""


def hostile(folder: Path) -> Made:
    """A model whose every text is hostile."""
    failure = {"suite": HOSTILE, "index": 0, "input": f"[{HOSTILE}]", "expected": HOSTILE, "actual": HOSTILE}
    error = {"suite": "plus", "index": None, "error": HOSTILE, "line": 2}
    code = f'"""{HOSTILE}"""\n{HOSTILE}\ud800'
    samples = (
        graded("Demo/0", "fail", "fail", code, failure=failure, rule=HOSTILE, origin="raw.jsonl:1"),
        graded("Demo/1", "pass", "fail", code, failure=error, origin=f"{HOSTILE}:1", lost=HOSTILE),
        graded(f"Demo/{HOSTILE}", "pass", "pass", code),
    )
    run = {"model": {"name": HOSTILE}, "server": {HOSTILE: HOSTILE}, "totals": {"speed": {"generation": 9.5}}}
    journal = folder / "raw.jsonl"
    journal.write_text(json.dumps(asdict(Completion("", "Demo/0", 0, "stop", HOSTILE + code, HOSTILE))) + "\n")
    made = Entry(HOSTILE, "demo", HOSTILE, HOSTILE, HOSTILE, "failed", HOSTILE, 18, samples, run, {HOSTILE: HOSTILE})
    absent = Entry("other", "demo", HOSTILE, HOSTILE, HOSTILE, "skipped", HOSTILE, 18, remedy=HOSTILE)
    return Made([made, absent], {(HOSTILE, "demo"): journal})
