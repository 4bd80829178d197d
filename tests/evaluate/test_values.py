import contextlib
import marshal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.evaluate.values import Undecodable, decode

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.complex_numbers(allow_nan=False)
)  # fmt: skip
hashable = st.recursive(scalars, lambda inner: st.lists(inner).map(tuple) | st.frozensets(inner), max_leaves=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.sets(hashable) | st.dictionaries(hashable, inner),
    max_leaves=30,
)


@pytest.mark.slow
@given(values)
def test_every_plain_value_comes_back(value: Any) -> None:
    """What Python's own writer makes of plain data reads as an equal value of the same type."""
    decoded = decode(marshal.dumps(value, 2))
    assert decoded == value
    assert type(decoded) is type(value)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_value_or_refused(data: bytes) -> None:
    """No bytes make the reader raise anything but Undecodable."""
    with contextlib.suppress(Undecodable):
        decode(data)


@pytest.mark.slow
@given(values, st.data())
def test_damaged_values_are_a_value_or_refused(value: Any, data: st.DataObject) -> None:
    """A changed byte or a cut makes another value or Undecodable, never another error."""
    wire = bytearray(marshal.dumps(value, 2))
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] = data.draw(st.integers(0, 255))
    for part in (bytes(wire), bytes(wire[:at])):
        with contextlib.suppress(Undecodable):
            decode(part)


def test_code_is_refused() -> None:
    """A code object, which Python's own reader would build, is refused."""
    with pytest.raises(Undecodable, match="type code"):
        decode(marshal.dumps(compile("1", "x", "eval"), 2))


def test_references_are_refused() -> None:
    """The format's back references, which can make a value of exponential size, are refused."""
    row = [1, 2, 3]
    with pytest.raises(Undecodable):
        decode(marshal.dumps([row, row], 4))


@pytest.mark.parametrize("data", [b"[\xff\xff\xff\x7f", b"u\x00\x00\x00\x10abc", b"l\xff\xff\xff\x7f\x01\x00"])
def test_a_length_beyond_the_end_is_refused_before_anything_is_made(data: bytes) -> None:
    """A record that claims millions of items and has none is refused at once."""
    with pytest.raises(Undecodable, match="beyond the end"):
        decode(data)


def test_deep_nesting_is_refused() -> None:
    """A value nested a thousand deep is refused; nobody recurses into it."""
    with pytest.raises(Undecodable, match="too deeply"):
        decode(b"[\x01\x00\x00\x00" * 1000 + b"N")


def test_crafted_hashes_are_refused() -> None:
    """A set whose items share one hash, which takes quadratic time to build, is refused."""
    prime = 2**61 - 1
    with pytest.raises(Undecodable, match="hashes"):
        decode(marshal.dumps([n * prime for n in range(5000)], 2).replace(b"[", b"<", 1))
