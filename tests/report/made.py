"""The one factory of results for tests and benchmarks of the report; nothing is run."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.layout import Layout
from bench.profiles import Config, Profile, Sampling, Sandbox, Server
from bench.records import Completion, SampleInfo, Status
from bench.report.markdown import Report
from bench.report.render import conclude
from bench.report.results import GradedSample, Result

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
"""The models of the shared corpus."""
WORDS = "if the list is empty we return zero so that every element can be compared with the one before it but wait"
EVERY = "ppubtxenrlpcmfsopp"
"""An outcome of each kind, by the letters of outcomes.TABLE, on the demo's 18 problems."""
STATUSES: dict[str, tuple[Status, Status]] = {"p": ("pass", "pass"), "u": ("pass", "fail"), "t": ("timeout", "timeout")}
LOST = {"x": "truncated", "o": "looping", "e": "empty", "n": "no code", "r": "error", "l": "timeout"}
ERRORS = {
    "c": "IndexError: list index out of range", "m": "NameError: name 'List' is not defined",
    "f": "the solution does not define solve", "s": "SyntaxError: invalid syntax", "t": "ran out of time",
}  # fmt: skip
MACHINE = {
    "gpus": [{"name": "NVIDIA GeForce RTX 4090", "memory": 24 * 2**30}], "memory": 125 * 2**30,
    "cpu": "AMD Ryzen 9 7950X 16-Core Processor",
}  # fmt: skip
SELFTESTS = {
    "humaneval docker": {
        "dataset": "humaneval", "sandbox": "docker", "problems": 164, "base": 164, "plus": 164, "date": "2026-11-23",
    }
}  # fmt: skip
HOSTILE = [
    "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>{{7*7}}\u2028\x1b[31m\u202eevil",
    "**bold** _under_ `code` ~~gone~~ a | b | c",
    "[link](https://evil.example) ![img](https://evil.example/x.png) www.evil.example a@evil.example",
    "</summary></details><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "line one\n# heading\n\n- item",
    "\u202egnp.exe\u202c \u200bhidden\ufeff \U000e0041tag",
    "1. item",
    "&lt;b&gt; &amp; &#60;b&#62;",
    "``` fence",
    "$x^2$ [^1] [1]: https://evil.example",
    "\ud800 lone",
    "]]> --> <!-- comment",
    "",
    "x" * 5000,
]
"""Texts that try to be markup, HTML, a link, a terminal's commands or a template."""


def graded(task: str, letter: str, number: int = 0, **about: Any) -> GradedSample:
    """One sample with that outcome; `about` is of its SampleInfo, but for code, failure, retried and statuses."""
    statuses = about.pop("statuses", STATUSES.get(letter, ("fail", "fail")))
    lost = about.pop("lost", LOST.get(letter, ""))
    code = about.pop("code", "" if lost else f"def solve(value):\n    # {task}\n    return value\n")
    failure = about.pop("failure", None)
    if failure is None and letter != "p":
        failure = {"suite": "plus" if letter == "u" else "base", "index": 2, "input": "([1, 2],)"}
        wrong = {"expected": "[2, 1]", "actual": "None"}
        failure |= {"error": ERRORS[letter], "line": 3} if letter in ERRORS else wrong
    retried = about.pop("retried", False)
    info = SampleInfo(task, number, about.pop("rule", "fence" if code else "none"), lost, **about)
    return GradedSample(task, number, statuses, code, info, failure, letter != "b", retried)


def result(name: str, outcomes: str, dataset: str = "humaneval", prefix: str = "HumanEval", **about: Any) -> Result:
    """A result: a letter for each problem, or a word where there are spaces; `.` is a problem without a sample."""
    cells = outcomes.split() if " " in outcomes else list(outcomes)
    suites = about.get("suites", ("base", "plus"))
    samples = tuple(
        graded(f"{prefix}/{task}", letter, number, origin=f"raw.jsonl:{task + 1}")
        for task, word in enumerate(cells)
        for number, letter in enumerate(word)
        if letter not in ".-"
    )
    samples = tuple(replace(one, statuses=one.statuses[: len(suites)]) for one in samples)
    known: dict[str, Any] = {"title": name.title(), "n_problems": len(cells), "samples": samples}
    return Result(name, dataset, **known | about)


