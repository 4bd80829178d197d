import marshal
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.checker import Checker, ProgramChecker
from bench.datasets.evalplus_checker import evalplus_checker
from bench.evaluate.comparison import Comparison
from bench.evaluate.expected import Collector, Expected, offsets
from bench.sandbox.inside import outputs
from bench.sandbox.instance import Limits

LIMITS = Limits(4.0, {}, 61.0)
DONE = outputs.HEADER.pack(outputs.DONE, 0)
EXACT, CLOSE = Checker(), Checker(1e-6)


def wire(values: list[Any], limit: int = outputs.LIMIT) -> bytes:
    """What a sandbox sends for these outputs."""
    return b"".join(outputs.record(value, limit) for value in values) + DONE


def expected_of(
    values: list[Any], *, limit: int = outputs.LIMIT, nan: tuple[int, ...] = (), first_float: int = -1
) -> Expected:
    """What is known of a suite with these outputs."""
    records = [len(outputs.record(value, limit)) for value in values]
    return Expected(wire(values, limit), offsets(records), first_float, frozenset(nan), LIMITS, LIMITS)


def compared(
    out: bytes, expected: Expected, *, checker: Checker = EXACT, sizes: tuple[int, ...] = (1 << 20,)
) -> Comparison:
    """How far the comparison came where `out` came, in pieces of `sizes` over and over."""
    comparison = Comparison(checker, expected)
    at, turn, more = 0, 0, True
    while at < len(out) and more:
        size = sizes[turn % len(sizes)]
        more = comparison.feed(out[at : at + size])
        at, turn = at + size, turn + 1
    return comparison


def right(out: Any, expected: Any, *, checker: Checker = EXACT, uncut: bool = False) -> bool:
    """Whether one output is right."""
    limit = outputs.UNCUT if uncut else outputs.LIMIT
    comparison = compared(wire([out], limit), expected_of([expected], limit=limit), checker=checker)
    return comparison.failure is None and comparison.index == 1


@pytest.mark.parametrize("sizes", [(1 << 20,), (1,), (3, 7, 11)])
def test_the_expected_bytes_are_right_however_they_are_cut(sizes: tuple[int, ...]) -> None:
    """Outputs that are the expected ones are right, in one piece or byte by byte."""
    values = [1, [2.5, "x"], {"a": {1}}, list(range(50)), list(range(5000))]
    comparison = compared(wire(values), expected_of(values), sizes=sizes)
    assert (comparison.index, comparison.failure) == (5, None)


@pytest.mark.parametrize("sizes", [(1 << 20,), (1,), (4, 9)])
def test_equal_values_of_other_bytes_are_right(sizes: tuple[int, ...]) -> None:
    """Where bytes differ, the values decide, and the records after it are judged too."""
    comparison = compared(wire([1.0, True, {2: 1, 1: 2}]), expected_of([1, 1, {1: 2, 2: 1}]), sizes=sizes)
    assert (comparison.index, comparison.failure) == (3, None)
    wrong = compared(wire([1.0, True, 5]), expected_of([1, 1, 6]), sizes=sizes)
    assert (wrong.index, wrong.failure) == (2, {"actual": "5", "expected": "6"})


LARGE = [
    ([float(n) for n in range(2000)], list(range(2000)), True),
    (list(range(800)), [float(n) for n in range(800)], True),
    ([float(n) for n in range(800)], list(range(800)), True),
    ([[n, n + 0.5] for n in range(2000)], [[float(n), n + 0.5] for n in range(2000)], True),
    ({n: str(n) for n in range(3000)}, {float(n): str(n) for n in reversed(range(3000))}, True),
    (set(range(3000)), frozenset(map(float, range(3000))), True),
    ([-0.0] * 3000, [0] * 3000, True),
    ([10**400, 2**53 + 1, *range(2000)], [10**400, 2**53 + 1, *map(float, range(2000))], True),
    ([2.0**53, *range(2000)], [2**53 + 1, *range(2000)], False),
    ([1] * 9000, (1,) * 9000, False),
    ([1] * 9000, [1] * 9001, False),
    ("x" * 9000, "y" * 9000, False),
    ([1] * 9000, [*[1] * 8999, 2], False),
    ([1] * 9000, 1, False),
    (1, [1] * 9000, False),
]


