"""The scores of the demo's answers, known in advance."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Score:
    """The numbers of problems that pass base, and base and extra tests; the numbers of lost samples by reason."""

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
"""With a temperature: the problems that every sample passes, and that none does; of the others, about half pass."""
