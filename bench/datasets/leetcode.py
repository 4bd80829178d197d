"""LeetCodeDataset: a method of a class Solution, with dates and difficulties; tests are assertions.

Linked lists and trees are built in the sandbox from LeetCode's notation as lists.
"""

import ast
import re
from functools import partial
from typing import Any

from bench.datasets import literals
from bench.datasets.asserts import ENTRY, Tests, gather
from bench.datasets.modules import foreign, left_out_reason
from bench.datasets.problem import Problem
from bench.datasets.rows import Row, fixable, row_by_row
from bench.errors import DatasetError

INSTRUCTION = (
    "Solve this problem in Python: complete the class, and answer with one Python code block that holds all of it."
)


def _problem(row: Row) -> Problem:
    reference, entry, checks = row.text("completion"), row.text("entry_point"), row.text("test")
    preamble, absent = _preamble(row.text("prompt"))
    needed = foreign(reference) | {module for name, module in absent.items() if re.search(rf"\b{name}\b", reference)}
    meta = row.fields.get("meta")
    facts = {**(meta if isinstance(meta, dict) else {}), **row.fields}
    return Problem(
        task_id=f"LeetCode/{row.text('task_id')}",
        message=f"{INSTRUCTION}\n\n{_question(row)}",
        entry_point=ENTRY,
        reference=reference,
        preamble=preamble,
        defines=entry.partition("(")[0],
        place=row.place,
        date=str(facts.get("estimated_date") or facts.get("date") or ""),
        difficulty=str(facts.get("difficulty") or ""),
        left_out=left_out_reason(needed),
        rest=partial(_tests, row.place, checks, reference, entry),
    )


problems = row_by_row(_problem)


def _preamble(source: str) -> tuple[str, dict[str, str]]:
    """The code that runs first, without imports that fail in the sandbox, and the imported names with their modules."""
    lines: list[str] = []
    absent: dict[str, str] = {}
    for line in source.split("\n"):
        if left_out_reason(modules := foreign(line)):
            absent |= dict.fromkeys(re.findall(r"\w+", line.partition("import ")[2]), *modules)
        else:
            lines.append(line)
    return "\n".join(lines), absent


def _tests(place: str, checks: str, reference: str, entry: str) -> dict[str, Any]:
    with fixable(place, "code that is no Python"):
        functions = [node for node in literals.parse(checks).body if isinstance(node, ast.FunctionDef)]
        order = _parameters(reference, entry.rpartition(".")[2])
    if not functions:
        raise DatasetError(f"{place} has no function in its test; fix that line.")
    return gather(functions[0].body, Tests("candidate", order, target=entry)).fields


def _question(row: Row) -> str:
    """The description and the starter code; older files have both only in their query."""
    if "problem_description" in row.fields:
        return f"{row.text('problem_description').strip()}\n\n```python\n{row.text('starter_code').rstrip()}\n```"
    query = row.text("query")
    _, mark, rest = query.partition("### Question:\n")
    if not mark:
        return query.strip()
    question, _, code = rest.partition("### Format:")
    starter = code.partition("```python\n")[2].partition("```")[0]
    return f"{question.strip()}\n\n```python\n{starter.rstrip()}\n```"


def _parameters(source: str, method: str) -> tuple[str, ...]:
    """The names of a method's parameters, in their order."""
    for node in ast.walk(literals.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == method:
            return tuple(value.arg for value in node.args.args if value.arg != "self")
    return ()