@pytest.mark.parametrize(("out", "expected", "equal"), LARGE)
def test_large_values_are_right_where_python_calls_them_equal(out: Any, expected: Any, *, equal: bool) -> None:
    """Large values cross as digests: the same for numbers of other types, and for sets and dicts in any order."""
    assert (out == expected) is equal
    assert right(out, expected) is equal


@pytest.mark.parametrize(("out", "expected", "close"), [
    ([n + 1e-9 for n in range(3000)], [float(n) for n in range(3000)], True),
    ([*map(float, range(2999)), 7.0], [float(n) for n in range(3000)], False),
    (list(range(3000)), [float(n) for n in range(3000)], True),
    (tuple(n + 1e-9 for n in range(3000)), [float(n) for n in range(3000)], False),
    ([n + 1e-9 for n in range(2999)], [float(n) for n in range(3000)], False),
    ([float("nan")] * 3000, [1.0] * 3000, False),
    ([float("inf")] * 3000, [float("inf")] * 2999 + [1.0], False),
    ([[n + 1e-9] for n in range(3000)], [[float(n)] for n in range(3000)], True),
    ([[2.0 + 1e-9]], [2.0], True), ([[]], [2.0], False), (([[]],), (2.0,), False), ([[], []], [[2.0], [3.0]], False),
])  # fmt: skip
def test_numbers_within_the_tolerance_are_right(out: Any, expected: Any, *, close: bool) -> None:
    """Where a tolerance holds, large outputs cross whole and are compared number by number, as NumPy does."""
    assert right(out, expected, checker=CLOSE, uncut=True) is close


def test_nan_equals_nothing() -> None:
    """An expected NaN is not met by a NaN, as in EvalPlus, though the bytes are the same."""
    value = float("nan")
    comparison = compared(wire([1, value]), expected_of([1, value], nan=(1,)))
    assert (comparison.index, comparison.failure) == (1, {"actual": "NaN", "expected": "nan"})
    assert compared(wire([1.0, value]), expected_of([1, value], nan=(1,))).failure


def test_tolerance_begins_where_the_reference_returns_its_first_float() -> None:
    """As in EvalPlus, a float output gives its test and all later ones a tolerance of 1e-6."""
    assert compared(wire([0.1 + 0.2]), expected_of([0.3], first_float=0)).index == 1
    assert compared(wire([0.1 + 0.2, 1.0]), expected_of([0.3, 1.0], first_float=1)).failure


def test_more_outputs_than_tests_are_wrong() -> None:
    """A sample that writes records of its own after the last test fails."""
    assert compared(wire([1, 2, 3]), expected_of([1, 2])).failure == {"error": "more outputs than tests", "line": 0}


def test_a_record_of_the_end_does_not_stand_for_outputs() -> None:
    """The mark of a finished suite counts only after all outputs."""
    assert compared(DONE, expected_of([1])).index == 0


def record(kind: int, payload: bytes) -> bytes:
    """A record of these bytes."""
    return outputs.HEADER.pack(kind, len(payload)) + payload


def deep(code: bytes) -> bytes:
    """A value nested a thousand deep."""
    return (code + b"\1\0\0\0") * 1000 + b"N"


HOSTILE = [
    record(outputs.VALUE, b"???"), record(outputs.VALUE, b""), record(outputs.DIGEST, b""), record(99, b"x"),
    record(outputs.DIGEST, b"x" * 400), record(outputs.OPAQUE, b"\xff" * 400), record(outputs.TIMES, b"N"),
    record(outputs.VALUE, deep(b"[")), record(outputs.VALUE, deep(b"(")), record(outputs.VALUE, deep(b"<")),
    record(outputs.VALUE, b"{" * 1000), record(outputs.VALUE, b"[\xff\xff\xff\x7f"),
    record(outputs.VALUE, b"[\xd0\x07\0\0" + b"{0" * 2000), record(outputs.VALUE, b"u\4\0\0\0\xff\xff\xff\xff"),
    record(outputs.VALUE, marshal.dumps(10**5000, 2)), record(outputs.VALUE, marshal.dumps("\ud800" * 9, 2)),
    record(outputs.VALUE, marshal.dumps({n: {1: (n, "x")} for n in range(50)}, 2)),
    record(outputs.VALUE, marshal.dumps(float("nan"), 2)), record(outputs.VALUE, marshal.dumps([1, "x", None], 2)),
    record(outputs.ERROR, marshal.dumps(("E", "\ud800", 10**5000), 2)), record(outputs.ERROR, marshal.dumps(None, 2)),
    record(outputs.ERROR, marshal.dumps((10**5000,) * 3, 2)), record(outputs.ERROR, deep(b"[")),
    record(outputs.ERROR, marshal.dumps(("x" * 4000, "", -1), 2)), record(outputs.ERROR, b""),
    record(outputs.ERROR, marshal.dumps(([], {}, ()), 2)),
    record(outputs.ERROR, marshal.dumps(("E", "", True), 2)),
]  # fmt: skip


