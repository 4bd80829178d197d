"""A JSON value as any harness writes it → records: how the problem is named, and the texts by their keys.

{"task_id": …, "solution": …}                    EvalPlus, human-eval, BigCodeBench, bigcode's MultiPL-E, …
{"eval": {task_id: [{"solution": …}]}}           EvalPlus's eval_results.json
[["…", "…"], …]                                  bigcode-evaluation-harness's generations: by position
{"doc_id": …, "doc": {…}, "resps": [["…"]]}      lm-evaluation-harness's samples
{"samples": [{"id": …, "output": {…}}]}          an inspect log
{"0": {"prediction": …, "gold": task_id}}        OpenCompass's predictions
{"task_id": …, "messages": [{"role": …}]}        chats; also ShareGPT's, "choices", "response": {"body": …}
{task_id: "…"}, {task_id: ["…"]}                 maps of problem to code
{"…": [records]}                                 any of these, wrapped
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

IDS = (
    "task_id", "problem_id", "question_id", "custom_id", "instance_id", "sample_id", "problem_name", "id", "task",
    "name", "doc_id", "idx", "index", "number", "qid",
)  # fmt: skip
ABOUT = ("doc", "metadata", "raw_input", "problem", "task", "sample", "instance", "example", "row", "extra")
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
    "prediction",
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


def records(value: Any, depth: int = 3) -> Iterator[Record]:
    """The records in a JSON value, up to so many wrappers deep; none where nothing is known of its form."""
    if isinstance(value, list):
        if value and all(isinstance(one, str | list) and not _is_chat(one) for one in value):
            for index, one in enumerate(value):
                yield Record((Position(index, len(value)),), {"generation": tuple(texts(one))})
            return
        for one in value:
            yield from records(one, depth) if isinstance(one, dict) else ()
    elif isinstance(value, dict):
        yield from _of_object(value, depth)


def _of_object(value: dict[str, Any], depth: int) -> Iterator[Record]:
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
    wrapped = [[found for found in records(one, depth - 1) if found.texts] for one in inner] if depth else []
    if best := max(wrapped, key=len, default=[]):
        yield from best
    elif record.names and _is_named(value):
        yield record


def _are_objects(value: list[Any]) -> bool:
    return all(isinstance(one, dict) for one in value)


def _is_named(value: dict[str, Any]) -> bool:
    """Whether an object without a text names a problem itself, and is no map of problems."""
    return any(_is_name(value.get(key)) for key in IDS)


def _is_name(value: Any) -> bool:
    """Whether a value may name a problem; tables that were exported make floats of numbers."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, str | int) and not isinstance(value, bool)


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
    if name in (*IDS, *TEXTS) or len(name) > LONGEST_NAME:
        return False
    return bool(re.search("[0-9]", name)) or any(f"def {name}" in text for text in texts(value)[:1])


def _record(fields: dict[str, Any]) -> Record:
    levels = [fields, *(fields[key] for key in ABOUT if isinstance(fields.get(key), dict))]
    given = [level[key] for key in IDS for level in levels if _is_name(level.get(key))]
    names = [int(name) if isinstance(name, float) else name for name in given]
    keys = [key for key in TEXTS if key in fields]
    others = (key for key, value in fields.items() if not isinstance(value, bool | int | float))
    keys += [key for key in others if key not in (*keys, *IDS, *ABOUT) and not INPUTS.fullmatch(key.casefold())]
    found = {key: tuple(texts(fields[key])) for key in keys}
    return Record(tuple(names), {key: some for key, some in found.items() if some or fields[key] is None}, fields)


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
