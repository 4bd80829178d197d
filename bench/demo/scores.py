"""How the demo's answers are graded, known before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Score:
    """How many of the problems pass base, and base and extra tests; how many samples are lost, by the reason."""

    problems: int
    base: int
    plus: int
    lost: Mapping[str, int] = field(default_factory=dict)


GREEDY = {
    "demo": Score(18, base=12, plus=11, lost={"empty": 1, "no code": 2, "truncated": 1}),
    "demo-mbpp": Score(6, base=5, plus=4),
}
"""With temperature 0, by dataset: 66.7 and 61.1 %, 83.3 and 66.7 %."""

ALWAYS = {"base": {"DemoMbpp/1001", "DemoMbpp/1002", "DemoMbpp/1004"}, "plus": {"DemoMbpp/1001", "DemoMbpp/1002"}}
NEVER = {"DemoMbpp/1005"}
"""With a temperature: what passes in every sample, and what in none. The others waver: about as often as not."""
