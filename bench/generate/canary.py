"""The canary: when the first completions are all worth nothing, a night would be too."""

from collections import Counter

from bench.errors import CanaryError
from bench.profiles import Profile

FIRST = 5

REMEDIES = {
    "truncated": 'raise max_tokens and context, or set reasoning = "off"',
    "empty": 'its tokens may go to reasoning: try reasoning = "off" or a larger max_tokens',
    "no code": "look at the answers in raw.jsonl, and at the chat template",
    "error": "read the server's words in raw.jsonl",
    "timeout": "raise server.request_timeout",
}


class Canary:
    """Watches the first completions of a profile; `alive` is false where the profile wants none."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.seen: list[str] = []
        self.alive = profile.sampling.canary

    def watch(self, lacking: str) -> None:
        """Take what the next completion lacks ("" for nothing). Raises CanaryError after five that are all lost."""
        if not self.alive:
            return
        self.seen.append(lacking)
        self.alive = bool(lacking) and len(self.seen) < FIRST
        if lacking and len(self.seen) == FIRST:
            counts = Counter(self.seen)
            saw = ", ".join(f"{count} {name}" for name, count in counts.most_common())
            raise CanaryError(
                f"{self.profile.id}: stopped, for the first {FIRST} completions were all lost ({saw}); "
                f"{REMEDIES[counts.most_common(1)[0][0]]} (canary = false goes on regardless; doit clean "
                f"generate:{self.profile.id} asks anew, where what answers was mended)."
            )