def run(**more: Any) -> dict[str, Any]:
    """A run.json of a greedy local model."""
    return {
        "schema": 1,
        "model": {"file": "m-Q6_K.gguf", "files": 3, "bytes": 67_100_000_000, "architecture": "qwen3next",
                  "quantization": "Q6_K", "context_train": 262144, "fingerprint": "51b2c3a4d5e6f708"},
        "server": {"kind": "compose", "build": "b7123-1a2b3c4", "slots": 1, "context": 16384,
                   "parameters": 79674391296, "image": "ghcr.io/ggml-org/llama.cpp:server-cuda", "machine": MACHINE},
        "settings": {"args": ["--jinja"], "placement": ["-ot", r"blk\.([0-9]|1[01])\.=CUDA0,exps=CPU"],
                     "max_tokens": 4096, "context": 16384, "slots": 1, "samples": 1, "temperature": 0.0, "top_p": 0.95,
                     "system_prompt": "You are a helpful assistant good at coding.", "request": {},
                     "prompt_version": 1},
        "totals": {"completions": 12, "prompt_tokens": 2160, "completion_tokens": 4321, "outcomes": {"stop": 12},
                   "speed": {"prompt": 812.4, "generation": 21.44}, "seconds": 3481.2},
        "versions": {"bench": "0.1.0", "python": "3.11.2", "requests": "2.32.0"},
        "began": "2026-11-24 22:10:03", "ended": "2026-11-24 23:08:41",
        **more,
    }  # fmt: skip


def local(speed: float, size: float, fingerprint: str = "f", **more: Any) -> dict[str, Any]:
    """A run.json that differs in speed (tokens/s), size (GB) and the file's fingerprint."""
    totals = {"completion_tokens": 60_000, "seconds": 60_000 / speed, "speed": {"prompt": 800, "generation": speed}}
    return run(model={"bytes": int(size * 1e9), "fingerprint": fingerprint}, totals=totals, **more)


def bench(**more: Any) -> dict[str, Any]:
    """A bench block of eval_results.json."""
    return {
        "schema": 1, "grader": "1", "evalplus": "0.3.1", "python": "3.11.2", "dataset": "humaneval",
        "sandbox": {"kind": "docker", "image": "ganler/evalplus:latest", "identity": "sha256:ab12", "numpy": "1.26.4",
                    "memory": 4096, "pids": 128},
        "dataset_hash": "fe585eb4df8c88d844eeb463ea4d0302", "workers": 2, "retries": 1, "cached": 3, "seconds": 9.4,
        **more,
    }  # fmt: skip


def report(*results: Result, **about: Any) -> Report:
    """Everything that follows from some results."""
    return conclude(results, **about)


def night() -> list[Result]:
    """Every kind of row: local models in two quantizations, samples, imports, one suite, and what did not run."""
    about: dict[str, Any] = {"run": run(), "bench": bench(), "date": "2026-11-24 23:40"}
    about["reference"] = "Qwen3-Coder-Next (FP16, official)"
    spent: dict[str, Any] = {"completion_tokens": 700, "seconds": 32.5}
    q6 = result("bench-q6", "pppppppppppu", title="Coder-Next Q6_K", note="the largest that fits", **about)
    q6 = replace(q6, samples=tuple(replace(one, info=replace(one.info, **spent)) for one in q6.samples))
    q4 = result("bench-q4", "pppppppbbbbp", title="Coder-Next Q4_K_M", **about | {"run": local(38.0, 48.3)})
    cut = replace(q4.samples[-1], info=replace(q4.samples[-1].info, lost="truncated", **spent))
    q4 = replace(q4, samples=(*q4.samples[:-1], cut))
    several = run(
        settings={"temperature": 0.8, "top_p": 0.95, "seed": 0, "samples": 2, "max_tokens": 1024}, totals={}, model={}
    )
    return [
        q6,
        q4,
        result("opus", "p" * 12, title="Claude Opus 4.6", reference="Claude Opus 4.5", bench=bench()),
        result("warm", "pp pb cc pp pp pb uu pp pp pp mm pp", title="Warm", run=several, date="2026-11-24 23:50"),
        result("part", "ppppp.......", title="Part", state="partial", reason="5 of 12 attempted", remedy="go on"),
        result("weak", "smfsbbbbbbbt", title="Weak", bench=bench()),
        result("old", "pppppp" + "b" * 6, title="Old", state="failed", reason="the server ended", remedy="fix that"),
        result("edited", "ppppppp" + "b" * 5, title="Edited Q8_0", state="outdated", reason="max_tokens 4096 → 8192"),
        result("bench-big", "", title="Big 400B Q2_K", state="skipped", reason="no model file big.gguf", n_problems=12),
        result("gone", "p" * 12, title="gone", state="gone", reason="profiles.toml no longer declares gone"),
        result("q6-quiz", "ppbp", "quiz", "Quiz", title="Coder-Next Q6_K", suites=("tests",), run=local(21.0, 67.1)),
        result("demo", "pub", "demo", "Demo", title="Demo (known answers)", bench=bench()),
    ]


