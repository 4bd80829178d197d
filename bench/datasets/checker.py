"""When an output is right, on decoded values alone. A dataset names its checker; EvalPlus's is evalplus_checker.py."""

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
"""Numbers that are compared at a time, so that comparing takes little memory."""


@dataclass(frozen=True)
class Checker:
    """Equality; else a tolerance, as EvalPlus has it: relative 1e-7, and `atol`, or 1e-6 from the first float on.

    With `unordered` the elements of a list may come in any order.
    """

    atol: float = 0.0
    unordered: bool = False

    @property
    def normalise(self) -> str:
        """What an output becomes in the sandbox before it is sent: "", "set" (unless floats in order) or "not none"."""
        return ""

    @property
    def needs_inputs(self) -> bool:
        """Whether an oracle computes with the input."""
        return False

    @property
    def accepts_anything(self) -> bool:
        """Whether every return value is right."""
        return False

    def uncut_from(self, first_float: int) -> int:
        """The first test whose output must be compared by value, however large; -1 for none.

        `first_float` is the first test whose expected output is compared with a tolerance (-1: none).
        """
        return 0 if self.atol or self.unordered or self.needs_inputs else first_float

    def tolerance(self, index: int, first_float: int) -> float:
        """The absolute tolerance of a test."""
        return FLOAT_ATOL if self.atol == 0 and 0 <= first_float <= index else self.atol

    def is_correct(self, out: Any, expected: Any, arguments: Sequence[Any], atol: float, *, same_type: bool) -> bool:
        """Whether `out` is right; `same_type` is False where it was converted to a plain type on its way here."""
        try:
            if self._equal(out, expected, arguments, atol):
                return True
            return atol != 0 and same_type and type(out) is type(expected) and close(out, expected, atol)
        except Exception:  # noqa: BLE001 - what cannot be compared is not right
            return False

    def _equal(self, out: Any, expected: Any, _arguments: Sequence[Any], _atol: float) -> bool:
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
    """A program's output, as LiveCodeBench compares it: line by line without spaces around, numbers by value."""

    def uncut_from(self, first_float: int) -> int:  # noqa: ARG002 - texts have no floats
        """All are compared by value."""
        return 0

    def tolerance(self, index: int, first_float: int) -> float:  # noqa: ARG002 - numbers are compared exactly
        """None."""
        return 0.0

    def _equal(self, out: Any, expected: Any, _arguments: Sequence[Any], _atol: float) -> bool:
        lines, wanted = out.strip().split("\n"), expected.strip().split("\n")
        return len(lines) == len(wanted) and all(map(_same_line, lines, wanted))


def _same_line(line: str, wanted: str) -> bool:
    if line.strip() == wanted.strip():
        return True
    words, others = line.split(), wanted.split()
    try:
        return len(words) == len(others) and list(map(Decimal, words)) == list(map(Decimal, others))
    except InvalidOperation:
        return False


def close(out: Any, expected: Any, atol: float) -> bool:
    """NumPy's closeness, after EvalPlus's check of the lengths. Raises what NumPy raises for what it cannot compare."""
    if type(out) is float and type(expected) is float and math.isfinite(expected):
        return abs(out - expected) <= atol + RTOL * abs(expected)
    if isinstance(expected, list | tuple) and len(out) != len(expected):
        return False
    import numpy as np  # noqa: PLC0415 - heavy, and most gradings do not need it

    with np.errstate(all="ignore"):
        # [[]] is close to [2.0] for NumPy: an empty axis stretches the other, and no number is compared.
        within = np.isclose(out, expected, rtol=RTOL, atol=atol)
        return bool(within.size and within.all())
