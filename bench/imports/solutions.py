"""Rows of one file → samples: which key holds the text, and whether that is code, a body or a chat's answer.

Keys say what a text should be, and the texts decide: a key is taken at its word unless another reading of it makes more
than twice as many functions.
"""

import ast
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bench import jsonl
from bench.datasets import Problem
from bench.errors import SamplesError
from bench.extract import extract_code
from bench.extract.targets import solution_of
from bench.imports.formats import TEXTS
from bench.imports.rows import Row
from bench.records import Completion, Sample, SampleInfo, lost

LOST_OUTCOMES = ("empty", "error", "timeout")
TRIED = 40
"""Rows of a file by which the reading of a key is chosen."""
Code = tuple[str, str]
"""A program, and the rule that found it."""


@dataclass(frozen=True)
class Reading:
    """How the texts under `key` are read: as `program`, `body` or `answer`; `meant` is what such a key stands for."""

    key: str
    how: str
    meant: str = ""

    @property
    def note(self) -> str:
        """What is said of a key that is not taken at its word."""
        words = {"program": "whole programs", "body": "bodies of functions", "answer": "chat answers"}
        return f"{self.key} read as {words[self.how]}" if self.meant and self.how != self.meant else ""


def current(rows: Sequence[Row], tasks: Sequence[str]) -> list[tuple[Row, str, Completion | None]]:
    """The rows with their problems, and of a journal of ours the last usable completion of each sample, in order."""
    kept = [(row, task_id, _completion(row)) for row, task_id in zip(rows, tasks, strict=True)]
    journal: dict[tuple[str, int], tuple[Row, str, Completion | None]] = {}
    for entry in kept:
        completion = entry[2]
        if completion:
            key = (completion.task_id, completion.sample)
            if key not in journal or completion.outcome not in LOST_OUTCOMES:
                journal[key] = entry
    return [entry for entry in kept if not entry[2]] + [entry for _, entry in sorted(journal.items(), key=_sample_of)]


def _sample_of(item: tuple[tuple[str, int], object]) -> int:
    return item[0][1]


def _completion(row: Row) -> Completion | None:
    """A line of a journal of ours, known by all that it has."""
    if not {"key", "task_id", "sample", "outcome", "answer"} <= row.record.fields.keys():
        return None
    try:
        return jsonl.convert(dict(row.record.fields), Completion)
    except ValueError:
        return None