@dataclass
class Made:
    """Results, and where their journals are: by (profile, dataset)."""

    results: list[Result] = field(default_factory=list)
    journals: dict[tuple[str, str], Path] = field(default_factory=dict)

    @property
    def report(self) -> Report:
        """Everything that follows from the results."""
        return conclude(self.results)


def answered(task_id: str, number: int, code: str, speed: float, thought: str = "", *, cut: bool) -> Completion:
    """The completion of a model that thinks for a while, then answers with `code`."""
    thought = thought or f"The task is {task_id}. " + " ".join(f"Case {i} holds." for i in range(len(code) // 20))
    answer = f"Here is a solution to the problem:\n\n```python\n{code}\n```\n\nIt walks through the input once."
    tokens = (len(answer) + len(thought)) // 4
    return Completion(
        "key", task_id, number, "truncated" if cut else "stop", answer[: len(answer) // 2] if cut else answer, thought,
        "length" if cut else "stop", 4096, None, 180, tokens, tokens / speed, {"prompt": 800.0, "generation": speed},
    )  # fmt: skip


def few(folder: Path) -> Made:
    """Three models on the demo's problems: one with every outcome, a quantization of it, and a partial import.

    The first has a journal, in which its answer to Demo/10 ended at max_tokens and passes all the same.
    """
    first = result("alpha-q8", EVERY, "demo", "Demo", title="Alpha Q8_0", run=local(50.0, 8.5), date="2026-11-24 10:00")
    cut = replace(first.samples[10], info=replace(first.samples[10].info, lost="truncated", outcome="truncated"))
    first = replace(first, samples=(*first.samples[:10], cut, *first.samples[11:]))
    journal = folder / "alpha-q8" / "demo" / "raw.jsonl"
    journal.parent.mkdir(parents=True)
    rows = (answered(s.task_id, 0, s.solution, 50.0, cut=s.info.lost == "truncated") for s in first.samples)
    journal.write_text("".join(json.dumps({"v": 1, **asdict(row)}) + "\n" for row in rows))
    q4 = {"title": "Alpha Q4_K_M", "run": local(80.0, 4.7, "g")}
    second = result("alpha-q4", "bpu" + 15 * "p", "demo", "Demo", **q4)
    part = {"state": "partial", "reason": "12 of 18 problems attempted"}
    third = result("gamma", "pppb" + 8 * "p" + 6 * ".", "demo", "Demo", title="Gamma", **part)
    return Made([first, second, third], {("alpha-q8", "demo"): journal})


def solutions(shared: Path, model: str) -> dict[str, str]:
    """A corpus model's solutions by problem."""
    lines = (shared / "corpus" / f"{model}.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["task_id"]: row.get("solution") or row.get("completion") or "" for row in rows}


def verdicts(shared: Path, model: str) -> dict[str, tuple[Status, Status]]:
    """A corpus model's base and plus status by problem."""
    known = json.loads((shared / "corpus" / "verdicts" / f"{model}.json").read_text())["verdicts"]
    return {task_id: (base, plus) for task_id, (base, plus) in known.items()}


def imported(shared: Path, model: str) -> Result:
    """A corpus model as an import: no speed, no answers, problems missing where the corpus lacks them."""
    known = verdicts(shared, model)
    samples = tuple(
        graded(task, "p" if known[task] == ("pass", "pass") else "b", code=code, statuses=known[task])
        for task, code in solutions(shared, model).items()
        if task in known
    )
    return Result(model, "humaneval", IMPORTED[model], n_problems=164, samples=samples, bench=bench())


def many(shared: Path, folder: Path, models: int, k: int = 1, answer_words: int = 0) -> Made:
    """As many local models as wanted, of ten families, with journals; every other one thinks for `words` words.

    They answer with the corpus's solutions, of which a few verdicts are turned; with `words`, no two are alike.
    """
    made = Made()
    sources = ("claude-opus-4", "qwen2.5-coder-32b", "gpt4", "llama3.3-70b", "deepcoder-14b", "wizardlm-30b-gptq")
    for number in range(models):
        speed = 10 + 140 * ((number * 7919) % 101) / 101
        name, title = f"model-{number}", f"Family {number % 10} Q{2 + number // 10}_K"
        journal = folder / name / "humaneval" / "raw.jsonl"
        journal.parent.mkdir(parents=True)
        rng = random.Random(number)
        samples, rows = [], []
        for task, code in solutions(shared, sources[number % len(sources)]).items():
            for at in range(k):
                wrong = rng.random() < (0.2 if k > 1 else 0.03)
                text = varied(code, rng) if answer_words else code
                thought = prose(rng, answer_words if number % 2 else min(answer_words, 1)) if answer_words else ""
                row = answered(task, at, text, speed, thought, cut=wrong and rng.random() < 0.4)
                statuses = ("fail", "fail") if wrong else verdicts(shared, sources[number % len(sources)])[task]
                rows.append(json.dumps({"v": 1, **asdict(row)}) + "\n")
                spent = {"completion_tokens": row.completion_tokens, "seconds": row.seconds}
                origin = {"lost": "truncated" if row.outcome == "truncated" else "", "origin": f"raw.jsonl:{len(rows)}"}
                letter = "p" if statuses == ("pass", "pass") else "b"
                samples.append(graded(task, letter, at, code=text, statuses=statuses, **spent, **origin))
        journal.write_text("".join(rows))
        made.journals[name, "humaneval"] = journal
        about: dict[str, Any] = {
            "run": local(speed, 8 + number % 7, name),
            "bench": bench(n_problems=164),
            "date": "2026-11-24 23:40",
        }
        made.results.append(Result(name, "humaneval", title, n_problems=164, samples=tuple(samples), **about))
    return made


def prose(rng: random.Random, answer_words: int) -> str:
    """So many words in an order that nobody wrote, which is harder to compress than what a model writes."""
    return " ".join(rng.choices(WORDS.split(), k=answer_words))


def varied(code: str, rng: random.Random) -> str:
    """The code with other comments."""
    lines = code.splitlines()
    return "\n".join(f"{line}  # {prose(rng, 4)}" if rng.random() < 0.3 else line for line in lines)


def profile(name: str, **about: Any) -> Profile:
    """A profile of a local model, but for what `about` says."""
    texts: dict[str, Any] = {"title": name.title(), "note": "", "reference": "", "model": "m.gguf", "solutions": ()}
    more: dict[str, Any] = {"partial": False, "args": (), "placement": (), "sampling": Sampling(), "server": Server()}
    return Profile(name, **(texts | more | about))


def config(results: Path, *profiles: Profile) -> Config:
    """A profiles file that declares `profiles`."""
    return Config(results.parent / "profiles.toml", results.parent, Layout(results), Sandbox(), profiles)


def written(root: Path, results: Sequence[Result]) -> Config:
    """A results folder that holds some results as grading leaves them, and the configuration that declares them."""
    layout = Layout(root)
    for one in results:
        files = layout.run(one.id, one.dataset)
        files.root.mkdir(parents=True, exist_ok=True)
        rows: dict[str, list[dict[str, Any]]] = {}
        about: dict[str, list[dict[str, Any]]] = {}
        for sample in one.samples:
            statuses = dict(zip(("base_status", "plus_status"), sample.statuses, strict=False))
            rows.setdefault(sample.task_id, []).append({"solution": sample.solution, **statuses})
            about.setdefault(sample.task_id, []).append({"failure": sample.failure, "plus_run": sample.all_run})
        block = {"n_problems": one.n_problems, "suites": list(one.suites), **one.bench, "samples": about}
        files.results.write_text(json.dumps({"date": one.date, "eval": rows, "bench": block}))
        files.sample_info.write_text("".join(json.dumps(asdict(sample.info)) + "\n" for sample in one.samples))
        if one.run:
            files.provenance.write_text(json.dumps(one.run))
    named: dict[str, list[Result]] = {}
    for one in results:
        named.setdefault(one.id, []).append(one)
    profiles = [
        profile(
            name, title=group[0].title, note=group[0].note, reference=group[0].reference,
            sampling=Sampling(datasets=tuple(one.dataset for one in group)),
        )
        for name, group in named.items()
    ]  # fmt: skip
    return config(root, *profiles)
