"""EvalPlus's comparison of an output with the expected one, on decoded values alone.

It is that of `evalplus.eval.unsafe_execute` in the repository's HEAD (release 0.3.1 fails every solution of
HumanEval/32): equality; else a relative tolerance of 1e-7 and the problem's absolute one; and the special oracles.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.datasets.checker import Checker

SET_TASKS = frozenset([
    "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
    "intersection_array", "find_dissimilar", "Diff",
])  # fmt: skip
NOT_NONE_TASKS = frozenset(["check_str", "text_match_three", "text_starta_endb"])


@dataclass(frozen=True)
class EvalPlusChecker(Checker):
    """EvalPlus's comparison for one problem; `family` is the dataset's."""

    family: str = ""
    entry_point: str = ""

    @property
    def normalise(self) -> str:
        """Some problems of MBPP accept items in any order, others any match."""
        if self.family != "mbpp":
            return ""
        if self.entry_point in SET_TASKS:
            return "set"
        return "not none" if self.entry_point in NOT_NONE_TASKS else ""

    @property
    def needs_inputs(self) -> bool:
        """Four problems have an oracle."""
        return (self.family, self.entry_point) in ORACLES

    @property
    def accepts_anything(self) -> bool:
        """Whether it is Mbpp/164."""
        return (self.family, self.entry_point) == ("mbpp", "are_equivalent")

    def is_correct(self, out: Any, expected: Any, arguments: Sequence[Any], atol: float, *, same_type: bool) -> bool:
        """As `Checker`, except for HumanEval/32, where exactly the roots are correct."""
        if (self.family, self.entry_point) != ("humaneval", "find_zero"):
            return super().is_correct(out, expected, arguments, atol, same_type=same_type)
        try:
            return _find_zero(out, arguments, atol)
        except Exception:  # noqa: BLE001 - a value that cannot be computed with is no root
            return False

    def _equal(self, out: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
        oracle = ORACLES.get((self.family, self.entry_point))
        if self.accepts_anything or (oracle is not None and oracle(out, arguments, atol)):
            return True
        if self.normalise == "set":
            return bool(_unordered(out) == _unordered(expected))
        return bool(out == expected)


def _unordered(value: Any) -> Any:
    return set(value) if isinstance(value, list | tuple) else value


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
