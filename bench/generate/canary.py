"""The canary: when the first completions are all worth nothing, a night would be too."""

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
REFUSALS = (
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
"""What to do about a refusal, by the server's words."""


class Canary:
    """Watches the first completions of a profile; `alive` is false where the profile wants none."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.seen: list[str] = []
        self.last: dict[str, Completion] = {}
        self.alive = profile.sampling.canary

    def watch(self, completion: Completion, loss: str) -> None:
        """Take the next completion, and why it is lost ("" if it is not).

        Raises CanaryError after five that are all lost.
        """
        if not self.alive:
            return
        self.seen.append(loss)
        self.last[loss] = completion
        self.alive = bool(loss) and len(self.seen) < FIRST
        if loss and len(self.seen) == FIRST:
            counts = Counter(self.seen)
            saw = ", ".join(f"{count} {name}" for name, count in counts.most_common())
            name = counts.most_common(1)[0][0]
            raise CanaryError(
                f"{self.profile.id}: stopped, for the first {FIRST} completions were all lost ({saw}); "
                f"{remedy(name, self.last[name])} (canary = false goes on regardless; doit clean "
                f"generate:{self.profile.id} asks anew once the cause is fixed)."
            )


def remedy(loss: str, completion: Completion) -> str:
    """What to do about completions that are lost like this one, with the server's words where it has said some."""
    words = completion.error.rstrip(".")
    if completion.ending == Ending.CUT_BY_SERVER:
        return (
            f"the server cut the last one off at {completion.completion_tokens} tokens, below max_tokens = "
            f"{completion.max_tokens}: raise the context of that server (Ollama: num_ctx, OLLAMA_CONTEXT_LENGTH)"
        )
    if loss != "error" or not words:
        return f"{words}; {REMEDIES[loss]}" if words else REMEDIES[loss]
    known = (todo for pattern, todo in REFUSALS if re.search(pattern, words, re.IGNORECASE))
    return f"{words}; {next(known, REMEDIES['error'])}"
