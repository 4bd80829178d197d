"""Comparison of an output with the expected one, on decoded values. EvalPlus's rules are in evalplus_checker.py."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from bench.sandbox.inside.canonical import digest

FLOAT_ATOL = 1e-6
RTOL = 1e-07
BLOCK = 1 << 16
"""Numbers that are compared at a time, to limit memory."""


@dataclass(frozen=True)
class Checker:
    """Equality, else EvalPlus's tolerance: relative 1e-7, and absolute `atol`, or 1e-6 from the first float on.

    `unordered`: the elements of a list may come in any order. `normalise` is the conversion of an output in the
    sandbox: "", "set" (unless floats in order) or "not none". `needs_inputs`: an oracle needs the arguments.
    `accepts_anything`: every return value is correct.
    """

    atol: float = 0.0
    unordered: bool = False
    normalise: str = ""
    needs_inputs: bool = False
    accepts_anything: bool = False

    def uncut_from(self, first_float: int) -> int:
        """The first test whose output must be compared by value, however large; -1 for none.

        `first_float` is the first test whose expected output is compared with a tolerance (-1: none).
        """
        return 0 if self.atol or self.unordered or self.needs_inputs else first_float

    def tolerance(self, index: int, first_float: int) -> float:
        """The absolute tolerance of a test."""
        return FLOAT_ATOL if self.atol == 0 and 0 <= first_float <= index else self.atol

    def is_correct(self, out: Any, expected: Any, arguments: Sequence[Any], atol: float, *, same_type: bool) -> bool:
        """Whether `out` is correct; `same_type` is False where it was converted to a plain type in the sandbox."""
        try:
            if self._equal(out, expected, arguments, atol):
                return True
            return atol != 0 and same_type and type(out) is type(expected) and close(out, expected, atol)
        except Exception:  # noqa: BLE001 - a value that cannot be compared is not correct
            return False

    def _equal(self, out: Any, expected: Any, _arguments: Sequence[Any], _atol: float) -> bool:
        if self.accepts_anything:
            return True
        if self.normalise == "set":
            return bool(_as_set(out) == _as_set(expected))
        if self.unordered and isinstance(out, list) and isinstance(expected, list):
            return Counter(map(digest, out)) == Counter(map(digest, expected))
        return bool(out == expected)

    @property
    def compares_arrays(self) -> bool:
        """Whether long sequences of numbers may be compared by `are_close`, in their order."""
        return not (self.unordered or self.needs_inputs or self.normalise)

    def are_close(self, out: Any, expected: Any, atol: float) -> bool:
        """As `is_correct`, for two arrays of numbers of sequences of one type, compared block by block."""
        return len(out) == len(expected) and all(
            (out[at : at + BLOCK] == expected[at : at + BLOCK]).all()
            or (atol != 0 and close(out[at : at + BLOCK], expected[at : at + BLOCK], atol))
            for at in range(0, len(out), BLOCK)
        )


@dataclass(frozen=True)
class ProgramChecker(Checker):
    """LiveCodeBench's comparison of a program's output: stripped line by stripped line, numbers by value."""

    def uncut_from(self, first_float: int) -> int:  # noqa: ARG002 - texts have no floats
        """The first: all outputs are compared by value."""
        return 0

    def tolerance(self, index: int, first_float: int) -> float:  # noqa: ARG002 - numbers are compared exactly
        """No tolerance."""
        return 0.0

    def _equal(self, out: Any, expected: Any, _arguments: Sequence[Any], _atol: float) -> bool:
        lines, expected_lines = out.strip().split("\n"), expected.strip().split("\n")
        return len(lines) == len(expected_lines) and all(map(_same_line, lines, expected_lines))


def _as_set(value: Any) -> Any:
    return set(value) if isinstance(value, list | tuple) else value


def _same_line(line: str, expected: str) -> bool:
    if line.strip() == expected.strip():
        return True
    try:
        return list(map(Decimal, line.split())) == list(map(Decimal, expected.split()))
    except InvalidOperation:
        return False


def close(out: Any, expected: Any, atol: float) -> bool:
    """NumPy's isclose, after EvalPlus's check of the lengths. Raises NumPy's errors where it cannot compare."""
    if type(out) is float and type(expected) is float and math.isfinite(expected):
        return abs(out - expected) <= atol + RTOL * abs(expected)
    if isinstance(expected, list | tuple) and len(out) != len(expected):
        return False
    import numpy as np  # noqa: PLC0415 - heavy, and most gradings do not need it

    with np.errstate(all="ignore"):
        # [[]] is close to [2.0] for NumPy: an empty axis stretches the other, and no number is compared.
        within = np.isclose(out, expected, rtol=RTOL, atol=atol)
        return bool(within.size and within.all())
