"""Our code gets the verdict that EvalPlus's sanitizer's code would get, on real models' answers."""

import ast
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import datasets
from bench.evaluate.run import evaluate
from bench.extract import extract_code
from bench.layout import RunFiles
from bench.profiles import Sandbox
from bench.sandbox.kinds import available

LINES = 90
"""Longer texts take EvalPlus's sanitizer seconds to hours; benchmarks/extract.py says how long."""
EVERY = 9
"""Of the corpus each ninth solution is compared, which is one or more of each problem."""

pytestmark = [pytest.mark.slow, pytest.mark.corpus, pytest.mark.usefixtures("evalplus_imports")]


@dataclass(frozen=True)
class Pair:
    """What the sanitizer and we take from the same text."""

    name: str
    task_id: str
    theirs: str
    ours: str

    @property
    def alike(self) -> bool:
        """Whether both are the same program, so that they cannot get different verdicts."""
        return self.theirs.strip() == self.ours.strip() or tree(self.theirs) == tree(self.ours) != ""


def tree(code: str) -> str:
    """The syntax of `code` without places and comments; "" where it does not parse or defines nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(ast.parse(code))
        except (SyntaxError, ValueError):
            return ""


def texts(file: Path) -> Iterator[tuple[str, str]]:
    """The problem and the text of each line, as EvalPlus's sanitizer reads it."""
    known = datasets.load("humaneval").problems
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = row.get("answer", row.get("solution"))
        yield row["task_id"], known[row["task_id"]].prompt + "\n" + row["completion"] if text is None else text


def pair(name: str, task_id: str, text: str) -> Pair:
    """Both sides of one text."""
    from evalplus.sanitize import sanitize

    problem = datasets.load("humaneval").problems[task_id]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sanitize(text, problem.entry_point)
    return Pair(name, task_id, theirs, extract_code(text, problem.entry_point, problem.prompt).code)


@pytest.fixture
def pairs(shared: Path, real_datasets: dict[str, Path]) -> list[Pair]:
    """Every raw answer, and a sample of the corpus, through both."""
    pairs = [
        pair(file.name, task_id, text)
        for file in sorted((shared / "corpus" / "raw").glob("*.jsonl"))
        for task_id, text in texts(file)
        if text.count("\n") <= LINES
    ]
    for offset, file in enumerate(sorted((shared / "corpus").glob("*.jsonl"))):
        sample = list(texts(file))[offset % EVERY :: EVERY]
        pairs += [pair(file.name, task_id, text) for task_id, text in sample if text.count("\n") <= LINES]
    return pairs


def test_same_verdicts(pairs: list[Pair], tmp_path: Path) -> None:
    """Where the programs differ, both are graded, and the verdicts are the same."""
    assert len(pairs) > 200
    different = [one for one in pairs if not one.alike]
    assert len(different) < len(pairs) / 10
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    order = list(datasets.load("humaneval").problems)
    different.sort(key=lambda one: order.index(one.task_id))
    verdicts = [graded([getattr(one, side) for one in different], different, tmp_path) for side in ("theirs", "ours")]
    assert verdicts[0] == verdicts[1]


def graded(codes: list[str], pairs: list[Pair], folder: Path) -> list[tuple[str, str, str, str]]:
    """File, problem, base and plus status of each code."""
    files = RunFiles(folder / "profile", "humaneval")
    files.root.mkdir(parents=True, exist_ok=True)
    rows = [{"task_id": one.task_id, "solution": code} for one, code in zip(pairs, codes, strict=True)]
    files.samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    evaluate(files, "humaneval", Sandbox(kind="bubblewrap"), folder / "cache")
    results = json.loads(files.results.read_bytes())["eval"]
    seen: dict[str, int] = {}
    pairs = []
    for one in pairs:
        row = results[one.task_id][seen.setdefault(one.task_id, 0)]
        seen[one.task_id] += 1
        pairs.append((one.name, one.task_id, row["base_status"], row["plus_status"]))
    return pairs


def test_runaway_answers_that_pass(shared: Path, real_datasets: dict[str, Path]) -> None:
    """Two long answers close a thought that they never opened, behind code that passes: it is found."""
    pairs = dict(texts(shared / "corpus" / "deepcoder-14b.jsonl"))
    for task_id, name in (("HumanEval/114", "minSubArraySum"), ("HumanEval/133", "sum_squares")):
        extraction = extract_code(pairs[task_id], name)
        assert (extraction.rule, extraction.code.split("(")[0]) == ("text", f"def {name}")
