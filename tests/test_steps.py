import pytest

from bench.evaluate.results import Summary
from bench.steps import score_line


@pytest.mark.parametrize(
    ("samples", "passed", "said"),
    [
        (4, 3, "Demo 75.0   Demo+ 50.0 (15.0 to 85.0)   1 no code   7 s"),
        (12, 9, "Demo 75.0   Demo+ 50.0   1 no code   7 s"),
    ],
)
def test_the_score_line(samples: int, passed: int, said: str) -> None:
    """The line has both scores, an interval where each problem has one sample, what was lost, and the seconds."""
    summary = Summary(4, samples, 0.75, 0.5, passed, passed * 2 // 3, (), 0, 0, 7.0)
    assert score_line("demo", summary, [{"lost": "no code"}, {"lost": ""}]) == said
