from typing import Any

import pytest

from bench.datasets.checker import Checker, ProgramChecker


@pytest.mark.parametrize(
    ("out", "expected", "correct"),
    [
        ("3\n", "3\n", True), ("3", "3\n", True), ("  3  \n\n", "3", True), ("3.0", "3", True),
        ("1e2 x", "100 x", False),
        ("1 2.50 3", "1 2.5 3", True), ("1 2", "1  2", True), ("a b", "a  b", False), ("1\n2", "1\n2\n3", False),
        ("1\n\n2", "1\n2", False), ("YES", "Yes", False), ("0.30000000000000004", "0.3", False), ("", "", True),
        ("nan", "nan", True), ("x" * 9000 + "\n1.0", "x" * 9000 + "\n1", True), (None, "1", False), (1, "1", False),
        ("sNaN 1", "1 sNaN", False),
    ],
)  # fmt: skip
def test_the_output_of_a_program(out: Any, expected: str, *, correct: bool) -> None:
    """Lines are compared without the spaces around them, and numbers by their values, without a tolerance."""
    assert ProgramChecker().is_correct(out, expected, (), 0.0, same_type=True) is correct


@pytest.mark.parametrize(
    ("out", "expected", "correct"),
    [
        ([3, 1, 2], [1, 2, 3], True), ([1, 1, 2], [1, 2, 2], False), ([[1, 2], ["a"]], [["a"], [1.0, 2]], True),
        ([[2, 1]], [[1, 2]], False), ([1], [1, 1], False), ((1, 2), [2, 1], False), (5, 5, True),
        ([{1: 2}], [{1.0: 2}], True),
    ],
)  # fmt: skip
def test_answers_in_any_order(out: Any, expected: Any, *, correct: bool) -> None:
    """Where a problem takes any order, the elements of the list count, each as often as it is expected."""
    assert Checker(unordered=True).is_correct(out, expected, (), 0.0, same_type=True) is correct
    assert not Checker().is_correct([3, 1, 2], [1, 2, 3], (), 0.0, same_type=True)
