"""A JSON value in the form of any harness → records: the names of a problem, and the texts by their keys.

{"task_id": …, "solution": …}                    EvalPlus, human-eval, BigCodeBench, bigcode's MultiPL-E, …
{"eval": {task_id: [{"solution": …}]}}           EvalPlus's eval_results.json
[["…", "…"], …]                                  bigcode-evaluation-harness's generations: by position
{"doc_id": …, "doc": {…}, "resps": [["…"]]}      lm-evaluation-harness's samples
{"samples": [{"id": …, "output": {…}}]}          an inspect log
{"0": {"prediction": …, "gold": task_id}}        OpenCompass's predictions
{"task_id": …, "messages": [{"role": …}]}        chats; also ShareGPT's, "choices", "response": {"body": …}
{task_id: "…"}, {task_id: ["…"]}                 maps of problem to code
{"task_id": {"0": …}, "solution": {"0": …}}      a table by its columns, as pandas writes it
{"prompt": "…def f(…", "completion": "…"}        no name: the function tells which problem it is
{"…": [records]}                                 any of these, wrapped
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

IDS = (
    "taskid", "problemid", "questionid", "customid", "instanceid", "sampleid", "problemname", "id", "task", "name",
    "docid", "idx", "index", "number", "qid", "key", "uid", "uuid", "problem", "entrypoint", "functionname",
)  # fmt: skip
"""Keys of names, best first, without case and separators."""
PROBLEM_KEYS = (
    "doc", "metadata", "raw_input", "problem", "task", "task_id", "sample", "instance", "example", "row", "extra",
    "vars",
)  # fmt: skip
"""Objects in a record that describe its problem."""
TEXTS = (
    "solution", "completion", "answer", "generation", "generated_code", "code", "filtered_resps", "resps", "response",
    "output", "prediction", "completions", "generations", "outputs", "predictions", "code_list", "output_list",
    "messages", "conversations", "choices", "candidates", "model_output", "generated_text", "result", "text", "content",
    "samples",
)  # fmt: skip
TEXT_KEYS = (
    "content", "text", "completion", "completions", "message", "messages", "choices", "candidates", "parts", "body",
    "output", "output_text", "generated_text", "generated_code", "response", "solution", "code", "generation", "answer",
    "prediction", "program",
)  # fmt: skip
"""Keys under which an object in place of a text has the text."""
INPUTS = re.compile(
    r".*prompt.*|question.*|instruction.*|input.*|tests?|test_.*|.*_tests?|canonical.*|reference.*|gold|target|expected.*"
    r"|entry_point|doc|arguments|declaration|doc_?string|description|signature|buggy_.*|reasoning.*|think.*|error.*"
    r"|status|outcome|stop.*|finish.*|date|hash|language"
    r"|model(?!_?(?:response|answer|output|completion|solution|generat|prediction|code|text)).*"
)
"""Keys of values that are no answer."""
MAX_NAME = 200
PROMPT = re.compile(r".*prompt.*|question.*|instruction.*|input.*")
"""Keys of prompts."""
FUNCTION = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)|^(\w+)[ \t]*=[ \t]*lambda\b", re.MULTILINE)
FAILURES = ("errored", "expired", "canceled", "failed")
"""Types of a failed request's result in a batch."""


@dataclass(frozen=True)
class Position:
    """The place of a record in a list without names, from 0, and the length of the list."""

    index: int
    length: int


@dataclass(frozen=True)
class Record:
    """Texts for one problem: `names` are its possible names, best first, and `texts` the samples by key, in order."""

    names: tuple[str | int | Position, ...]
    texts: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompts(self) -> list[str]:
        """The prompts of the model."""
        return [item for key, item in self.fields.items() if isinstance(item, str) and PROMPT.fullmatch(key.casefold())]

    @cached_property
    def defined(self) -> list[str]:
        """The functions that its texts define."""
        return _functions(text for values in self.texts.values() for text in values)

    @property
    def functions(self) -> list[str]:
        """The functions that its texts define, else those that its prompts define."""
        return self.defined or _functions(self.prompts)


def records(value: Any, depth: int = 3) -> list[Record]:
    """The records in a JSON value, up to `depth` wrappers deep; none where its form is unknown."""
    if isinstance(value, dict):
        return _object_records(value, depth)
    entries = value if isinstance(value, list) else []
    if all(isinstance(entry, str | list) for entry in entries):
        answers = [tuple(texts(entry)) for entry in entries]
        return [Record((Position(at, len(entries)),), {"generation": answer}) for at, answer in enumerate(answers)]
    return [record for entry in entries if isinstance(entry, dict) for record in records(entry, depth)]


def _object_records(value: dict[str, Any], depth: int) -> list[Record]:
    if rows := _column_rows(value):
        return records(rows, depth)
    if _all_objects(value.get("samples")):
        return records(value["samples"], depth)
    if isinstance(results := value.get("eval"), dict):
        lists = ((name, items) for name, items in results.items() if isinstance(items, list))
        entries = ((name, item) for name, items in lists for item in items if isinstance(item, dict))
        return [_record({"task_id": name} | item) for name, item in entries]
    record = _record(value)
    if record.names and record.texts:
        return [record]
    if by_problem := list(_map_records(value)):
        return by_problem
    wrapped = [
        [record for record in records(item, depth - 1) if _has_answer(record)]
        for item in value.values()
        if depth and (isinstance(item, dict) or _all_objects(item))
    ]
    if best := max(wrapped, key=len, default=[]):
        return best
    alone = (record.names and _is_named(value)) or (record.functions and not record.texts.keys().isdisjoint(TEXTS))
    return [record] if alone else []


