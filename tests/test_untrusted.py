from typing import Any

import pytest

from bench.untrusted import items, number, positive, table, word

NO_NUMBERS = [None, "1", True, [], {}, float("nan"), float("inf"), 10**400]


def test_numbers() -> None:
    """Finite numbers are numbers, those above 0 positive ones."""
    assert [number(value) for value in (3, -1.5, 0)] == [3.0, -1.5, 0.0]
    assert [positive(value) for value in (3, 1.5)] == [3.0, 1.5]
    assert [positive(value) for value in (0, -1)] == [None, None]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_no_numbers(value: Any) -> None:
    """What is no number, or none that a float can hold, is none."""
    assert number(value) is None
    assert positive(value) is None


def test_containers() -> None:
    """Objects and lists are taken as they are; in place of anything else there is an empty one."""
    assert (table({"a": 1}), items([1])) == ({"a": 1}, [1])
    assert [table(value) for value in ([1], "text", None)] == [{}, {}, {}]
    assert [items(value) for value in ({"a": 1}, "text", None)] == [[], [], []]


def test_words() -> None:
    """Texts and numbers become one line, anything else nothing."""
    assert [word(value) for value in ("a\nb", 3, 1.5)] == ["a b", "3", "1.5"]
    assert [word(value) for value in (None, "", 0, ["a"], {"a": 1})] == [""] * 5
