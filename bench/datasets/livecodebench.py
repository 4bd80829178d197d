"""LiveCodeBench's own files: dated problems with public and private tests, of functions or of standard input."""

import base64
import contextlib
import json
import zlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from bench.datasets import literals
from bench.datasets.asserts import ENTRY
from bench.datasets.leetcode import INSTRUCTION
from bench.datasets.problem import Problem, Suite
from bench.datasets.rows import MAX_ITEM, Row, damaged, fixable, parsed, row_by_row
from bench.errors import DatasetError

PROGRAM_INSTRUCTION = (
    "Solve this problem by a Python program that reads from standard input and writes to standard output. Answer with "
    "one Python code block that holds all of it."
)

PREAMBLE = """\
import string, re, datetime, collections, heapq, bisect, copy, math, random, statistics, itertools, functools, operator
from typing import *
from collections import *
from itertools import *
from functools import *
from heapq import *
from bisect import *
from math import inf, gcd, sqrt, ceil, floor, comb
"""


def _problem(row: Row) -> Problem:
    question, starter = row.text("question_content").strip(), row.text("starter_code", "")
    packed = {key: row.fields.get(key, "[]") for key in ("public_test_cases", "private_test_cases")}
    common: dict[str, Any] = {
        "task_id": f"LiveCodeBench/{row.text('question_id')}",
        "place": row.place,
        "date": row.text("contest_date", "")[:10],
        "difficulty": row.text("difficulty", ""),
    }
    if not _functional(packed["public_test_cases"], starter):
        message = f"{PROGRAM_INSTRUCTION}\n\n{question}"
        rest = partial(_programs, row.place, packed)
        return Problem(message=message, target="program", scheme="program", rest=rest, **common)
    return Problem(
        message=f"{INSTRUCTION}\n\n{question}\n\n```python\n{starter.rstrip()}\n```",
        entry_point=ENTRY,
        preamble=PREAMBLE,
        harness=f"def {ENTRY}(*values):\n    return Solution().{_function(row)}(*values)\n",
        defines="Solution",
        rest=partial(_calls, row.place, packed),
        **common,
    )


problems = row_by_row(_problem)


def _functional(public: Any, starter: str) -> bool:
    """Whether the solution is a method, by its public tests or else its starter code."""
    with contextlib.suppress(ValueError, RecursionError):
        public = json.loads(public) if isinstance(public, str) else public
    kinds = [test.get("testtype") for test in public if isinstance(test, dict)] if isinstance(public, list) else []
    return "functional" in kinds if kinds else bool(starter.strip())


def _programs(place: str, packed: Mapping[str, Any]) -> dict[str, Any]:
    tests = _tests(place, packed)
    inputs, outputs = [[str(test["input"])] for test in tests], [str(test["output"]) for test in tests]
    return {"suites": (Suite("tests", inputs, outputs),)}


def _calls(place: str, packed: Mapping[str, Any]) -> dict[str, Any]:
    tests = _tests(place, packed)
    with fixable(place, "a test that is no literal"):
        inputs = [[_value(line) for line in str(test["input"]).strip().split("\n")] for test in tests]
        outputs = [_value(str(test["output"])) for test in tests]
    return {"suites": (Suite("tests", inputs, outputs),)}


def _function(row: Row) -> str:
    """The name of the method, from the metadata."""
    try:
        metadata = json.loads(row.text("metadata", "{}"))
    except ValueError:
        metadata = {}
    name = metadata.get("func_name") if isinstance(metadata, Mapping) else None
    if not isinstance(name, str) or not name.isidentifier():
        raise DatasetError(f'{row.place} names no function in "metadata"; download the file again.')
    return name


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return literals.value(text)


def _tests(place: str, packed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tests of all keys: JSON, or JSON compressed by zlib in base64, which may be a pickled text."""
    all_tests = []
    for key, text in packed.items():
        tests = _unpacked(f'{place} has unreadable tests under "{key}"', text) if isinstance(text, str) else text
        if not isinstance(tests, list) or not all(
            isinstance(test, dict) and {"input", "output"} <= test.keys() for test in tests
        ):
            raise DatasetError(f'{place} has no list of tests under "{key}"; download the file again.')
        all_tests += tests
    if not all_tests:
        raise DatasetError(f"{place} has no tests; download the file again.")
    return all_tests


def _unpacked(problem: str, text: str) -> Any:
    if text.lstrip()[:1] in ("[", "{"):
        return parsed(text, problem)
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text, validate=True), MAX_ITEM)
        if not unpacker.unconsumed_tail and data[:1] == b"\x80":
            data = _pickled_text(data)
    except (ValueError, zlib.error) as error:
        raise damaged(problem, error) from None
    if unpacker.unconsumed_tail:
        raise DatasetError(f"{problem} (more than {MAX_ITEM >> 20} MiB); remove that line.")
    return parsed(data, problem)


def _pickled_text(data: bytes) -> bytes:
    """The text in a pickle of one text, read from its bytes without unpickling. Raises ValueError."""
    at = 2
    if data[at : at + 1] == b"\x95":
        at += 9
    sizes = {b"\x8c": 1, b"X": 4, b"\x8d": 8}
    size = sizes.get(data[at : at + 1])
    if size is None:
        raise ValueError("a pickle of something else than a text")
    start = at + 1 + size
    length = int.from_bytes(data[at + 1 : start], "little")
    text = data[start : start + length]
    if len(text) != length or data[start + length :].strip(b"\x94") != b".":
        raise ValueError("a pickle of something else than a text")
    return text
