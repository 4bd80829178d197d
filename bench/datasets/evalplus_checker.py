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
class RootChecker(Checker):
    """HumanEval/32's comparison: exactly the roots of the polynomial are correct."""

    needs_inputs: bool = True

    def is_correct(self, out: Any, expected: Any, arguments: Sequence[Any], atol: float, *, same_type: bool) -> bool:  # noqa: ARG002 - the value alone counts
        """Whether the polynomial is zero at `out`."""
        try:
            value = sum(coefficient * math.pow(out, power) for power, coefficient in enumerate(*arguments))
            return bool(abs(value) <= atol)
        except Exception:  # noqa: BLE001 - a value that cannot be computed with is no root
            return False


@dataclass(frozen=True)
class OracleChecker(Checker):
    """The comparison for a function of MBPP that has an oracle, which accepts further outputs than the expected one."""

    needs_inputs: bool = True
    oracle: str = ""

    def _equal(self, out: Any, expected: Any, arguments: Sequence[Any], atol: float) -> bool:
        return bool(ORACLES[self.oracle](out, arguments, atol)) or super()._equal(out, expected, arguments, atol)


def evalplus_checker(atol: float = 0.0, *, family: str, entry_point: str) -> Checker:
    """EvalPlus's comparison for one problem; `family` is the dataset's."""
    if (family, entry_point) == ("humaneval", "find_zero"):
        return RootChecker(atol)
    if family != "mbpp":
        return Checker(atol)
    if entry_point in ORACLES:
        return OracleChecker(atol, oracle=entry_point)
    normalise = "set" if entry_point in SET_TASKS else "not none" if entry_point in NOT_NONE_TASKS else ""
    return Checker(atol, normalise=normalise, accepts_anything=entry_point == "are_equivalent")


@cache
def _evalplus(name: str) -> Callable[..., Any]:
    """EvalPlus's own function for an oracle."""
    from evalplus.eval import _special_oracle  # noqa: PLC0415 - heavy, and two problems of MBPP need it

    function: Callable[..., Any] = getattr(_special_oracle, name)
    return function


ORACLES: dict[str, Callable[[Any, Sequence[Any], float], Any]] = {
    "sum_div": lambda out, _arguments, _atol: out == 0,
    "surface_Area": lambda out, arguments, atol: abs(out - _evalplus("_surface_Area")(*arguments)) <= atol,
    "digit_distance_nums": lambda out, arguments, _atol: out == _evalplus("_digit_distance_nums")(*arguments),
}
