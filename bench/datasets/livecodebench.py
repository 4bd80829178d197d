"""LiveCodeBench's own files: dated problems with public and private tests, of functions or of standard input."""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.datasets import literals
from bench.datasets.asserts import ENTRY
from bench.datasets.leetcode import INSTRUCTION
from bench.datasets.problem import Problem, Suite
from bench.datasets.rows import Row, rows
from bench.errors import DatasetError

MOST = 1 << 28
"""Bytes of one problem's unpacked private tests."""

PROGRAM = (
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


def problems(path: Path) -> Iterator[Problem]:
    """All problems of a file. Raises DatasetError."""
    return map(_problem, rows(path))


def _problem(row: Row) -> Problem:
    tests = [*_tests(row, "public_test_cases"), *_tests(row, "private_test_cases")]
    if not tests:
        raise DatasetError(f"{row.place} has no tests; download the file again.")
    starter = row.text("starter_code", "")
    question = row.text("question_content").strip()
    stdin = all(test.get("testtype") != "functional" for test in tests)
    common: dict[str, Any] = {
        "task_id": f"LiveCodeBench/{row.text('question_id')}",
        "reference": "",
        "date": row.text("contest_date", "")[:10],
        "difficulty": row.text("difficulty", ""),
    }
    if stdin:
        inputs = [[str(test["input"])] for test in tests]
        suites = (Suite("tests", inputs, [str(test["output"]) for test in tests]),)
        message = f"{PROGRAM}\n\n{question}"
        return Problem(
            prompt="", message=message, target="program", entry_point="", suites=suites, scheme="program", **common
        )
    function = _function(row)
    try:
        inputs = [[_value(line) for line in str(test["input"]).strip().split("\n")] for test in tests]
        outputs = [_value(str(test["output"])) for test in tests]
    except ValueError as error:
        raise DatasetError(f"{row.place} has a test that is no literal ({error}); fix that line.") from None
    harness = f"def {ENTRY}(*values):\n    return Solution().{function}(*values)\n"
    message = f"{INSTRUCTION}\n\n{question}\n\n```python\n{starter.rstrip()}\n```"
    suites = (Suite("tests", inputs, outputs),)
    return Problem(
        prompt="",
        message=message,
        entry_point=ENTRY,
        suites=suites,
        preamble=PREAMBLE,
        harness=harness,
        defines="Solution",
        **common,
    )


def _function(row: Row) -> str:
    """The name of the method: the metadata has it."""
    try:
        found = json.loads(row.text("metadata", "{}"))
    except ValueError:
        found = {}
    name = found.get("func_name") if isinstance(found, Mapping) else None
    if not isinstance(name, str) or not name.isidentifier():
        raise DatasetError(f'{row.place} names no function in "metadata"; download the file again.')
    return name


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return literals.value(text)


def _tests(row: Row, key: str) -> list[dict[str, Any]]:
    """The tests under a key: JSON, or JSON packed by zlib and base64, in which a pickled text may lie."""
    text = row.fields.get(key, "[]")
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except ValueError:
            text = _unpacked(row, key, text)
    if not isinstance(text, list) or not all(
        isinstance(one, dict) and {"input", "output"} <= one.keys() for one in text
    ):
        raise DatasetError(f'{row.place} has no list of tests under "{key}"; download the file again.')
    return text


def _unpacked(row: Row, key: str, text: str) -> Any:
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text, validate=True), MOST)
        if unpacker.unconsumed_tail:
            raise DatasetError(f'{row.place} has more than {MOST >> 20} MiB of tests under "{key}"; remove that line.')
        return json.loads(_pickled_text(data) if data[:1] == b"\x80" else data)
    except (ValueError, zlib.error) as error:
        raise DatasetError(
            f'{row.place} has unreadable tests under "{key}" ({error}); download the file again.'
        ) from None


def _pickled_text(data: bytes) -> bytes:
    """The one text in a pickle of a text, read from its bytes: nothing is ever unpickled. Raises ValueError."""
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
