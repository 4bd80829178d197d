"""The canary: stop a profile whose first completions are all lost, rather than spend a night on more of them."""

import re
from collections import Counter

from bench.errors import CanaryError
from bench.generate.answer import Ending
from bench.profiles import Profile
from bench.records import Completion

FIRST = 5

REMEDIES = {
    "truncated": 'raise max_tokens and context, or set reasoning = "off"',
    "looping": "look at the answers in raw.jsonl, and at the chat template and the sampling",
    "empty": 'its tokens may go to reasoning: try reasoning = "off" or a larger max_tokens',
    "no code": "look at the answers in raw.jsonl, and at the chat template",
    "error": "see raw.jsonl",
    "timeout": "raise server.request_timeout",
}
REFUSAL_REMEDIES = (
    (r"system (?:role|message|prompt)|role.{0,20}system|roles must alternate", 'set system_prompt = ""'),
    (
        r"context|too (?:many|long|large)|max(?:imum)?[ _](?:model[ _]len|length|tokens)|exceed",
        "lower max_tokens, or raise the context of that server",
    ),
    (r"\bmodel\b.{0,80}(?:not (?:found|exist|loaded)|does not|unknown|no such)", "fix model, or load it there"),
    (
        r"unsupported|not (?:allowed|permitted|supported)|unknown|unrecognized|unexpected|extra|deprecated",
        'leave the field out by omit, such as omit = ["temperature"], or set it by request',
    ),
)
"""Remedies of a refusal, by the server's message."""


class Canary:
    """Watches the first completions of a profile; `watching` is false after them, or with canary = false."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.losses: list[str] = []
        self.last: dict[str, Completion] = {}
        self.watching = profile.sampling.canary

    def watch(self, completion: Completion, loss: str) -> None:
        """Count the next completion; `loss` is the reason why it is lost, or "".

        Raises CanaryError after five that are all lost.
        """
        if not self.watching:
            return
        self.losses.append(loss)
        self.last[loss] = completion
        self.watching = bool(loss) and len(self.losses) < FIRST
        if loss and len(self.losses) == FIRST:
            counts = Counter(self.losses)
            summary = ", ".join(f"{count} {name}" for name, count in counts.most_common())
            name = counts.most_common(1)[0][0]
            raise CanaryError(
                f"{self.profile.id}: stopped, for the first {FIRST} completions were all lost ({summary}); "
                f"{remedy(name, self.last[name])} (canary = false goes on regardless; doit clean "
                f"generate:{self.profile.id} asks anew once the cause is fixed)."
            )


def remedy(loss: str, completion: Completion) -> str:
    """The remedy for completions that are lost like this one, behind the server's message if there is one."""
    message = completion.error.rstrip(".")
    if completion.ending == Ending.CUT_BY_SERVER:
        return (
            f"the server cut the last one off at {completion.completion_tokens} tokens, below max_tokens = "
            f"{completion.max_tokens}: raise the context of that server (Ollama: num_ctx, OLLAMA_CONTEXT_LENGTH)"
        )
    if loss != "error" or not message:
        return f"{message}; {REMEDIES[loss]}" if message else REMEDIES[loss]
    remedies = (advice for pattern, advice in REFUSAL_REMEDIES if re.search(pattern, message, re.IGNORECASE))
    return f"{message}; {next(remedies, REMEDIES['error'])}"
