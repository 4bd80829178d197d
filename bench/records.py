"""The frozen records that pass between the stages."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

Outcome = Literal["stop", "truncated", "looping", "empty", "error", "timeout"]
Status = Literal["pass", "fail", "timeout"]
Count = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
"""A whole number that is one for every reader of JSON; no file of ours needs a larger one."""
Seconds = Annotated[float, Meta(ge=-1e12, le=1e12)]
"""A duration, which is no NaN and not infinite."""


@dataclass(frozen=True)
class Completion:
    """One line of raw.jsonl: everything known about one completion; `key` names the request that it answers.

    Tokens are counts, `seconds` is wall time, `speeds` are tokens per second as the server measured them
    (`prompt`, `generation`), `first_token` are seconds to the first token. `server` holds what was granted and where it
    ran: slots, context, build, placement; `model` is the name of the model in the response. `ending` is how the
    request ended (bench.generate.answer.Ending; "" in lines of version 0.1). `continued` is how many of its tokens were
    taken over from an earlier, truncated answer, whose seconds are in `seconds`, too. `v` is the version of the line's
    format.
    """

    key: str
    task_id: str
    sample: Count
    outcome: Outcome
    answer: str
    reasoning: str = ""
    finish_reason: str = ""
    max_tokens: Count = 0
    seed: int | None = None
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    seconds: Seconds = 0.0
    speeds: dict[str, float] = field(default_factory=dict)
    error: str = ""
    server: dict[str, Any] = field(default_factory=dict)
    at: str = ""
    model: str = ""
    ending: str = ""
    continued: Count = 0
    first_token: Seconds = 0.0
    v: int = 1


@dataclass(frozen=True)
class SampleInfo:
    """One line of samples_info.jsonl, beside the line of samples.jsonl with the same number.

    `lost` is "" for a sample with code, or why there is none that counts: truncated, looping, empty, no code, error,
    timeout.
    `rule` is the extraction rule that found the code. `answer` and `reasoning` are those of an imported answer that is
    not code alone; a model's own are in its journal.
    """

    task_id: str
    sample: Count
    rule: str
    lost: str
    outcome: str = "stop"
    completion_tokens: Count = 0
    seconds: Seconds = 0.0
    origin: str = ""
    answer: str = ""
    reasoning: str = ""


@dataclass(frozen=True)
class Sample:
    """The code of one sample, and its provenance."""

    info: SampleInfo
    code: str


def lost(outcome: str, code: str) -> str:
    """The reason why a sample counts as lost: the outcome of its completion, even with a text, or `no code`."""
    if outcome != "stop":
        return outcome
    return "" if code.strip() else "no code"


@dataclass(frozen=True)
class Verdict:
    """The grading of one sample. `plus_run` is false where the plus suite was not run, since base had failed.

    `failure` describes the first failing input: suite, index, input, expected, actual (shortened texts), or error
    (exception with its line in the solution). `retried` says that it was run again alone, with its
    whole limits and a core to itself; `retry_alone`, that a neighbour may have caused it, so that this is to be done.
    """

    base: Status
    plus: Status
    plus_run: bool = True
    base_fail: list[Any] = field(default_factory=list)
    plus_fail: list[Any] = field(default_factory=list)
    failure: dict[str, Any] | None = None
    seconds: float = 0.0
    retried: bool = False
    retry_alone: bool = False

    @property
    def passed(self) -> bool:
        """Whether the sample passed base and plus."""
        return self.base == self.plus == "pass"
