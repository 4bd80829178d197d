"""Small constructed entries for tests: outcomes by letter, nothing is run."""

from dataclasses import replace
from typing import Any

from bench.report.records import Entry, Graded

from bench.records import SampleInfo, Status

OUTCOMES: dict[str, tuple[Status, Status]] = {
    "p": ("pass", "pass"), "u": ("pass", "fail"), "b": ("fail", "fail"), "t": ("timeout", "timeout"),
}  # fmt: skip
SELFTESTS = {
    "humaneval docker": {
        "dataset": "humaneval", "sandbox": "docker", "problems": 164, "base": 164, "plus": 164, "date": "2026-11-23",
    }
}  # fmt: skip
"""What the self-tests said."""
HOSTILE = [
    "<script>alert(1)</script>",
    "**bold** _under_ `code` ~~gone~~",
    "a | b | c",
    "[link](https://evil.example) ![img](https://evil.example/x.png)",
    "https://evil.example www.evil.example a@evil.example",
    "</summary></details><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "line one\n# heading\n\n- item",
    "\u202egnp.exe\u202c \u200bhidden\ufeff \U000e0041tag",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "| a |",
    "    indented",
    "&lt;b&gt; &amp; &#60;b&#62;",
    "``` fence",
    "\\` \\| \\",
    "{{ 7 * 7 }} {% raw %}",
    "$x^2$ [^1] [1]: https://evil.example",
    "\ud800 lone",
    "]]> --> <!-- comment",
    "*",
    "",
    "x" * 5000,
]
"""Texts that try to be markup, HTML, a link, a terminal's commands or a template."""


def graded(task: str, outcome: str, number: int = 0, **about: Any) -> Graded:
    """One sample; `about` goes into its SampleInfo."""
    base, plus = OUTCOMES[outcome]
    info = SampleInfo(task, number, about.pop("rule", "fence"), about.pop("lost", ""), **about)
    return Graded(task, number, base, plus, "def f(): ...", info)


def entry(name: str, outcomes: str, dataset: str = "humaneval", **about: Any) -> Entry:
    """An entry: a letter for each problem, or a word where it has several samples; `.` is none."""
    words = outcomes.split() if " " in outcomes else list(outcomes)
    samples = tuple(
        graded(f"HumanEval/{task}", letter, number)
        for task, word in enumerate(words)
        for number, letter in enumerate(word)
        if letter != "."
    )
    about = {"title": name.title(), "note": "", "reference": "", "state": "done", "n_problems": len(words)} | about
    return Entry(name, dataset, samples=about.pop("samples", samples), **about)


def run(**more: Any) -> dict[str, Any]:
    """A run.json of a greedy local model, as runs.py reads it."""
    return {
        "schema": 1,
        "model": {"file": "m-Q6_K.gguf", "files": 3, "bytes": 67_100_000_000, "architecture": "qwen3next",
                  "quantization": "Q6_K", "context_train": 262144, "fingerprint": "51b2c3a4d5e6f708"},
        "server": {"kind": "compose", "build": "b7123-1a2b3c4", "slots": 1, "context": 16384,
                   "parameters": 79674391296, "image": "ghcr.io/ggml-org/llama.cpp:server-cuda"},
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


def bench() -> dict[str, Any]:
    """A bench block of eval_results.json."""
    return {
        "schema": 1, "grader": "1", "evalplus": "0.3.1", "python": "3.11.2", "dataset": "humaneval",
        "sandbox": {"kind": "docker", "image": "ganler/evalplus:latest", "identity": "sha256:ab12", "numpy": "1.26.4",
                    "memory": 4096, "pids": 128},
        "dataset_hash": "fe585eb4df8c88d844eeb463ea4d0302", "workers": 2, "retries": 1, "cached": 3, "seconds": 9.4,
    }  # fmt: skip


def night() -> list[Entry]:
    """Every kind of row: local models in two quantizations, samples, imports, and what did not run."""
    local = {"run": run(), "bench": bench(), "date": "2026-11-24 23:40"}
    more = {**local, "reference": "Qwen3-Coder-Next (FP16, official)"}
    cut = entry("bench-q4", "pppppppbbbbp", title="Coder-Next Q4_K_M", **more)
    samples = (*cut.samples[:-1], replace(cut.samples[-1], info=replace(cut.samples[-1].info, lost="truncated")))
    several = run(settings={"temperature": 0.8, "top_p": 0.95, "seed": 0, "samples": 2, "max_tokens": 1024}, totals={})
    no_file, no_profile = "no model file models/big.gguf", "profiles.toml no longer declares gone"
    edited = "max_tokens 4096 → 8192 (generate)"
    ended, some = "the server ended (generate, 2026-11-24 22:10)", "5 of 12 problems attempted"
    return [
        entry("bench-q6", "pppppppppppu", title="Coder-Next Q6_K", note="the largest that fits", **more),
        replace(cut, samples=samples),
        entry("opus", "pppppppppppp", title="Claude Opus 4.6", reference="Claude Opus 4.5", bench=bench()),
        entry("warm", "pp pb bb pp pp pb uu pp pp pp bb pp", title="Warm", run=several, date="2026-11-24 23:50"),
        entry("part", "ppppp.......", title="Part", state="partial", reason=some, remedy="go on"),
        entry("weak", "bbbbbbbbbbbt", title="Weak", bench={**bench(), "retries": 1}),
        entry("old", "pppppp" + "b" * 6, title="Old", state="failed", reason=ended),
        entry(
            "edited",
            "ppppppp" + "b" * 5,
            title="Edited Q8_0",
            state="outdated",
            reason=edited,
            remedy="doit eval:edited",
        ),
        entry("bench-big", "", title="Big 400B Q2_K", state="skipped", reason=no_file, n_problems=12),
        entry("gone", "p" * 12, title="gone", state="gone", reason=no_profile),
        entry("demo", "pub", dataset="demo", title="Demo (known answers)", bench=bench()),
    ]
