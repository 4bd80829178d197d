from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.checker import FLOAT_ATOL, Checker, close
from bench.datasets.evalplus_checker import NOT_NONE_TASKS, SET_TASKS, evalplus_checker

PLAIN = evalplus_checker(0, family="humaneval", entry_point="anything")


def right(out: Any, expected: Any, *, checker: Checker = PLAIN, atol: float = 0.0, arguments: Any = ()) -> bool:
    """Whether `out` is right where the test's output has this tolerance."""
    return checker.is_correct(out, expected, arguments, atol, same_type=True)


def test_without_a_tolerance_equality_decides() -> None:
    """As in EvalPlus, 1 equals 1.0 and True, and a tuple equals no list."""
    assert right(1.0, 1)
    assert right(True, 1)  # noqa: FBT003 - a value
    assert not right((1, 2), [1, 2])
    assert not right(0.1 + 0.2, 0.3)


def test_a_tolerance_needs_the_same_type_and_length() -> None:
    """Close is right among floats and lists of them, not between types or lengths."""
    assert right(0.1 + 0.2, 0.3, atol=FLOAT_ATOL)
    assert right([1.0, 2.0], [1.0, 2.0 + 1e-8], atol=FLOAT_ATOL)
    assert not right([1.0], [1.0, 1.0], atol=FLOAT_ATOL)
    assert not right((1.0,), [1.0 + 1e-9], atol=FLOAT_ATOL)
    assert not PLAIN.is_correct(1.0, 1.0 + 1e-9, (), FLOAT_ATOL, same_type=False)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_close_is_numpys(out: float, expected: float) -> None:
    """Closeness is NumPy's, with EvalPlus's relative tolerance of 1e-7."""
    with np.errstate(all="ignore"):
        assert close(out, expected, 1e-6) == bool(np.allclose(out, expected, rtol=1e-07, atol=1e-6))


def test_a_root_is_right_by_its_value_alone() -> None:
    """HumanEval/32 takes any root of the polynomial, and nothing else."""
    checker = evalplus_checker(1e-4, family="humaneval", entry_point="find_zero")
    arguments = ([-6, 11, -6, 1],)
    assert all(right(root, 1.0, checker=checker, atol=1e-4, arguments=arguments) for root in (1.0, 2.0, 3.0))
    assert not right(1.5, 1.5, checker=checker, atol=1e-4, arguments=arguments)
    assert not right("x", 1.0, checker=checker, atol=1e-4, arguments=arguments)


def test_sets_and_matches_are_the_ones_of_evalplus() -> None:
    """The problems of MBPP whose outputs are compared as sets, or as found or not, are EvalPlus's."""
    from evalplus.eval import MBPP_OUTPUT_NOT_NONE_TASKS
    from evalplus.eval._special_oracle import MBPP_OUTPUT_SET_EQ_TASKS

    assert set(MBPP_OUTPUT_SET_EQ_TASKS) == SET_TASKS
    assert set(MBPP_OUTPUT_NOT_NONE_TASKS) == NOT_NONE_TASKS
    assert [
        evalplus_checker(0, family="mbpp", entry_point=name).normalise for name in ("Diff", "check_str", "other")
    ] == ["set", "not none", ""]
    assert evalplus_checker(0, family="humaneval", entry_point="Diff").normalise == ""


@pytest.mark.parametrize(
    ("name", "arguments", "out"),
    [("surface_Area", (3, 4), 33.0), ("digit_distance_nums", (123, 256), 7), ("sum_div", (8,), 0)],
)
def test_the_oracles_of_mbpp_take_their_own_answers(name: str, arguments: Any, out: Any) -> None:
    """Where EvalPlus has an oracle for a problem of MBPP, its answer is right beside the expected one."""
    checker = evalplus_checker(1e-6, family="mbpp", entry_point=name)
    from evalplus.eval import _special_oracle as oracles

    answers = {"surface_Area": "_surface_Area", "digit_distance_nums": "_digit_distance_nums"}
    if name in answers:
        out = getattr(oracles, answers[name])(*arguments)
    assert right(out, "another", checker=checker, atol=1e-6, arguments=arguments)
    assert not right("wrong", "another", checker=checker, atol=1e-6, arguments=arguments)


def test_what_cannot_be_compared_is_wrong() -> None:
    """An error while comparing makes an output wrong and harms nobody."""
    assert not right([1.0, "x"], [1.0, 2.0], atol=FLOAT_ATOL)