CHECKERS = [
    EXACT, CLOSE, Checker(unordered=True), ProgramChecker(), evalplus_checker(family="mbpp", entry_point="Diff"),
    evalplus_checker(1e-4, family="humaneval", entry_point="find_zero"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("out", HOSTILE)
@pytest.mark.parametrize(
    "expected", [1, "x", [1.0] * 3, {1: 2}, [1] * 9000], ids=["int", "str", "list", "dict", "large"]
)
@pytest.mark.parametrize("checker", CHECKERS)
def test_whatever_a_sample_sends_is_wrong_with_a_plain_reason(out: bytes, expected: Any, checker: Checker) -> None:
    """Records that hold no plain data, too much of it, or huge numbers are wrong, and the reason is short text."""
    comparison = Comparison(checker, expected_of([expected]), [([1, 2],)])
    assert not comparison.feed(out + DONE)
    assert comparison.index == 0
    assert comparison.failure
    assert type(comparison.failure.get("line", 0)) is int
    assert all(type(text) in (str, int) and len(str(text)) <= 400 for text in comparison.failure.values())


def test_a_record_far_larger_than_expected_is_wrong_unread() -> None:
    """A record that claims more bytes than any equal value has is wrong before it is held in memory."""
    header = outputs.HEADER.pack(outputs.VALUE, 1 << 30)
    comparison = compared(header + b"x" * 100, expected_of([1]), checker=CLOSE)
    assert comparison.failure == {"actual": f"{1 << 30} bytes", "expected": "1"}


def test_a_value_of_more_items_than_expected_is_wrong_undecoded() -> None:
    """An output is decoded as far as the expected one has items, and no further."""
    expected = [1.0] * 10_000
    comparison = compared(
        record(outputs.VALUE, b"[\x40\x9c\0\0" + b"{0" * 40_000),
        expected_of([expected], limit=outputs.UNCUT),
        checker=CLOSE,
    )
    assert comparison.failure
    assert comparison.failure["actual"] == "<not plain data>"


def test_anything_is_right_where_evalplus_takes_anything() -> None:
    """Mbpp/164 takes every return value, an object of the sample's own too."""
    anything = evalplus_checker(family="mbpp", entry_point="are_equivalent")
    assert right(object(), 1, checker=anything)
    assert right([1] * 9000, 1, checker=anything)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.integers() | st.text(), inner),
    max_leaves=20,
)


@given(plain, plain)
def test_right_is_equal(out: Any, expected: Any) -> None:
    """Without a tolerance an output is right if and only if Python calls it equal, small or large."""
    assert right(out, expected) is (out == expected)
    filler = "x" * 5000
    assert right([out, filler], [expected, filler]) is (out == expected)


def test_offsets_are_where_records_begin() -> None:
    """Offsets are the running sums of the sizes."""
    assert offsets([5, 7, 1]) == array("Q", [0, 5, 12, 13])


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_collected_records_are_those_that_came(size: int) -> None:
    """Records are kept compressed as they come, however they are cut, with the sizes that they have."""
    values = [1, "x" * 100, [1.0] * 2000]
    times = outputs.HEADER.pack(outputs.TIMES, 1) + b"N"
    stream = wire(values).removesuffix(DONE) + times + DONE
    collector = Collector()
    for at in range(0, len(stream), size):
        collector.take(stream[at : at + size])
    assert collector.done()[1] == b"N"
    assert collector.sizes == [len(outputs.record(value)) for value in values]