def _column_rows(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table that is written by columns, or as `columns` and `data`; [] for anything else."""
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list):
        return [dict(zip(map(str, names), row, strict=False)) for row in rows if isinstance(row, list)]
    columns = {name: [*item.values()] if isinstance(item, dict) else item for name, item in value.items()}
    ids = next((item for name, item in columns.items() if folded(name) in IDS and isinstance(item, list)), [])
    if not ids or not all(map(_is_name, ids)):
        return []
    if not all(isinstance(item, list) and len(item) == len(ids) for item in columns.values()):
        return []
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _has_answer(record: Record) -> bool:
    """Whether a record inside another one certainly has a text, by its key or by its content."""
    if not record.texts.keys().isdisjoint(TEXTS):
        return True
    return any("\n" in text or "return" in text for values in record.texts.values() for text in values)


def _functions(texts: Iterable[str]) -> list[str]:
    return [name for text in texts for match in FUNCTION.finditer(text) for name in match.groups() if name]


def folded(key: str) -> str:
    """A key without case and separators."""
    return re.sub(r"[\W_]", "", key.casefold())


def _all_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _is_named(value: dict[str, Any]) -> bool:
    """Whether an object without a text names a problem, rather than being a map of problems."""
    return any(folded(key) in IDS and _is_name(item) for key, item in value.items())


def _is_name(value: Any) -> bool:
    """Whether a value may name a problem; exported tables turn numbers into floats."""
    if isinstance(value, float):
        return value.is_integer()
    if isinstance(value, str):
        return len(value) <= MAX_NAME
    return isinstance(value, int) and not isinstance(value, bool)


def _map_records(value: dict[str, Any]) -> Iterator[Record]:
    if not all(isinstance(item, str | list | dict) and _may_name(name, item) for name, item in value.items()):
        return
    for name, item in value.items():
        if isinstance(item, dict):
            record = _record(item)
            gold = [item[key] for key in ("gold", "target", "reference") if isinstance(item.get(key), str)]
            if record.texts:
                yield Record((*record.names, *gold, name), record.texts, record.fields)
        elif answers := tuple(texts(item)):
            yield Record((name,), {"solution": answers} if isinstance(item, str) else {"generation": answers})


def _may_name(name: str, value: Any) -> bool:
    """Whether a key may name a problem: it has a number, or is the function that its text defines."""
    if folded(name) in IDS or name in TEXTS or len(name) > MAX_NAME:
        return False
    return bool(re.search("[0-9]", name)) or any(f"def {name}" in text for text in texts(value)[:1])


def _record(fields: dict[str, Any]) -> Record:
    levels = [fields, *(fields[key] for key in PROBLEM_KEYS if isinstance(fields.get(key), dict))]
    named = [{folded(key): item for key, item in level.items()} for level in levels]
    values = [level[key] for key in IDS for level in named if _is_name(level.get(key))]
    names = [int(name) if isinstance(name, float) else name for name in values]
    keys = [key for key in TEXTS if key in fields]
    others = (key for key, value in fields.items() if not isinstance(value, bool | int | float))
    keys += [
        key for key in others
        if key not in (*keys, *PROBLEM_KEYS) and folded(key) not in IDS and not INPUTS.fullmatch(key.casefold())
    ]  # fmt: skip
    texts_by_key = {key: tuple(texts(fields[key])) for key in keys}
    used = {key: values for key, values in texts_by_key.items() if values or _is_nothing(fields[key])}
    return Record(tuple(names), used, fields)


def _is_nothing(value: Any) -> bool:
    """Whether a value stands for the answer of a failed request."""
    return value is None or (isinstance(value, dict) and (value.get("type") in FAILURES or bool(value.get("error"))))


def texts(value: Any) -> list[str]:
    """The texts in a value: a string, those of a list, the last message of an assistant, the content of a part."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        if _is_chat(value):
            replies = [item for item in value if item.get("role", item.get("from")) in ("assistant", "model", "gpt")]
            return [_content(replies[-1].get("content", replies[-1].get("value")))] if replies else []
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict) and value.get("thought") is not True:
        if isinstance(value.get("content"), list):
            return [_content(value["content"])]
        return next((inner for key in TEXT_KEYS if key in value and (inner := texts(value[key]))), [])
    return []


def _is_chat(value: Any) -> bool:
    return _all_objects(value) and all("role" in item or {"from", "value"} <= item.keys() for item in value)


def _content(value: Any) -> str:
    """The text of a message, which may be a list of parts; parts of thoughts are left out."""
    if isinstance(value, list):
        parts = [part for part in value if isinstance(part, dict) and isinstance(part.get("text"), str)]
        return "".join(part["text"] for part in parts if part.get("type", "text") in ("text", "output_text"))
    return value if isinstance(value, str) else ""
