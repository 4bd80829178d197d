"""One row of a file of solutions → a solution: which field holds it, and whether it is code yet."""

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from bench.errors import SamplesError
from bench.extract import extract_code
from bench.imports.rows import Row
from bench.problems import Problem
from bench.records import Outcome, SampleInfo
from bench.untrusted import number

OUTCOMES = get_args(Outcome)
LOST_OUTCOMES = ("empty", "error", "timeout")
TEXT_KEYS = ("solution", "completion", "answer")


@dataclass(frozen=True)
class Solution:
    """One solution of one problem; `rule` is how its code was found (`verbatim`, or extraction's), `origin` file:line.

    `outcome` is the journal's, `stop` where there is none. `answer` is what the code was extracted from, and "" where
    it is taken as it is.
    """

    task_id: str
    code: str
    rule: str
    origin: str
    outcome: str = "stop"
    completion_tokens: int = 0
    seconds: float = 0.0
    answer: str = ""
    reasoning: str = ""


def current(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, and of a journal the last usable completion of each sample, in the order of samples."""
    journal: dict[tuple[str, int], Row] = {}
    for row in rows:
        if "outcome" not in row.fields or "answer" not in row.fields:
            yield row
            continue
        key = (row.fields["task_id"], int(_number(row, "sample")))
        if key not in journal or row.fields["outcome"] not in LOST_OUTCOMES:
            journal[key] = row
    for _, row in sorted(journal.items(), key=lambda item: item[0][1]):
        yield row


def solution_of(row: Row, problem: Problem, info: SampleInfo | None = None) -> Solution:
    """The solution in a row, and of a sample of ours what is known of it. Raises SamplesError where it holds none."""
    key = next((key for key in TEXT_KEYS if row.fields.get(key) is not None), None)
    text = row.fields[key] if key else None
    if not isinstance(text, str):
        raise SamplesError(
            f"{row.origin} has no text for {problem.task_id}; give it a solution, a completion or an answer."
        )
    if key == "solution" and info and info.outcome in OUTCOMES:
        told = (info.completion_tokens, info.seconds, info.answer, info.reasoning)
        return Solution(problem.task_id, text, info.rule, row.origin, info.outcome, *told)
    if key == "solution":
        code, rule = _unfenced(text, problem)
    elif key == "completion":
        code, rule = problem.prompt + text, "verbatim"
    else:
        extraction = extract_code(text, problem.entry_point, problem.prompt)
        code, rule = extraction.code, extraction.rule
    outcome = row.fields["outcome"] if row.fields.get("outcome") in OUTCOMES else "stop"
    tokens, seconds = int(_number(row, "completion_tokens")), _number(row, "seconds")
    answer, reasoning = "" if rule == "verbatim" else text, row.fields.get("reasoning")
    thoughts = reasoning if isinstance(reasoning, str) else ""
    return Solution(problem.task_id, code, rule, row.origin, outcome, tokens, seconds, answer, thoughts)


def _number(row: Row, key: str) -> float:
    return number(row.fields.get(key)) or 0.0


def _unfenced(text: str, problem: Problem) -> tuple[str, str]:
    """Code as it is, unless it is none and a fence in it holds the function.

    Code with a stray fence behind it stays as it is: it does not run, and nobody else would mend it either.
    """
    if ("```" in text or "~~~" in text) and not _parses(text):
        extraction = extract_code(text, problem.entry_point)
        if extraction.rule == "fence":
            return extraction.code, extraction.rule
    return text, "verbatim"


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
