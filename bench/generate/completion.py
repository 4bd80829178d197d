"""An answer, or the lack of one → a completion with exactly one outcome."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from bench.extract import normalized, split_thoughts
from bench.extract.targets import solution_of
from bench.generate.answer import ANSWERED, Answer, Ending
from bench.generate.requests import Request
from bench.profiles import Profile
from bench.records import Completion, Outcome, lost

WORDS = 2000
"""Characters of a server's words that are kept."""


def completion_of(
    request: Request, profile: Profile, answer: Answer, seconds: float, server: dict[str, Any], *, think: bool = False
) -> Completion:
    """The completion that an answer makes; thoughts are kept apart, whatever way they came.

    `think` says that the prompt ended with the mark that opens a thought.
    """
    inside = think and not answer.reasoning and _unparted(profile, answer)
    begun = request.begun.completion if request.begun else None
    text = (begun.answer if begun else "") + answer.text
    thoughts = split_thoughts(normalized(text), inside=inside and not begun)
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
        completion_tokens=answer.completion_tokens + (begun.completion_tokens if begun else 0),
        seconds=round(seconds + (begun.seconds if begun else 0), 3),
        speeds=answer.speeds,
        error=answer.error[:WORDS],
        server=server,
        at=datetime.now().isoformat(sep=" ", timespec="milliseconds"),  # noqa: DTZ005 - the user's own clock
        model=answer.model,
        ending=answer.ending,
        continued=begun.completion_tokens if begun else 0,
        first_token=answer.first_token,
    )


def outcome(answer: str, ending: Ending, *, closed: bool) -> Outcome:
    """`empty` where no answer came, also when all tokens went to reasoning; `truncated` where one was cut off.

    One that repeated itself is `looping`, in answer or thoughts. `closed` is false where the text ends inside
    a thought: that is a cut too, for no code follows.
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


def _unparted(profile: Profile, answer: Answer) -> bool:
    """Whether an answer without thoughts apart is one in which they may stand, its opening mark being in the prompt.

    So it is with --reasoning-format none. Another server parts them, and then there were none; but what it cut off
    came from one that does not part them rather than from a model that did not think.
    """
    flags = [*profile.args, *profile.placement]
    formats = [value for flag, value in pairwise(flags) if flag == "--reasoning-format"]
    asked = profile.sampling.request.get("reasoning_format", formats[-1] if formats else "")
    return asked == "none" or answer.ending is not Ending.ENDED
