from bench.evaluate.results import Summary
from bench.stats import estimate
from bench.steps import score_line


def test_the_score_line() -> None:
    """The line has both scores, the interval of several samples too, what was lost, and the seconds."""
    once = Summary(4, 4, {}, estimate([(1, 1)] * 3 + [(1, 0)]), estimate([(1, 1), (1, 0)] * 2), 3, 2, (), 0, 0, 7.0)
    lost = [{"lost": "no code"}, {"lost": ""}]
    assert score_line("demo", once, lost) == "Demo 75.0   Demo+ 50.0 (15.0 to 85.0)   1 no code   7 s"
    several = estimate([(2, 1)] * 4)
    twice = Summary(4, 8, {}, several, several, 4, 4, (), 0, 0, 7.0)
    assert score_line("demo", twice, []) == "Demo 50.0   Demo+ 50.0 (21.5 to 78.5)   7 s"
