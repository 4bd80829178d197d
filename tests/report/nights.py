"""Made results of 1, 2, 17 and 78 models, with every kind of row, as real runs would leave them."""

import math
import random
from dataclasses import replace
from typing import Any

from bench.report.results import Result
from tests.report.made import bench, graded, run

LIMIT = 4096
SLOTS = 2
PREFIX = {"humaneval": "HumanEval", "mbpp": "Mbpp", "demo": "Demo"}
DAY = "2026-11-24 23:40"
FAILURES = "bbbbuuuctmfs"
"""How answers fail, by the letters of outcomes.TABLE."""


def strengths(dataset: str, problems: int) -> list[float]:
    """How hard each problem is, from -4 (easy) to 3."""
    rng = random.Random(dataset)
    return [rng.triangular(-5.0, 3.0, -2.5) for _ in range(problems)]


def model(
    name: str, title: str, ability: float, *, dataset: str = "humaneval", problems: int = 164, speed: float = 0.0,
    size: float = 0.0, tokens: float = 260.0, family: str = "", loops: float = 0.0, samples: int = 1,
    attempted: int = 0, failures: str = FAILURES, settings: dict[str, Any] | None = None, **about: Any,
) -> Result:  # fmt: skip
    """A model's result; one of the same `family` passes nearly the same problems. Without a speed it is an import."""
    rng, luck, rows = random.Random(f"{name} {dataset}"), random.Random(f"{family or name} {dataset}"), []
    for task, hard in enumerate(strengths(dataset, problems)):
        chance = 1 / (1 + math.exp(hard - ability))
        passes = luck.random()
        for number in range(samples):
            draw = passes if rng.random() > 0.1 else rng.random()
            letter = "p" if draw < chance else rng.choice(failures)
            count = int(rng.lognormvariate(math.log(tokens), 0.6)) if speed else 0
            if letter != "p" and rng.random() < loops:
                letter, count = rng.choice("xo"), LIMIT
            spent = {
                "completion_tokens": min(count, LIMIT),
                "seconds": round(SLOTS * count / speed, 2) if speed else 0.0,
            }
            if task < (attempted or problems):
                rows.append(
                    graded(f"{PREFIX[dataset]}/{task}", letter, number, origin=f"raw.jsonl:{task + 1}", **spent)
                )
    known = {"title": title, "n_problems": problems, "samples": tuple(rows), "bench": bench(), "date": DAY}
    if speed:
        known["run"] = provenance(rows, name, speed, size, settings or {})
    return Result(name, dataset, **known | about)


def provenance(rows: list[Any], name: str, speed: float, size: float, settings: dict[str, Any]) -> dict[str, Any]:
    """A run.json that fits the samples: two requests are in flight, so each takes twice its share of the time."""
    tokens, seconds = sum(one.info.completion_tokens for one in rows), sum(one.info.seconds for one in rows)
    known = run()
    about = {"file": f"{name}.gguf", "bytes": int(size * 1e9), "fingerprint": settings.pop("fingerprint", name)}
    return known | {
        "model": known["model"] | about | {"quantization": "", "files": 1},
        "server": known["server"] | {"slots": SLOTS} | settings.pop("server", {}),
        "settings": known["settings"] | {"max_tokens": LIMIT, "slots": SLOTS, "placement": []} | settings,
        "totals": {"prompt_tokens": 180 * len(rows), "completion_tokens": tokens, "seconds": round(seconds / SLOTS, 1),
                   "speed": {"prompt": 40 * speed, "generation": speed}},
        "cost": {"first_token_seconds": 9 / speed, "load_seconds": size / 2, "peak_memory": size * 1.1e9},
    }  # fmt: skip


def one() -> list[Result]:
    """A single model."""
    reference = "Qwen2.5-Coder-32B-Instruct"
    return [model("qwen-q6", "Qwen2.5-Coder 32B Q6_K", 0.9, speed=38.0, size=26.9, loops=0.1, reference=reference)]


def two() -> list[Result]:
    """Two quantizations of a model, on two sets."""
    quantizations = (("q8", "GLM-4.7 Flash Q8_0", 1.6, 105.0, 31.8), ("q4", "GLM-4.7 Flash Q4_K_M", 1.2, 138.0, 18.1))
    sets = (("humaneval", 164), ("mbpp", 378))
    return [
        model(name, title, ability, dataset=dataset, problems=problems, speed=speed, size=size, family="glm", loops=0.1)
        for dataset, problems in sets
        for name, title, ability, speed, size in quantizations
    ]


