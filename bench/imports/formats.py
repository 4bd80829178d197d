"""A JSON value as any harness writes it → records: how the problem is named, and the texts by their keys.

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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

IDS = (
    "taskid", "problemid", "questionid", "customid", "instanceid", "sampleid", "problemname", "id", "task", "name",
    "docid", "idx", "index", "number", "qid", "key", "uid", "uuid", "problem", "entrypoint", "functionname",
)  # fmt: skip
"""Keys of names, best first, without case and separators."""
ABOUT = (
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
INSIDE = (
    "content", "text", "completion", "completions", "message", "messages", "choices", "candidates", "parts", "body",
    "output", "output_text", "generated_text", "generated_code", "response", "solution", "code", "generation", "answer",
    "prediction", "program",
)  # fmt: skip
"""Where an object that stands for a text has it."""
INPUTS = re.compile(
    r".*prompt.*|question.*|instruction.*|input.*|tests?|test_.*|.*_tests?|canonical.*|reference.*|gold|target|expected.*"
    r"|entry_point|doc|arguments|declaration|doc_?string|description|signature|buggy_.*|reasoning.*|think.*|error.*"
    r"|status|outcome|stop.*|finish.*|date|hash|language"
    r"|model(?!_?(?:response|answer|output|completion|solution|generat|prediction|code|text)).*"
)
"""Keys of what is no answer."""
LONGEST_NAME = 200
PROMPT = re.compile(r".*prompt.*|question.*|instruction.*|input.*")
"""Keys of what a model was asked."""
FUNCTION = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)|^(\w+)[ \t]*=[ \t]*lambda\b", re.MULTILINE)
FAILED = ("errored", "expired", "canceled", "failed")
"""What a batch says of a request without an answer."""


@dataclass(frozen=True)
class Position:
    """The place of a record in a list without names, from 0, and the length of the list."""

    index: int
    length: int


@dataclass(frozen=True)
class Record:
    """Texts for one problem: `names` are what may name it, best first, and `texts` the samples by key, in order."""

    names: tuple[str | int | Position, ...]
    texts: Mapping[str, tuple[str, ...]]
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> list[str]:
        """What the model was asked."""
        return [one for key, one in self.fields.items() if isinstance(one, str) and PROMPT.fullmatch(key.casefold())]

    @property
    def functions(self) -> list[str]:
        """The functions that its texts define, or else what was asked."""
        for each in ([text for some in self.texts.values() for text in some], self.asked):
            if found := [name for text in each for match in FUNCTION.finditer(text) for name in match.groups() if name]:
                return found
        return []


def records(value: Any, depth: int = 3) -> Iterator[Record]:
    """The records in a JSON value, up to so many wrappers deep; none where nothing is known of its form."""
    if isinstance(value, list):
        if value and all(isinstance(one, str | list) for one in value):
            for index, one in enumerate(value):
                yield Record((Position(index, len(value)),), {"generation": tuple(texts(one))})
            return
        for one in value:
            yield from records(one, depth) if isinstance(one, dict) else ()
    elif isinstance(value, dict):
        yield from _of_object(value, depth)


def _of_object(value: dict[str, Any], depth: int) -> Iterator[Record]:
    if rows := _of_columns(value):
        yield from records(rows, depth)
        return
    results, samples = value.get("eval"), value.get("samples")
    if isinstance(samples, list) and samples and _are_objects(samples):
        yield from (found for one in samples for found in records(one, depth))
        return
    if isinstance(results, dict):
        lists = ((name, each) for name, each in results.items() if isinstance(each, list))
        yield from (_record({"task_id": name} | one) for name, each in lists for one in each if isinstance(one, dict))
        return
    record = _record(value)
    if record.names and record.texts:
        yield record
        return
    if found := list(_of_map(value)):
        yield from found
        return
    inner = [
        one for one in value.values() if isinstance(one, dict) or (isinstance(one, list) and one and _are_objects(one))
    ]
    wrapped = [[found for found in records(one, depth - 1) if _has_answer(found)] for one in inner] if depth else []
    if best := max(wrapped, key=len, default=[]):
        yield from best
    elif (record.names and _is_named(value)) or (record.functions and not record.texts.keys().isdisjoint(TEXTS)):
        yield record


def _of_columns(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table that is written by its columns, or as a list of them and one of lists; [] for another."""
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list):
        return [dict(zip(map(str, names), row, strict=False)) for row in rows if isinstance(row, list)]
    columns = {name: [*one.values()] if isinstance(one, dict) else one for name, one in value.items()}
    ids = next((one for name, one in columns.items() if folded(name) in IDS and isinstance(one, list)), [])
    if not ids or not all(map(_is_name, ids)):
        return []
    if not all(isinstance(one, list) and len(one) == len(ids) for one in columns.values()):
        return []
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _has_answer(record: Record) -> bool:
    """Whether a record that was found inside another one has a text for sure: by its key, or by its looks."""
    if not record.texts.keys().isdisjoint(TEXTS):
        return True
    return any("\n" in text or "return" in text for each in record.texts.values() for text in each)


