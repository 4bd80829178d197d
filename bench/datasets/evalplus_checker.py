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


@cache
def _evalplus(name: str) -> Callable[..., Any]:
    """EvalPlus's own function for an oracle."""
    from evalplus.eval import _special_oracle  # noqa: PLC0415 - heavy, and two problems of MBPP need it

    function: Callable[..., Any] = getattr(_special_oracle, name)
    return function


ORACLES: dict[tuple[str, str], Callable[[Any, Sequence[Any], float], Any]] = {
    ("humaneval", "find_zero"): _find_zero,
    ("mbpp", "sum_div"): lambda out, _arguments, _atol: out == 0,
    ("mbpp", "surface_Area"): lambda out, arguments, atol: abs(out - _evalplus("_surface_Area")(*arguments)) <= atol,
    ("mbpp", "digit_distance_nums"): lambda out, arguments, _: out == _evalplus("_digit_distance_nums")(*arguments),
}