def seventeen() -> list[Result]:
    """A night with every kind of row: ties, cut answers, imports, a duel, families, and what is not whole."""
    next_: dict[str, Any] = {"family": "next", "speed": 21.4, "size": 69.0}
    flash: dict[str, Any] = {"family": "flash", "loops": 0.15, "tokens": 900.0}
    return [
        model("bench-opus4.6", "Claude Opus 4.6", 4.5, failures="bmmm", reference="Claude Opus 4.5"),
        model("oss-120b", "GPT-OSS 120B F16", 2.6, speed=20.1, size=65.4, tokens=1400.0, loops=0.3,
              reference="GPT-OSS 120B (official)"),
        model("next-q6-xl", "Qwen3-Coder-Next UD-Q6_K_XL", 2.2, **next_),
        model("next-q6-again", "Qwen3-Coder-Next UD-Q6_K_XL, second run", 2.2, **next_,
              settings={"fingerprint": "next-q6-xl"}),
        model("next-q6", "Qwen3-Coder-Next Q6_K", 2.1, **next_ | {"size": 65.8, "speed": 21.0}),
        model("next-q5", "Qwen3-Coder-Next UD-Q5_K_XL", 1.9, **next_ | {"size": 57.1, "speed": 26.0}, state="outdated",
              reason="max_tokens 2048 → 4096: 3 of 164 completions were truncated", remedy="doit eval:next-q5"),
        model("flash-q8", "GLM-4.7 Flash Q8_0", 1.6, speed=105.0, size=31.8, **flash),
        model("flash-q4", "GLM-4.7 Flash Q4_K_M", 0.9, speed=138.0, size=18.1, **flash),
        model("warm", "GLM-4.7 Flash Q8_0 at 0.8", 1.4, speed=104.0, size=31.8, tokens=900.0, samples=4,
              settings={"temperature": 0.8, "seed": 0, "samples": 4, "fingerprint": "flash-q8"}),
        model("devstral", "Devstral Small 24B Q5_K_M", 0.8, speed=52.0, size=16.8),
        model("codestral", "Codestral 22B Q4_K_M", 0.3, speed=61.0, size=13.3, state="failed",
              reason="llama-server ended while loading: out of memory (generate, 2026-11-24 22:02)",
              remedy="fix that, then doit eval:codestral"),
        model("agent", "A program of mine", 1.0, speed=30.0, loops=0.4, settings={"server": {"kind": "command"}}),
        model("smol", "SmolLM2 135M Q8_0", -3.4, speed=410.0, size=0.145, tokens=120.0, loops=0.2),
        model("half", "Gemma 3 27B Q4_K_M", 1.3, speed=34.0, size=16.5, attempted=71, state="partial",
              reason="71 of 164 problems so far", remedy="doit eval:half"),
        model("gone", "An older favourite", 0.7, state="gone", reason="profiles.toml no longer declares gone",
              remedy="declare it again, or remove gone/humaneval from the results folder"),
        Result("bench-big", "humaneval", "Kimi K2 1T UD-Q2_K_XL", state="skipped", n_problems=164,
               reason="no model file models/kimi-k2-1t-ud-q2_k_xl.gguf",
               remedy="put the file there, or change model in profiles.toml"),
        model("flash-q8", "GLM-4.7 Flash Q8_0", 9.0, dataset="demo", problems=18, speed=105.0, size=31.8),
        duel(),
    ]  # fmt: skip


def duel() -> Result:
    """A quantization that was worse after a part of the demo's problems."""
    whole = model("flash-q2", "GLM-4.7 Flash Q2_K", -9.0, dataset="demo", problems=18, speed=160.0, size=11.2,
                  duel="flash-q8", state="duel", reason="its duel with flash-q8 asked 12 of 18 problems")  # fmt: skip
    from bench.report.duels import ordered_problems

    task_ids = {task_id for _, task_id in ordered_problems({"demo": whole})[:12]}
    return replace(whole, samples=tuple(one for one in whole.samples if one.task_id in task_ids))


def seventy_eight() -> list[Result]:
    """As many local models: twenty-six, in three quantizations each."""
    quantizations = (("Q8_0", 1.0, 1.0), ("Q5_K_M", 0.67, 1.3), ("Q3_K_M", 0.46, 1.5))
    return [
        model(f"m{at}-{word.lower()}", f"Model {chr(65 + at)} {3 + 2 * at}B {word}", 3.0 - 0.2 * at - 0.3 * (1 - part),
              family=f"m{at}", speed=faster * 900 / (3 + 2 * at),
              size=part * 1.06 * (3 + 2 * at), loops=0.02 * (at % 5))
        for at in range(26)
        for word, part, faster in quantizations
    ]  # fmt: skip


NIGHTS = {1: one, 2: two, 17: seventeen, 78: seventy_eight}
