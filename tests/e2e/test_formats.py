"""Datasets of several formats, asked of a model with known answers, from its server to the report."""

import json
import shutil
from pathlib import Path

import pytest

from bench.demo.model import build_answers
from bench.sandbox.kinds import available
from tests.e2e.conftest import Project

pytest.importorskip("xllamacpp", reason="no llama.cpp server on this machine: pip install xllamacpp")

ANSWERS = {
    "Add the two numbers": "```python\nprint(sum(map(int, input().split())))\n```",
    "Write triple": "```python\ndef triple(n):\n    return 3 * n\n```",
    "def first_letter": "Answer: 'o'",
    "def no_letter": "Answer: 'wrong'",
    "def twice": "```python\nclass Solution:\n    def twice(self, xs):\n        return [2 * x for x in xs]\n```",
    "const isOdd": "```javascript\nconst isOdd = n => n % 2 !== 0\n```",
}
PROFILES = """
[datasets]
mine = { file = "tasks", format = "tasks", title = "My tasks" }
literals = { file = "literals.jsonl", format = "cruxeval" }
classes = { file = "classes.jsonl", format = "leetcode" }
scripts = { file = "scripts.jsonl", format = "humanevalpack" }
[defaults]
datasets = ["mine", "literals", "classes"]
context = 2048
max_tokens = 64
[server]
kind = "process"
[sandbox]
kind = "bubblewrap"
[profiles.a]
title = "Known answers"
model = "a.gguf"
placement = ["-t", "1"]
"""


def files(root: Path) -> None:
    """A dataset of each format, and the model that knows them."""
    texts = {
        "tasks/add/prompt.md": "Add the two numbers of the input.",
        "tasks/add/tests.json": json.dumps({"tests": [{"stdin": "1 2\n", "stdout": "3\n"}]}),
        "tasks/triple/prompt.md": "Write triple.",
        "tasks/triple/test_triple.py": "def test_triple():\n    assert triple(2) == 6\n",
    }
    literals = [
        {"id": f"sample_{number}", "code": f"def {name}(s):\n    return s[:1]", "input": "'one'", "output": "'o'"}
        for number, name in enumerate(("first_letter", "no_letter"))
    ]
    classes = {
        "task_id": "twice", "prompt": "from typing import *\n", "entry_point": "Solution().twice",
        "problem_description": "Twice each.", "starter_code": "class Solution:\n    def twice(self, xs):\n        ",
        "completion": "class Solution:\n    def twice(self, xs):\n        return [x + x for x in xs]",
        "test": "def check(candidate):\n    assert candidate(xs = [1, 2]) == [2, 4]\n",
    }  # fmt: skip
    scripts = {
        "task_id": "JavaScript/0", "prompt": "const isOdd = (n) => {\n", "declaration": "const isOdd = (n) => {\n",
        "canonical_solution": "  return n % 2 !== 0\n}\n", "test": "console.assert(isOdd(3) === true)\n",
    }  # fmt: skip
    for name, rows in {"literals": literals, "classes": [classes], "scripts": [scripts]}.items():
        texts[f"{name}.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows)
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "models").mkdir()
    build_answers(root / "models" / "a.gguf", ANSWERS.items(), size=16)


def test_any_format_goes_from_the_question_to_the_report(project: Project) -> None:
    """Programs, tests, literals, classes and scripts are asked, extracted, graded and reported as functions are."""
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    files(project.root)
    project.write(PROFILES)
    wanted = {"mine": (1.0, 1.0), "literals": (0.5, 0.5), "classes": (1.0, 1.0)}
    if shutil.which("node"):
        project.edit('"classes"]', '"classes", "scripts"]')
        wanted["scripts"] = (1.0, 1.0)
    ran = project.doit()
    assert ran.code == 0, ran.out
    assert {name: project.scores("a", name) for name in wanted} == wanted
    assert project.doit().tasks == []
    assert "My tasks" in project.report()
    known = {one["dataset"]: one for one in json.loads((project.results / "report.json").read_bytes())["datasets"]}
    assert {name: known[name]["tests_in_process"] for name in wanted} == {
        name: name in ("mine", "scripts") for name in wanted
    }