def folded(key: str) -> str:
    """A key without case and separators."""
    return re.sub(r"[\W_]", "", key.casefold())


def _are_objects(value: list[Any]) -> bool:
    return all(isinstance(one, dict) for one in value)


def _is_named(value: dict[str, Any]) -> bool:
    """Whether an object without a text names a problem itself, and is no map of problems."""
    return any(folded(key) in IDS and _is_name(one) for key, one in value.items())


def _is_name(value: Any) -> bool:
    """Whether a value may name a problem; tables that were exported make floats of numbers."""
    if isinstance(value, float):
        return value.is_integer()
    if isinstance(value, str):
        return len(value) <= LONGEST_NAME
    return isinstance(value, int) and not isinstance(value, bool)


def _of_map(value: dict[str, Any]) -> Iterator[Record]:
    if not all(isinstance(one, str | list | dict) and _may_name(name, one) for name, one in value.items()):
        return
    for name, one in value.items():
        if isinstance(one, dict):
            record = _record(one)
            gold = [one[key] for key in ("gold", "target", "reference") if isinstance(one.get(key), str)]
            if record.texts:
                yield Record((*record.names, *gold, name), record.texts, record.fields)
        elif found := tuple(texts(one)):
            yield Record((name,), {"solution": found} if isinstance(one, str) else {"generation": found})


def _may_name(name: str, value: Any) -> bool:
    """Whether a key may be a problem's: it has a number, or is the function that its text defines."""
    if folded(name) in IDS or name in TEXTS or len(name) > LONGEST_NAME:
        return False
    return bool(re.search("[0-9]", name)) or any(f"def {name}" in text for text in texts(value)[:1])


def _record(fields: dict[str, Any]) -> Record:
    levels = [fields, *(fields[key] for key in ABOUT if isinstance(fields.get(key), dict))]
    named = [{folded(key): one for key, one in level.items()} for level in levels]
    given = [level[key] for key in IDS for level in named if _is_name(level.get(key))]
    names = [int(name) if isinstance(name, float) else name for name in given]
    keys = [key for key in TEXTS if key in fields]
    others = (key for key, value in fields.items() if not isinstance(value, bool | int | float))
    keys += [
        key for key in others
        if key not in (*keys, *ABOUT) and folded(key) not in IDS and not INPUTS.fullmatch(key.casefold())
    ]  # fmt: skip
    found = {key: tuple(texts(fields[key])) for key in keys}
    return Record(tuple(names), {key: some for key, some in found.items() if some or _is_nothing(fields[key])}, fields)


def _is_nothing(value: Any) -> bool:
    """Whether a value says that there is no answer, since the request failed."""
    return value is None or (isinstance(value, dict) and (value.get("type") in FAILED or bool(value.get("error"))))


def texts(value: Any) -> list[str]:
    """The texts that a value stands for: itself, those of a list, an assistant's last, the content of a part."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        if _is_chat(value):
            said = [one for one in value if one.get("role", one.get("from")) in ("assistant", "model", "gpt")]
            return [_content(said[-1].get("content", said[-1].get("value")))] if said else []
        return [text for one in value for text in texts(one)]
    if isinstance(value, dict) and value.get("thought") is not True:
        if isinstance(value.get("content"), list):
            return [_content(value["content"])]
        return next((found for key in INSIDE if key in value and (found := texts(value[key]))), [])
    return []


def _is_chat(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and ("role" in one or {"from", "value"} <= one.keys()) for one in value)
    )


def _content(value: Any) -> str:
    """The text of a message, which may be a list of parts; parts of thoughts are left out."""
    if isinstance(value, list):
        parts = [part for part in value if isinstance(part, dict) and isinstance(part.get("text"), str)]
        return "".join(part["text"] for part in parts if part.get("type", "text") in ("text", "output_text"))
    return value if isinstance(value, str) else ""
