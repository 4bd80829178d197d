"""Rows of one file → samples: the key of the text, and whether that is a program, a body or a chat answer.

The key suggests the form of its texts, and the texts decide: another form is used if it defines more than twice as many
functions.
"""

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bench import jsonl
from bench.datasets import Problem
from bench.errors import SamplesError
from bench.extract import Extraction, extract_code
from bench.extract.targets import parsed, sample_of, solution_of
from bench.imports.formats import TEXTS
from bench.imports.rows import Row
from bench.records import Completion, Sample, SampleInfo, lost

LOST_OUTCOMES = ("empty", "error", "timeout")
MAX_ROWS = 40
"""Rows of a file that decide how its texts are read."""
Entry = tuple[Row, str | None, Completion | None]
"""A row, the task_id of its problem, and the completion where it is one of a raw.jsonl."""


@dataclass(frozen=True)
class Reading:
    """How the texts under `key` are read: as `program`, `body` or `answer`; `expected` is the key's usual form."""

    key: str
    form: str
    expected: str = ""

    @property
    def note(self) -> str:
        """The note for a key that is not read in its usual form."""
        names = {"program": "whole programs", "body": "bodies of functions", "answer": "chat answers"}
        return f"{self.key} read as {names[self.form]}" if self.expected and self.form != self.expected else ""


def current(rows: Sequence[Row], tasks: Sequence[str | None]) -> list[Entry]:
    """The rows with their problems; of a raw.jsonl, the last usable completion of each sample, by number."""
    entries = [(row, task_id, _completion(row)) for row, task_id in zip(rows, tasks, strict=True)]
    journal: dict[tuple[str, int], Entry] = {}
    for row, task_id, completion in entries:
        key = (completion.task_id, completion.sample) if completion else ("", 0)
        if completion and (key not in journal or completion.outcome not in LOST_OUTCOMES):
            journal[key] = row, task_id, completion
    others = [entry for entry in entries if not entry[2]]
    return others + [journal[key] for key in sorted(journal, key=lambda key: key[1])]


def _completion(row: Row) -> Completion | None:
    """The completion in a line of a raw.jsonl, None for any other row."""
    if not {"key", "task_id", "sample", "outcome", "answer"} <= row.record.fields.keys():
        return None
    try:
        return jsonl.convert(dict(row.record.fields), Completion)
    except ValueError:
        return None


def reading_of(rows: Sequence[tuple[Row, Problem]]) -> Reading:
    """How the texts of a file are read: under which key, and in which form."""
    sampled = rows[:: max(1, len(rows) // MAX_ROWS)][:MAX_ROWS]
    keys = dict.fromkeys([*TEXTS, *(key for row, _ in sampled for key in row.record.texts)])
    best, best_count = None, 0
    for key in keys:
        texts = [(text, problem) for row, problem in sampled for text in row.record.texts.get(key, ())[:1]]
        if not texts:
            continue
        reading, count = _reading(key, texts)
        if best is None or count > 2 * best_count:
            best, best_count = reading, count
    return best or Reading("solution", "program", "program")


def _reading(key: str, texts: Sequence[tuple[str, Problem]]) -> tuple[Reading, int]:
    """The reading of a key, and the number of functions that it defines."""
    # Prose before code is no program.
    counts = {
        form: sum(_implements(read(text, problem).code, problem) for text, problem in texts)
        for form, read in READINGS.items()
    }
    expected = {"solution": "program", "completion": "body", "answer": "answer"}.get(key, "")
    if expected and 2 * counts[expected] >= max(counts.values()):
        return Reading(key, expected, expected), counts[expected]
    form = next(form for form in READINGS if counts[form] >= 0.9 * max(counts.values()))
    return Reading(key, form, expected), counts[form]


def _implements(code: str, problem: Problem) -> bool:
    if problem.target == "source":
        return bool(code.strip())
    return defines(code, problem.function) if problem.target == "function" else parsed(code) is not None


def _program(text: str, problem: Problem) -> Extraction:
    """The text as it is, unless it is no code and has the function in a fence.

    Code with a stray fence after it stays as it is: other tools would not repair it either.
    """
    if ("```" in text or "~~~" in text) and parsed(text) is None:
        extraction = extract_code(text, problem.function)
        if extraction.rule == "fence":
            return extraction
    return Extraction(text, "verbatim")


def _body(text: str, problem: Problem) -> Extraction:
    """The prompt with the text, unless that is no code and has the function or its body in a fence."""
    code = problem.prompt + text
    if ("```" in text or "~~~" in text) and parsed(code) is None:
        extraction = extract_code(text, problem.function, problem.prompt)
        if extraction.rule in ("fence", "continuation"):
            return extraction
    return Extraction(code, "verbatim")


READINGS: Mapping[str, Callable[[str, Problem], Extraction]] = {
    "program": _program, "body": _body, "answer": solution_of,
}  # fmt: skip


def samples_of(row: Row, problem: Problem, reading: Reading, completion: Completion | None = None) -> list[Sample]:
    """The samples in a row, with `rule` `verbatim` where the code is the text itself, else with the `answer` too.

    Raises SamplesError for a row without a text.
    """
    if completion:
        sample = sample_of(completion, problem, row.origin)
        info = replace(sample.info, answer=completion.answer, reasoning=completion.reasoning)
        return [replace(sample, info=info)]
    key = reading.key if reading.key in row.record.texts else next(iter(row.record.texts), None)
    if key is None:
        raise SamplesError(
            f"{row.origin} has no text for {problem.task_id}; give it a solution, a completion or an answer."
        )
    form = reading.form
    if key != reading.key:
        form = _reading(key, [(text, problem) for text in row.record.texts[key]])[0].form
    reasoning, samples = row.record.fields.get("reasoning"), []
    for text in row.record.texts[key] or ("",):
        code, rule = READINGS[form](text, problem)
        if form == "body" and reading.expected == "program":
            rule = "continuation"
        info = SampleInfo(
            task_id=problem.task_id,
            sample=0,
            rule=rule,
            lost=lost("stop", code),
            origin=row.origin,
            answer="" if rule == "verbatim" else text,
            reasoning=reasoning if isinstance(reasoning, str) else "",
        )
        samples.append(Sample(info, code))
    return samples


def known_sample(sample: Sample, info: SampleInfo) -> Sample:
    """A sample with its record in a samples_info.jsonl."""
    info = replace(info, sample=sample.info.sample, origin=sample.info.origin, lost=lost(info.outcome, sample.code))
    return Sample(info, sample.code)


def defines(code: str, name: str) -> bool:
    """Whether code that can be parsed binds a name at its top level, and not to a stub."""
    tree = parsed(code)
    return tree is not None and any(_binds(node, name) for node in tree.body)


def _binds(node: ast.stmt, name: str) -> bool:
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
            return any(_binds(inner, name) for inner in node.body)
    return False


def undefined(samples: Sequence[Sample], problems: Mapping[str, Problem]) -> int:
    """The number of samples with code that do not define the function of their problem."""
    coded = [sample for sample in samples if sample.code.strip()]
    return sum(not _implements(sample.code, problems[sample.info.task_id]) for sample in coded)


def rules(samples: Sequence[Sample]) -> Counter[str]:
    """The numbers of samples with code by extraction, and without code."""
    counts: Counter[str] = Counter()
    for sample in samples:
        if not sample.code.strip():
            counts["without code"] += 1
        elif sample.info.rule != "verbatim":
            counts["by extraction"] += 1
    return counts
