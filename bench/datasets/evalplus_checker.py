"""EvalPlus's comparison of an output with the expected one, on decoded values alone.

It is that of `evalplus.eval.unsafe_execute` in the repository's HEAD (release 0.3.1 fails every solution of
HumanEval/32): equality; else a relative tolerance of 1e-7 and the problem's absolute one; and the special oracles.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

FLOAT_ATOL = 1e-6
RTOL = 1e-07
BLOCK = 1 << 16
"""Numbers that are compared at a time, so that comparing takes little memory."""

SET_TASKS = frozenset([
    "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
    "intersection_array", "find_dissimilar", "Diff",
])  # fmt: skip
NOT_NONE_TASKS = frozenset(["check_str", "text_match_three", "text_starta_endb"])


@dataclass(frozen=True)
class Checker:
    """How the outputs of one problem are compared; `family` is the dataset's, `atol` the problem's own tolerance."""

    family: str
    entry_point: str
    atol: float

    @property
    def normalise(self) -> str:
        """What an output becomes in the sandbox before it is sent: "", "set" (unless floats in order) or "not none"."""
        if self.family != "mbpp":
            return ""
        if self.entry_point in SET_TASKS:
            return "set"
        return "not none" if self.entry_point in NOT_NONE_TASKS else ""

    @property
    def needs_inputs(self) -> bool:
        """Whether an oracle computes with the input."""
        return (self.family, self.entry_point) in ORACLES

    @property
    def accepts_anything(self) -> bool:
        """Whether every return value is right (Mbpp/164)."""
        return (self.family, self.entry_point) == ("mbpp", "are_equivalent")

    def uncut_from(self, first_float: int) -> int:
        """The first test whose output must be compared by value, however large; -1 for none.

        `first_float` is the first test whose expected output is compared with a tolerance (-1: none).
        """
        return 0 if self.atol or self.needs_inputs else first_float

    def tolerance(self, index: int, first_float: int) -> float:
        """The absolute tolerance of a test."""
        return FLOAT_ATOL if self.atol == 0 and 0 <= first_float <= index else self.atol

    def is_correct(self, out: Any, expected: Any, arguments: Sequence[Any], atol: float, *, same_type: bool) -> bool:
        """Whether `out` is right; `same_type` is False where it was converted to a plain type on its way here."""
        oracle = ORACLES.get((self.family, self.entry_point))
        try:
            if self.accepts_anything or (oracle is not None and oracle(out, arguments, atol)):
                return True
            if self.family == "humaneval" and oracle is not None:
                return False
            if bool(_unordered(out) == _unordered(expected) if self.normalise == "set" else out == expected):
                return True
            return atol != 0 and same_type and type(out) is type(expected) and close(out, expected, atol)
        except Exception:  # noqa: BLE001 - what cannot be compared is not right
            return False

    def are_close(self, out: Any, expected: Any, atol: float) -> bool:
        """As `is_correct`, for two arrays of numbers of sequences of one type, compared block by block."""
        return len(out) == len(expected) and all(
            (out[at : at + BLOCK] == expected[at : at + BLOCK]).all()
            or (atol != 0 and close(out[at : at + BLOCK], expected[at : at + BLOCK], atol))
            for at in range(0, len(out), BLOCK)
        )


def _unordered(value: Any) -> Any:
    return set(value) if isinstance(value, list | tuple) else value


def close(out: Any, expected: Any, atol: float) -> bool:
    """NumPy's closeness, after EvalPlus's check of the lengths. Raises what NumPy raises for what it cannot compare."""
    if type(out) is float and type(expected) is float and math.isfinite(expected):
        return abs(out - expected) <= atol + RTOL * abs(expected)
    if isinstance(expected, list | tuple) and len(out) != len(expected):
        return False
    import numpy as np  # noqa: PLC0415 - heavy, and most gradings do not need it

    with np.errstate(all="ignore"):
        return bool(np.allclose(out, expected, rtol=RTOL, atol=atol))


def _find_zero(out: Any, arguments: Sequence[Any], atol: float) -> bool:
    value = sum(coefficient * math.pow(out, power) for power, coefficient in enumerate(*arguments))
    return bool(abs(value) <= atol)


def _sum_div(out: Any, _arguments: Sequence[Any], _atol: float) -> bool:
    return bool(out == 0)


def _surface_area(out: Any, arguments: Sequence[Any], atol: float) -> bool:
    return bool(abs(out - _oracles()._surface_Area(*arguments)) <= atol)  # noqa: SLF001 - EvalPlus's own oracle


def _digit_distance(out: Any, arguments: Sequence[Any], _atol: float) -> bool:
    return bool(out == _oracles()._digit_distance_nums(*arguments))  # noqa: SLF001 - EvalPlus's own oracle


@cache
def _oracles() -> Any:
    from evalplus.eval import _special_oracle  # noqa: PLC0415 - heavy, and two problems of MBPP need it

    return _special_oracle


ORACLES: dict[tuple[str, str], Callable[[Any, Sequence[Any], float], bool]] = {
    ("humaneval", "find_zero"): _find_zero,
    ("mbpp", "sum_div"): _sum_div,
    ("mbpp", "surface_Area"): _surface_area,
    ("mbpp", "digit_distance_nums"): _digit_distance,
}
