"""The answer of a server to one request, and the tables by which its ending is classified."""

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Ending(StrEnum):
    """How one request ended."""

    ENDED = "ended"
    CUT = "cut"
    """By max_tokens, which is ours."""
    CUT_BY_SERVER = "cut by the server"
    """By a limit of the server's own, such as its context."""
    LOOPED = "looped"
    """It repeated itself, and was stopped."""
    REFUSED = "refused"
    """By the server, which would refuse this request again."""
    BROKEN = "broken"
    """An error, or a stream without its end: worth another try."""
    BUSY = "busy"
    """The server loads its model, cannot be reached for a moment, or is rate limited."""
    UNFIT = "unfit"
    """Not such a server, or one that denies access: no request can be answered."""
    LATE = "late"
    """It took longer than request_timeout."""
    HUNG = "hung"
    """Nothing came for stall_timeout."""


ANSWERED = (Ending.ENDED, Ending.CUT, Ending.CUT_BY_SERVER, Ending.LOOPED)

TOKEN_TOLERANCE = 16
"""Tokens by which the counts of two servers for one answer may differ."""

REASONS = (
    (
        Ending.REFUSED,
        r"filter|safety|refus|block|polic|sensitiv|moderat|recitation|prohibit|forbid|violat|flag|guardrail|toxic|spii",
    ),
    (
        Ending.BROKEN,
        (
            r"error|fail|abort|cancel|unload|^load$|interrupt|network|insufficient|timeout|timelimit|deadline|userstop"
            r"|malformed|memory|oom$|exception|crash|kill|shutdown|disconnect|closed|preempt|ratelimit|overload"
            r"|unavailable"
        ),
    ),
    (Ending.LOOPED, r"repetition|repeat"),
    (Ending.CUT, r"length|limit|max|exceed|context|incomplete|budget|capacity|truncat|window|cache"),
)
"""How a finish_reason is read, without its case and punctuation; any other one is a natural end.

Among them: stop, eos, eos_token, end_turn, COMPLETE; length, max_tokens, MAX_TOKENS, model_length,
contextLengthReached; content_filter, SAFETY, sensitive; error, abort, load (Ollama), modelUnloaded (LM Studio),
insufficient_system_resource; repetition (vLLM).
"""
SERVER_LIMITS = re.compile(r"context|model|window|cache")
"""Limits of the server's own, by name: model_length, contextLengthReached, model_context_window_exceeded."""

STATUSES = (
    (Ending.UNFIT, (300, 301, 302, 303, 304, 307, 308, 401, 402, 403, 404, 405, 407, 410)),
    (Ending.BUSY, (408, 409, 423, 425, 429, 502, 503, 521, 522, 523, 529, 530)),
    (Ending.BROKEN, (499,)),
)
"""How an HTTP status is read; of the others, 4xx refuses the request and 5xx is broken."""
NO_CREDIT = r"insufficient[_ ](?:quota|credit|balance|funds)|exceeded your current quota|billing"
LOADING = r"\b(?:is|are)(?: (?:still|currently|being))* (?:loading|loaded|starting|warming)|^loading model"
STATUS_MESSAGES = (
    (Ending.REFUSED, (403,), r"moderat|flagged|content.{0,12}(?:filter|polic)|safety|violat"),
    (Ending.UNFIT, (429,), NO_CREDIT),
    (Ending.BUSY, (400, 404, 500), LOADING),
)
"""Exceptions by message: one prompt's contents, a 429 that no waiting ends, a model that loads."""
ERRORS = (
    (Ending.UNFIT, rf"{NO_CREDIT}|invalid.?api.?key|authentication|unauthorized"),
    (Ending.REFUSED, r"invalid.?request|bad.?request|not.?supported|unsupported|context|template|validation"),
    (Ending.BUSY, rf"overloaded|rate.?limit|too many requests|unavailable|{LOADING}"),
    (Ending.BROKEN, r"(?:server|internal|api|engine|runtime).?error|timed? ?out|exception|unexpected EOF"),
)
"""How an error without a status is read, by its message and the name of its kind."""


@dataclass(frozen=True)
class Answer:
    """The response to one request. `speeds` are tokens per second as the server measured them.

    `first_token` and `retry_after` are in seconds; `error` is the server's message where there is no answer; `model`
    is the name in the response.
    """

    text: str = ""
    reasoning: str = ""
    ending: Ending = Ending.ENDED
    finish_reason: str = ""
    error: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    speeds: dict[str, float] = field(default_factory=dict)
    first_token: float = 0.0
    model: str = ""
    retry_after: float | None = None


def by_reason(reason: str, tokens: int, max_tokens: int, *, exact: bool, empty: bool = False) -> Ending:
    """The ending of an answer with this finish_reason; `tokens` is 0 where the server does not count.

    An `exact` server keeps to max_tokens and reports "stop" only for a natural end; for any other, an answer of
    max_tokens is a cut. `empty`: there is no text.
    """
    word = re.sub("[^a-z]", "", reason.lower())
    ending = next((ending for ending, pattern in REASONS if re.search(pattern, word)), Ending.ENDED)
    if ending is Ending.CUT:
        own = SERVER_LIMITS.search(word) or empty
        ours = tokens >= max_tokens - TOKEN_TOLERANCE if tokens else not own
        return Ending.CUT if ours else Ending.CUT_BY_SERVER
    if ending is Ending.ENDED and tokens >= max_tokens > 0 and not exact:
        return Ending.CUT
    return ending


def by_status(status: int, message: str) -> Ending:
    """The ending of a request whose status is not 2xx."""
    for ending, statuses, pattern in STATUS_MESSAGES:
        if status in statuses and re.search(pattern, message, re.IGNORECASE):
            return ending
    known = next((ending for ending, statuses in STATUSES if status in statuses), None)
    return known or (Ending.BROKEN if status >= 500 else Ending.REFUSED)


def by_error(code: int, message: str, *, streamed: bool) -> Ending:
    """The ending of a request with an error in a body of status 200; `code` is 0 where the error has none.

    An unknown error is a refusal where it is the whole body, and a failure of the server in a stream.
    """
    if code >= 300:
        return by_status(code, message)
    known = (ending for ending, pattern in ERRORS if re.search(pattern, message, re.IGNORECASE))
    return next(known, Ending.BROKEN if streamed else Ending.REFUSED)
