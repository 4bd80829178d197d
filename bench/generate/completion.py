"""An answer or a failure → a completion with exactly one outcome."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from bench.extract import normalized, split_thoughts
from bench.extract.targets import solution_of
from bench.generate.answer import ANSWERED, Answer, Ending
from bench.generate.requests import Request
from bench.profiles import Profile
from bench.records import Completion, Outcome, lost

MAX_ERROR = 2000
"""Characters of an error message that are kept."""


def completion_of(
    request: Request, profile: Profile, answer: Answer, seconds: float, server: dict[str, Any], *, think: bool = False
) -> Completion:
    """The completion of an answer, with thoughts separated from the answer's text.

    `think`: the prompt ends with the tag that opens a thought.
    """
    inside = think and not answer.reasoning and _may_hold_thoughts(profile, answer)
    partial = request.partial.completion if request.partial else None
    text = (partial.answer if partial else "") + answer.text
    thoughts = split_thoughts(normalized(text), inside=inside and not partial)
    return Completion(
        key=request.key,
        task_id=request.problem.task_id,
        sample=request.sample,
        outcome=outcome(thoughts.answer, answer.ending, closed=thoughts.closed),
        answer=thoughts.answer,
        reasoning="\n".join(filter(None, [normalized(answer.reasoning), thoughts.reasoning])),
        finish_reason=answer.finish_reason,
        max_tokens=request.limit or profile.sampling.max_tokens,
        seed=request.seed,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens + (partial.completion_tokens if partial else 0),
        seconds=round(seconds + (partial.seconds if partial else 0), 3),
        speeds=answer.speeds,
        error=answer.error[:MAX_ERROR],
        server=server,
        at=datetime.now().isoformat(sep=" ", timespec="milliseconds"),  # noqa: DTZ005 - the user's own clock
        model=answer.model,
        ending=answer.ending,
        continued=partial.completion_tokens if partial else 0,
        first_token=answer.first_token,
    )


def outcome(answer: str, ending: Ending, *, closed: bool) -> Outcome:
    """`empty` where no answer came, also when all tokens went to reasoning; `truncated` where one was cut off.

    An answer, or thoughts, that repeated themselves are `looping`. `closed` is false where the text ends inside a
    thought: that is `truncated` too, for no code follows.
    """
    if ending not in ANSWERED:
        return "timeout" if ending in (Ending.LATE, Ending.HUNG) else "error"
    if ending is Ending.LOOPED:
        return "looping"
    if not closed:
        return "truncated"
    if not answer.strip():
        return "empty"
    return "stop" if ending is Ending.ENDED else "truncated"


def loss_reason(completion: Completion, request: Request) -> str:
    """Why a completion counts as lost: its outcome, `no code`, or "" where it holds code."""
    problem, code = request.problem, ""
    if completion.outcome == "stop":
        code = solution_of(completion.answer, problem).code
    return lost(completion.outcome, code)


def _may_hold_thoughts(profile: Profile, answer: Answer) -> bool:
    """Whether the text of an answer may begin with thoughts, whose opening tag is in the prompt.

    It does with --reasoning-format none, when the server does not separate them. From another server, a finished answer
    without separate thoughts has none; a truncated one is taken for one that begins with them.
    """
    flags = [*profile.args, *profile.placement]
    formats = [value for flag, value in pairwise(flags) if flag == "--reasoning-format"]
    reasoning_format = profile.sampling.request.get("reasoning_format", formats[-1] if formats else "")
    return reasoning_format == "none" or answer.ending is not Ending.ENDED
