import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.generate.provenance import busy, totals
from bench.records import Completion


def made(**values: object) -> Completion:
    """A completion with those fields."""
    return Completion(key="k", task_id="Demo/0", sample=0, outcome="stop", answer="", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [([], 0), ([(1, 3)], 2), ([(1, 3), (2, 5)], 4), ([(5, 6), (1, 2)], 2), ([(1, 9), (2, 3)], 8)],
)
def test_busy_is_the_length_of_the_union(spans: list[tuple[float, float]], seconds: float) -> None:
    """Requests that overlap count once; pauses between two runs do not count."""
    assert busy(spans) == seconds


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10))))
def test_busy_is_bounded(pairs: list[tuple[int, int]]) -> None:
    """It is never more than the sum of all spans, nor less than the longest."""
    spans = [(float(start), float(start + length)) for start, length in pairs]
    assert max((length for _, length in pairs), default=0) <= busy(spans) <= sum(length for _, length in pairs)


def test_speed_is_by_time() -> None:
    """Speed is tokens by the seconds that they took: 100 at 10 per second and 100 at 100 make 18 per second."""
    done = [
        made(completion_tokens=100, speeds={"generation": 10.0}),
        made(completion_tokens=100, speeds={"generation": 100.0}),
        made(completion_tokens=5),
    ]
    assert totals(done)["speed"] == {"prompt": None, "generation": 18.18}
