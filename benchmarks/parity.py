"""Verdicts beside EvalPlus's, on solutions that are changed in many small ways.

    python -m benchmarks.parity DATASET [--rounds 3] [--seed 1] [--corpus CORPUS]

Each round takes one solution of every problem, the canonical one or a model's, and changes what it returns (another
type, a little more, an exception) or a place of its code (a number, a comparison, an operator). Where the graders do
not agree, both verdicts are shown. EvalPlus 0.3.1 fails every solution of HumanEval/32, and what takes nearly its
whole limit can differ by the load.
"""

import argparse
import ast
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from bench.datasets import Problem
from benchmarks.evaluate import Bench

CHANGED_OUTPUT = """
_right = {name}

def {name}(*arguments):
    out = _right(*arguments)
    return {change}
"""
CHANGES = (
    "tuple(out) if isinstance(out, list) else list(out) if isinstance(out, tuple) else out",
    "set(out) if isinstance(out, list) else frozenset(out) if isinstance(out, set) else out",
    "iter(out) if isinstance(out, list) else out",
    "type('Own', (type(out),), {})(out) if isinstance(out, (str, list, dict, float)) else out",
    "__import__('numpy').array(out) if isinstance(out, (list, float)) else out",
    "__import__('collections').Counter(out) if isinstance(out, dict) else out",
    "float(out) if type(out) is int else int(out) if isinstance(out, bool) else out",
    "complex(out) if isinstance(out, (int, float)) else out",
    "__import__('fractions').Fraction(out) if isinstance(out, int) else out",
    "__import__('decimal').Decimal(out) if isinstance(out, (int, float)) else out",
    "out + 1e-7 if isinstance(out, float) else out",
    "out + 2e-6 if isinstance(out, float) else out",
    "[x + 1e-7 if isinstance(x, float) else x for x in out] if isinstance(out, list) else out",
    "float('nan') if isinstance(out, float) else out",
    "out.encode() if isinstance(out, str) else [out]",
    "out or None",
    "out if out else exit()",
    "out if out else __import__('sys').exit(0)",
    "out if out else next(iter(()))",
    "[argument.clear() for argument in arguments if isinstance(argument, list)] and None or out",
)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Div, ast.Mod)


def changed(text: str, name: str, dice: random.Random) -> str:
    """The solution with another output, or with another number, comparison or operator somewhere."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return text
    places = [node for node in ast.walk(tree) if isinstance(node, ast.Compare | ast.BinOp) or _is_number(node)]
    if not places or dice.random() < 0.5:
        return text + CHANGED_OUTPUT.format(name=name, change=dice.choice(CHANGES))
    match dice.choice(places):
        case ast.Compare() as place:
            place.ops[0] = dice.choice(COMPARISONS)()
        case ast.BinOp() as place:
            place.op = dice.choice(OPERATORS)()
        case ast.Constant(int(value)) as place:
            place.value = value + dice.choice((-1, 1))
    return ast.unparse(tree)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def solutions(problems: dict[str, Problem], corpus: Path | None) -> dict[str, list[str]]:
    """What each problem's solutions are made of."""
    found = {task_id: [problem.reference] for task_id, problem in problems.items()}
    for file in sorted(corpus.glob("*.jsonl")) if corpus else []:
        for row in map(json.loads, file.read_text().splitlines()):
            text = row.get("solution") or problems[row["task_id"]].prompt + row["completion"]
            found[row["task_id"]].append(text)
    return found


def passes(row: dict[str, Any]) -> tuple[bool, bool]:
    """Whether a sample passes the base suite, and both."""
    base = row["base_status"] == "pass"
    return base, base and row["plus_status"] == "pass"


def differences(bench: Bench) -> list[str]:
    """A line for each sample on whose score the graders do not agree."""
    theirs, ours = (json.loads(file.read_bytes())["eval"] for file in (bench.their_results, bench.files.results))
    pairs = {task_id: (theirs[task_id][0], ours[task_id][0]) for task_id in bench.problems}
    return [
        f"{task_id}: EvalPlus {their['base_status']}, {their['plus_status']}; "
        f"here {our['base_status']}, {our['plus_status']}\n{our['solution']}"
        for task_id, (their, our) in pairs.items()
        if passes(their) != passes(our)
    ]


def main() -> None:
    """Run the rounds and show where the graders differ."""
    parser = argparse.ArgumentParser(description="Verdicts beside EvalPlus's, on changed solutions")
    parser.add_argument("dataset", choices=("humaneval", "mbpp"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="models' solutions to change beside the canonical ones")
    options = parser.parse_args()
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as root:
        bench = Bench(Path(root), "bubblewrap", options.dataset)
        texts = solutions(bench.problems, options.corpus)
        for number in range(1, options.rounds + 1):
            made = {
                task_id: changed(dice.choice(texts[task_id]), problem.entry_point, dice)
                for task_id, problem in bench.problems.items()
            }
            lines = [json.dumps({"task_id": task_id, "solution": text}) + "\n" for task_id, text in made.items()]
            bench.theirs(lines)
            bench.ours(lines)
            found = differences(bench)
            print(f"round {number}: {len(found)} of {len(lines)} verdicts differ", *found, sep="\n", flush=True)


if __name__ == "__main__":
    main()
