"""An answer, or the lack of one → a completion with exactly one outcome."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from bench.errors import RequestError
from bench.extract import extract_code, normalized, split_thoughts
from bench.generate.client import Answer
from bench.generate.wanted import Wanted
from bench.profiles import Profile
from bench.records import Completion, Outcome, lost


def answered(
    want: Wanted, profile: Profile, answer: Answer, seconds: float, server: dict[str, Any], *, think: bool = False
) -> Completion:
    """The completion that an answer makes; thoughts are kept apart, whatever way they came.

    `think` says that the prompt ended with the tag that opens a thought.
    """
    apart = "".join(answer.reasoning)
    inside = think and not apart and _unparted(profile, answer)
    thoughts = split_thoughts(normalized("".join(answer.content)), inside=inside)
    reasoning = "\n".join(filter(None, [apart, thoughts.reasoning]))
    return replace(
        _blank(want, profile, seconds, server),
        outcome=outcome(thoughts.answer, answer.finish_reason, closed=thoughts.closed),
        answer=thoughts.answer,
        reasoning=reasoning,
        finish_reason=answer.finish_reason,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        speeds=answer.speeds,
    )


def _unparted(profile: Profile, answer: Answer) -> bool:
    """Whether an answer without thoughts apart is one in which they may stand, its opening tag being in the prompt.

    So it is with --reasoning-format none. Another server parts them, and then there were none; but what it cut off
    came from one that does not part them rather than from a model that did not think.
    """
    flags = [*profile.args, *profile.placement]
    formats = [value for flag, value in pairwise(flags) if flag == "--reasoning-format"]
    asked = profile.sampling.request.get("reasoning_format", formats[-1] if formats else "")
    return asked == "none" or answer.finish_reason == "length"


def failed(want: Wanted, profile: Profile, error: Exception, seconds: float, server: dict[str, Any]) -> Completion:
    """The completion of a request that the server refused (`error`) or did not finish in time (`timeout`)."""
    kind: Outcome = "error" if isinstance(error, RequestError) else "timeout"
    return replace(_blank(want, profile, seconds, server), outcome=kind, error=str(error)[:2000])


def outcome(answer: str, finish_reason: str, *, closed: bool) -> Outcome:
    """`empty` where no answer came, also when all tokens went to reasoning; `truncated` where one was cut off.

    `closed` is false where the text ends inside a thought: that is a cut too, for no code follows.
    """
    if not closed:
        return "truncated"
    if not answer.strip():
        return "empty"
    return "truncated" if finish_reason == "length" else "stop"


def lacks(completion: Completion, want: Wanted) -> str:
    """Why a completion is worth nothing: its outcome, `no code`, or "" where it holds code."""
    problem, code = want.problem, ""
    if completion.outcome == "stop":
        code = extract_code(completion.answer, problem.entry_point, problem.prompt).code
    return lost(completion.outcome, code)


def _blank(want: Wanted, profile: Profile, seconds: float, server: dict[str, Any]) -> Completion:
    return Completion(
        key=want.key,
        task_id=want.problem.task_id,
        sample=want.sample,
        outcome="empty",
        answer="",
        max_tokens=profile.sampling.max_tokens,
        seed=want.seed,
        seconds=round(seconds, 3),
        server=server,
        at=datetime.now().isoformat(sep=" ", timespec="milliseconds"),  # noqa: DTZ005 - the user's own clock
    )