def reading_of(rows: Sequence[tuple[Row, Problem]]) -> Reading:
    """How the texts of a file are read: under which key, and as what."""
    tried = rows[:: max(1, len(rows) // TRIED)][:TRIED]
    keys = dict.fromkeys([*(key for key in TEXTS), *(key for row, _ in tried for key in row.record.texts)])
    best, most = None, 0
    for key in keys:
        texts = [(text, problem) for row, problem in tried for text in row.record.texts.get(key, ())[:1]]
        if not texts:
            continue
        reading, made = _reading(key, texts)
        if best is None or made > 2 * most:
            best, most = reading, made
    return best or Reading("solution", "program", "program")


def _reading(key: str, texts: Sequence[tuple[str, Problem]]) -> tuple[Reading, int]:
    """The reading of a key, and how many functions it makes."""
    made = {how: sum(_makes(how, text, problem) for text, problem in texts) for how in READINGS}
    meant = {"solution": "program", "completion": "body", "answer": "answer"}.get(key, "")
    if meant and 2 * made[meant] >= max(made.values()):
        return Reading(key, meant, meant), made[meant]
    how = next(how for how in READINGS if made[how] >= 0.9 * max(made.values()))
    return Reading(key, how, meant), made[how]


def _makes(how: str, text: str, problem: Problem) -> bool:
    """Whether a reading of a text makes the problem's function. Prose in front of code makes none as a program."""
    return _implements(READINGS[how](text, problem)[0], problem)


def _implements(code: str, problem: Problem) -> bool:
    if problem.target == "source":
        return bool(code.strip())
    return defines(code, problem.function) if problem.target == "function" else _parsed(code) is not None


def _program(text: str, problem: Problem) -> Code:
    """Code as it is, unless it is none and a fence in it holds the function.

    Code with a stray fence behind it stays as it is: it does not run, and nobody else would mend it either.
    """
    if ("```" in text or "~~~" in text) and _parsed(text) is None:
        extraction = extract_code(text, problem.function)
        if extraction.rule == "fence":
            return extraction.code, extraction.rule
    return text, "verbatim"


def _body(text: str, problem: Problem) -> Code:
    """What continues the prompt, unless that is no code and a fence in it holds the function or its body."""
    code = problem.prompt + text
    if ("```" in text or "~~~" in text) and _parsed(code) is None:
        extraction = extract_code(text, problem.function, problem.prompt)
        if extraction.rule in ("fence", "continuation"):
            return extraction.code, extraction.rule
    return code, "verbatim"


def _answer(text: str, problem: Problem) -> Code:
    extraction = solution_of(text, problem)
    return extraction.code, extraction.rule


READINGS: Mapping[str, Callable[[str, Problem], Code]] = {"program": _program, "body": _body, "answer": _answer}


def samples_of(row: Row, problem: Problem, reading: Reading, completion: Completion | None = None) -> list[Sample]:
    """The samples in a row, numbered from 0; their `rule` is `verbatim` where the code is taken as it is.

    Else there is an `answer`, in which it was found. Raises SamplesError for a row without a text.
    """
    if completion:
        code, rule = (
            _answer(completion.answer, problem)
            if completion.outcome in ("stop", "truncated", "looping")
            else ("", "none")
        )
        return [Sample(_info(row, problem, completion.answer, code, rule, completion), code)]
    key = reading.key if reading.key in row.record.texts else next(iter(row.record.texts), None)
    if key is None:
        raise SamplesError(
            f"{row.origin} has no text for {problem.task_id}; give it a solution, a completion or an answer."
        )
    how = (
        reading.how if key == reading.key else _reading(key, [(text, problem) for text in row.record.texts[key]])[0].how
    )
    found = []
    for text in row.record.texts[key] or ("",):
        code, rule = READINGS[how](text, problem)
        if how == "body" and reading.meant == "program":
            rule = "continuation"
        found.append(Sample(_info(row, problem, text, code, rule), code))
    return found


def known_sample(sample: Sample, known: SampleInfo) -> Sample:
    """A sample of a run of ours, with what that says of it."""
    info = replace(known, sample=sample.info.sample, origin=sample.info.origin, lost=lost(known.outcome, sample.code))
    return Sample(info, sample.code)


def _info(
    row: Row, problem: Problem, text: str, code: str, rule: str, completion: Completion | None = None
) -> SampleInfo:
    reasoning = row.record.fields.get("reasoning")
    return SampleInfo(
        task_id=problem.task_id,
        sample=0,
        rule=rule,
        lost=lost(completion.outcome if completion else "stop", code),
        outcome=completion.outcome if completion else "stop",
        completion_tokens=completion.completion_tokens if completion else 0,
        seconds=completion.seconds if completion else 0.0,
        origin=row.origin,
        answer="" if rule == "verbatim" else text,
        reasoning=reasoning if isinstance(reasoning, str) else "",
    )


def defines(code: str, name: str) -> bool:
    """Whether code that can be parsed gives a name at its left margin a meaning, which is no stub."""
    tree = _parsed(code)
    return tree is not None and any(_gives(node, name) for node in tree.body)


def _gives(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return node.name == name and not (len(node.body) == 1 and isinstance(node.body[0], ast.Expr | ast.Pass))
        case ast.ClassDef():
            return node.name == name
        case ast.Assign():
            return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        case ast.Import() | ast.ImportFrom():
            return any((alias.asname or alias.name) == name for alias in node.names)
        case ast.If() | ast.Try() | ast.With() | ast.For():
            return any(_gives(inner, name) for inner in node.body)
    return False


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def undefined(samples: Sequence[Sample], problems: Mapping[str, Problem]) -> int:
    """How many samples with code do not define the function of their problem."""
    coded = [sample for sample in samples if sample.code.strip()]
    return sum(not _implements(sample.code, problems[sample.info.task_id]) for sample in coded)


def rules(samples: Sequence[Sample]) -> Counter[str]:
    """How many samples have code by extraction, and how many answers gave none."""
    found: Counter[str] = Counter()
    for sample in samples:
        if not sample.code.strip():
            found["without code"] += 1
        elif sample.info.rule != "verbatim":
            found["by extraction"] += 1
    return found
