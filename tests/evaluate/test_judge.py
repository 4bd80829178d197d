import marshal
from array import array
from typing import Any

import pytest

from bench.evaluate.expected import Expected, offsets, split
from bench.evaluate.judge import Judge, SuiteResult, hopeless
from bench.evaluate.rules import Rule
from bench.sandbox.inside import outputs
from bench.sandbox.instance import End, Limits

LIMITS = Limits(4.0, {}, 61.0)
DONE = outputs.HEADER.pack(outputs.DONE, 0)


def wire(values: list[Any], limit: int = outputs.LIMIT) -> bytes:
    """What a sandbox sends for these outputs."""
    return b"".join(outputs.record(value, limit) for value in values) + DONE


def judged(
    out: bytes, values: list[Any], *, sizes: tuple[int, ...] = (1 << 20,), whole: bool = False,
    nan: tuple[int, ...] = (), first_float: int = -1, broken: str = "", status: int | None = 0,
) -> SuiteResult:  # fmt: skip
    """The result where `values` were expected and `out` came, in pieces of `sizes` over and over."""
    limit = outputs.UNCUT if whole else outputs.LIMIT
    stream = wire(values, limit)
    records = [len(record) for record in split(stream)][:-1]
    expected = Expected(stream, offsets(records), first_float, frozenset(nan), LIMITS, LIMITS)
    judge = Judge(Rule("humaneval", "f", 0), expected, lambda: [()] * len(values), whole)
    at, turn, more = 0, 0, True
    while at < len(out) and more:
        size = sizes[turn % len(sizes)]
        more = judge.feed(out[at : at + size])
        at, turn = at + size, turn + 1
    return judge.finish(End(status, broken, test=len(values) - 1, seconds=0.1, dirty=False))


@pytest.mark.parametrize("sizes", [(1 << 20,), (1,), (3, 7, 11)])
def test_the_expected_bytes_pass_however_they_are_cut(sizes: tuple[int, ...]) -> None:
    """Outputs that are the expected ones pass, in one piece or byte by byte."""
    values = [1, [2.5, "x"], {"a": {1}}, list(range(50))]
    assert judged(wire(values), values, sizes=sizes).status == "pass"


@pytest.mark.parametrize("sizes", [(1 << 20,), (1,), (4, 9)])
def test_equal_values_of_other_bytes_pass(sizes: tuple[int, ...]) -> None:
    """Where bytes differ, the values decide, and the records after it are judged too."""
    assert judged(wire([1.0, True, {2: 1, 1: 2}]), [1, 1, {1: 2, 2: 1}], sizes=sizes).status == "pass"
    wrong = judged(wire([1.0, True, 5]), [1, 1, 6], sizes=sizes)
    assert (wrong.status, wrong.index, wrong.failure) == ("fail", 2, {"actual": "5", "expected": "6"})


def test_a_missing_output_is_no_pass() -> None:
    """A process that ends before its last test fails, whatever its exit status says."""
    result = judged(wire([1, 2])[: -len(DONE)], [1, 2, 3])
    assert (result.status, result.failure) == ("fail", {"error": "ended without a result", "line": 0})


def test_a_suite_without_tests_has_no_failing_one() -> None:
    """Where a suite has no tests, a sample that says it was in one fails before the first."""
    payload = marshal.dumps(("ValueError", "no", 1), 2)
    judge = Judge(Rule("mbpp", "f", 0), Expected(DONE, offsets([]), -1, frozenset(), LIMITS, LIMITS), list)
    assert not judge.feed(outputs.HEADER.pack(outputs.ERROR, len(payload)) + payload)
    result = judge.finish(End(0, "", test=4, seconds=0.1, dirty=False))
    assert (result.status, result.index) == ("fail", None)


def test_more_outputs_than_tests_are_no_pass() -> None:
    """A sample that writes records of its own after the last test fails."""
    assert judged(wire([1, 2, 3]), [1, 2]).status == "fail"


def test_a_record_of_the_sandboxs_end_does_not_pass_by_itself() -> None:
    """The mark of a finished suite counts only after all outputs."""
    assert judged(DONE, [1]).status == "fail"


def test_nan_equals_nothing() -> None:
    """An expected NaN is not met by a NaN, as in EvalPlus, though the bytes are the same."""
    value = float("nan")
    result = judged(wire([1, value]), [1, value], nan=(1,))
    assert (result.status, result.index) == ("fail", 1)


def test_tolerance_begins_where_the_reference_returns_its_first_float() -> None:
    """As in EvalPlus, a float output gives its test and all later ones a tolerance of 1e-6."""
    assert judged(wire([0.1 + 0.2]), [0.3], first_float=0).status == "pass"
    assert judged(wire([0.1 + 0.2, 1.0]), [0.3, 1.0], first_float=1).status == "fail"


def test_large_outputs_that_may_be_equal_are_asked_for_whole() -> None:
    """A large value with another digest is undecided where the values may be equal, and wrong where they cannot be."""
    floats = [float(n) for n in range(2000)]
    assert judged(wire([floats]), [list(range(2000))]).undecided
    assert not judged(wire([floats[:-1]]), [floats]).undecided
    assert judged(wire([floats], outputs.UNCUT), [list(range(2000))], whole=True).status == "pass"


def test_a_record_far_larger_than_expected_is_wrong_unread() -> None:
    """What claims more bytes than any equal value has is wrong before it is held in memory."""
    header = outputs.HEADER.pack(outputs.VALUE, 1 << 30)
    result = judged(header + b"x" * 100, [1])
    assert (result.status, result.failure) == ("fail", {"actual": f"{1 << 30} bytes", "expected": "1"})


@pytest.mark.parametrize(
    ("broken", "status", "expected"),
    [("time", 9, "timeout"), ("memory", 9, "fail"), ("", 11, "fail"), ("", 9, "fail")],
)
def test_the_end_of_the_process_is_told(broken: str, status: int, expected: str) -> None:
    """Time, memory and signals are told apart, with the test that ran."""
    result = judged(b"", [1, 2], broken=broken, status=status)
    assert (result.status, result.index) == (expected, 1)
    assert result.failure
    assert result.failure["error"].split()[0] in ("ran", "used", "was")


def test_unreadable_values_are_wrong() -> None:
    """A record that holds no plain data is wrong, not an error of the judge."""
    rubbish = outputs.HEADER.pack(outputs.VALUE, 3) + b"???"
    assert judged(rubbish + DONE, [1]).status == "fail"


@pytest.mark.parametrize(("out", "wanted", "no_hope"), [
    ("x" * 9000, "y" * 9000, True), ([1] * 9000, [1.0] * 9000, False), ([1] * 9000, (1,) * 9000, True),
    ([1] * 9000, [1] * 9001, True), ({*range(9000)}, frozenset(range(1, 9001)), False),
])  # fmt: skip
def test_hopeless_says_when_unequal_large_values_cannot_be_right(out: Any, wanted: Any, *, no_hope: bool) -> None:
    """Texts, other types and other lengths need not cross whole."""
    assert hopeless(marshal.dumps(out, 2)[:5], marshal.dumps(wanted, 2)[:5]) is no_hope


def test_offsets_say_where_records_begin() -> None:
    """Offsets are the running sums of the sizes."""
    assert offsets([5, 7, 1]) == array("Q", [0, 5, 12, 13])
