from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, namedtuple
from decimal import Decimal
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from bench.evaluate.values import decode
from bench.sandbox.inside import canonical, outputs

Point = namedtuple("Point", "x y")  # noqa: PYI024 - what samples return


def read(record: bytes) -> tuple[int, bytes]:
    """Kind and payload of one record."""
    kind, size = outputs.HEADER.unpack_from(record)
    assert len(record) == outputs.HEADER.size + size
    return kind, record[outputs.HEADER.size :]


@pytest.mark.parametrize("value", [1, 2.5, "x", None, True, [1, [2]], (1, 2), {"a": [1]}, {1, 2}, frozenset([3]), 1j])
def test_plain_values_cross_as_they_are(value: Any) -> None:
    """A value of exact builtin types crosses in marshal format 2 and reads as itself."""
    kind, payload = read(outputs.record(value))
    assert (kind, decode(payload)) == (outputs.VALUE, value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Counter("aab"), {"a": 2, "b": 1}), (OrderedDict(a=1), {"a": 1}), (defaultdict(int, a=1), {"a": 1}),
        (Point(1, 2), (1, 2)), (np.int64(3), 3), (np.float64(0.5), 0.5), (Fraction(4, 2), 2), (Decimal("0.5"), 0.5),
        ({"a": 1}.keys(), {"a"}), (UserList([1, 2]), [1, 2]), (ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
        (UserDict(a=1), {"a": 1}), (UserString("ab"), "ab"), (MappingProxyType({"a": UserList([1])}), {"a": [1]}),
    ],
)  # fmt: skip
def test_equal_values_of_other_types_cross_as_plain_ones(value: Any, plain: Any) -> None:
    """What equals plain data crosses as that data, marked, since EvalPlus compares with ==."""
    kind, payload = read(outputs.record(value))
    assert kind in (outputs.VALUE | outputs.CONVERTED, outputs.CONVERTED)
    assert decode(payload) == plain


@pytest.mark.parametrize("value", [object(), (n for n in [1]), len, np.array([1, 2]), [object()]])
def test_what_is_not_data_is_opaque(value: Any) -> None:
    """A generator, a function or an object crosses as the name of its type alone."""
    kind, payload = read(outputs.record(value))
    assert kind == outputs.OPAQUE
    assert payload.decode().isidentifier()


def test_what_lies_about_itself_crosses_as_what_it_is() -> None:
    """A subclass that overrides equality, length and iteration crosses as the value below it."""

    class Liar(list):  # type: ignore[type-arg]
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter([6])

    _, payload = read(outputs.record(Liar([1, 2, 3])))
    assert decode(payload) == [1, 2, 3]


def test_large_values_cross_as_a_digest() -> None:
    """A value beyond the limit crosses as digest, type, number of items and whether a NaN is in it."""
    big = list(range(100_000))
    kind, payload = read(outputs.record(big))
    assert (kind, read(outputs.record([float(n) for n in big]))[1]) == (outputs.DIGEST, payload)
    assert outputs.SUMMARY.unpack(payload)[1:] == (b"[", 100_000, False)


def test_a_list_that_holds_itself_is_not_data() -> None:
    """A value without an end crosses as the name of its type."""
    endless: list[Any] = list(range(500))
    endless.append(endless)
    assert read(outputs.record(endless)) == (outputs.OPAQUE, b"list")


SAME = [
    [1, 1.0, True, 1 + 0j], [0, -0.0, False], [2**53, 2.0**53], [2**53 + 1], [10**400], [-(10**400)],
    [1e308, int(1e308)], ["a"], [b"a"], ["ab", "ab"], [None], [[1], [True]], [(1,), (1.0,)], [[[], [[]]]], [[[[]], []]],
    [["ab", "c"]], [["a", "bc"]], [{1, 2, "x"}, frozenset(["x", 2.0, 1])], [{1: 2, 3: 4}, {3: 4.0, True: 2}],
    [{(1, 2), (3, 4)}, {(3, 4.0), (1, 2)}], [[10**400, 1], [10**400, 1.0]], [[1, 10**400]], [[0, 10**400]], [1j],
    [[1j, 1], [1j, 1.0]], [{1j, 1}, {1.0, 1j}], [{"a": [1], "b": {2: 3}}, {"b": {2.0: 3}, "a": [1.0]}],
    [{"a": {2: 3}, "b": [1]}], [[1, "a", None]], [["a", 1, None]], [float("inf"), float("inf")], [-float("inf")],
    ["\ud800"], [""], [[]], [()], [{}], [set(), frozenset()],
]  # fmt: skip


def test_digests_are_the_same_for_equal_values_alone() -> None:
    """Two values share a digest if and only if Python calls them equal, whatever their types and their order."""
    values = [(group, value) for group, some in enumerate(SAME) for value in some]
    for (group, value), (other_group, other) in product(values, values):
        assert (value == other) is (group == other_group)
        assert (canonical.digest(value) == canonical.digest(other)) is (group == other_group)


def test_nan_is_found_wherever_it_is() -> None:
    """A NaN is found in any depth and in any size, and its bytes inside a text are none."""
    deep, large = [{"a": (1.0, float("nan"))}], [1.0] * 5000 + [-float("nan")]
    assert all(outputs.holds_nan(value, outputs.record(value)) for value in (deep, large))
    text = [1.0, "\0" * 6 + "\u7ff8", float("inf")]
    assert not outputs.holds_nan(text, outputs.record(text))
