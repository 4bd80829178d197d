"""What the report knows: one Entry for each profile on each dataset, whatever became of it.

results/ ─▶ gather.py ─▶ Entry ─▶ tables.py, charts.py ─▶ REPORT.md, report.html, report.json
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from bench.records import SampleInfo, Status

State = Literal["done", "partial", "skipped", "failed", "outdated", "gone", "none"]
"""What became of a profile on a dataset.

`done` and `partial` (not every problem was attempted) have a result. `skipped` and `failed` may still have an older
one. `outdated` has one that was made from something else than what is there now. `gone` has a result, but profiles.toml
no longer declares it; `none` was never run.
"""

NAMED = {"none": "not run", "gone": "not declared"}
"""What people call a state whose own word says too little."""


@dataclass(frozen=True)
class Graded:
    """One sample as graded; `failure` is the bench block's (suite, index, input, expected, actual, or error, line)."""

    task_id: str
    number: int
    base: Status
    plus: Status
    solution: str
    info: SampleInfo
    failure: dict[str, Any] | None = None
    plus_run: bool = True
    retried: bool = False

    @property
    def passed(self) -> bool:
        """Whether it passed base and plus."""
        return self.base == self.plus == "pass"


@dataclass(frozen=True)
class Entry:
    """One profile on one dataset; texts are untrusted.

    `reason` says in a phrase why there is no (newer) result, `remedy` what to do about it. `run` is what runs.py makes
    of run.json ({} for imports and old files), `bench` the bench block of eval_results.json without its samples.
    `n_problems` counts all problems of the dataset, attempted or not; `samples` are in problem order. `date` is when it
    was graded, as the result file says.
    """

    id: str
    dataset: str
    title: str
    note: str
    reference: str
    state: State
    reason: str = ""
    n_problems: int = 0
    samples: tuple[Graded, ...] = ()
    run: dict[str, Any] = field(default_factory=dict)
    bench: dict[str, Any] = field(default_factory=dict)
    date: str = ""
    remedy: str = ""

    @property
    def state_name(self) -> str:
        """What people call its state."""
        return NAMED.get(self.state, self.state)
