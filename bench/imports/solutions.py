"""One row of a file of solutions → a sample: which field holds it, and whether it is code yet."""

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import get_args

from bench.errors import SamplesError
from bench.extract import extract_code
from bench.imports.rows import Row
from bench.problems import Problem
from bench.records import Outcome, Sample, SampleInfo, lost
from bench.untrusted import number

OUTCOMES = get_args(Outcome)
LOST_OUTCOMES = ("empty", "error", "timeout")
TEXT_KEYS = ("solution", "completion", "answer")


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


def solution_of(row: Row, problem: Problem, number: int, known: SampleInfo | None = None) -> Sample:
    """The solution in a row, its problem's sample `number`; `known` is what a run of ours says of it.

    Its `rule` is `verbatim` where the code is taken as it is; else there is an `answer`, in which it was found. Raises
    SamplesError for a row without a solution.
    """
    key = next((key for key in TEXT_KEYS if row.fields.get(key) is not None), None)
    text = row.fields[key] if key else None
    if not isinstance(text, str):
        raise SamplesError(
            f"{row.origin} has no text for {problem.task_id}; give it a solution, a completion or an answer."
        )
    if key == "solution" and known and known.outcome in OUTCOMES:
        told = replace(known, sample=number, origin=row.origin, lost=lost(known.outcome, text))
        return Sample(told, text)
    if key == "solution":
        code, rule = _unfenced(text, problem)
    elif key == "completion":
        code, rule = problem.prompt + text, "verbatim"
    else:
        extraction = extract_code(text, problem.entry_point, problem.prompt)
        code, rule = extraction.code, extraction.rule
    outcome = row.fields["outcome"] if row.fields.get("outcome") in OUTCOMES else "stop"
    reasoning = row.fields.get("reasoning")
    info = SampleInfo(
        task_id=problem.task_id,
        sample=number,
        rule=rule,
        lost=lost(outcome, code),
        outcome=outcome,
        completion_tokens=int(_number(row, "completion_tokens")),
        seconds=_number(row, "seconds"),
        origin=row.origin,
        answer="" if rule == "verbatim" else text,
        reasoning=reasoning if isinstance(reasoning, str) else "",
    )
    return Sample(info, code)


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
