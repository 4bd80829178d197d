"""What one JSON event of a server says, whatever its fields are called and whatever types they have. Nothing raises."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bench.untrusted import items, number, positive, table

THINKING = re.compile("think|reason|thought", re.IGNORECASE)
"""Names of a message's fields with thoughts, and of kinds of parts; of several, which hold the same, one counts."""
PARTS = ("delta", "message", "text", "content")
"""Fields of a choice with an answer, or a piece of it."""
ERROR = re.compile("err(?:ors?)?|err(?:or)?_?(?:message|msg|code)", re.IGNORECASE)
ERRORS = (
    "message", "error_message", "detail", "msg", "error_msg", "errMsg", "errorMessage", "status_msg", "description",
    "error", "errors", "title", "reason",
)  # fmt: skip
"""Fields of an error with its words."""
SAYS_NO_ERROR = ("", "0", "200", "none", "null", "false", "undefined", "ok", "success")
WRAPPERS = ("data", "result", "output", "response")
"""Fields in which a gateway may have the whole event."""
PROMPT_COUNTS = ("prompt_tokens", "input_tokens", "prompt_n", "prompt_eval_count")
ANSWER_COUNTS = ("completion_tokens", "output_tokens", "predicted_n", "eval_count")
SPEEDS = {
    "prompt": ("prompt_per_second", "prompt_tokens_per_sec"),
    "generation": ("predicted_per_second", "completion_tokens_per_sec", "tokens_per_second"),
}
"""Fields of timings and usage, as llama.cpp, TabbyAPI and LM Studio have them."""
LONG = 40
"""Digits, or characters, from which a number is no count, and a text no token."""
SAYS_NOTHING = {"choices", "usage", "timings", "stats", "model", "id", "object"}

CUMULATIVE = 4
"""Pieces of which each begins with the one before it, so that the last one is the answer."""
HALF_DECODED = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]+")


@dataclass(frozen=True)
class Failure:
    """An error in a server's words, with the HTTP status that it names, or 0, and the name of its kind."""

    words: str
    status: int = 0
    kind: str = ""


@dataclass(frozen=True)
class Piece:
    """A piece of an answer: `part` is the field that it was in, `index` the answer's number where there are several.

    `finished` says that the choice has a finish_reason, which is `reason` where that is a text.
    """

    part: str = ""
    text: str = ""
    thoughts: str = ""
    index: Any = None
    finished: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Payload:
    """All that an event says; `unread` is what it holds in place of what belongs there."""

    pieces: list[Piece] = field(default_factory=list)
    failure: Failure | None = None
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    speeds: dict[str, float] = field(default_factory=dict)
    unread: str = ""


def read(event: Any, *, called_error: bool = False) -> Payload:
    """An event; `called_error` says that the server has called it one."""
    if not isinstance(event, dict):
        return Payload(unread="" if event in ("", None) else str(event))
    if not event.get("choices"):
        event = event | next((inner for name in WRAPPERS if (inner := table(event.get(name))).get("choices")), {})
    choices = _choices(event)
    usable = [choice for choice in choices if isinstance(choice, dict)]
    error = _error(event, called=called_error)
    error = next((choice["error"] for choice in usable if _says(choice.get("error"))), error)
    tables = [event, *(table(event.get(name)) for name in ("stats", "usage", "timings"))]
    return Payload(
        pieces=[piece for choice in usable for piece in _pieces(choice)],
        failure=None if error is None else Failure(message(error), _status(error) or _status(event), _kind(error)),
        model=event["model"] if isinstance(event.get("model"), str) else "",
        prompt_tokens=_last(tables, PROMPT_COUNTS),
        completion_tokens=_last(tables, ANSWER_COUNTS),
        speeds={name: speed for name, keys in SPEEDS.items() if (speed := _speed(tables, keys))},
        unread="" if len(usable) == len(choices) and (choices or SAYS_NOTHING & event.keys()) else json.dumps(event),
    )


def parse(text: str) -> Any:
    """A JSON value; None where it is null, or no JSON (yet). A number of hundreds of digits is a float."""
    try:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < LONG else float(digits))
    except (ValueError, RecursionError):
        return None


def message(error: Any) -> str:
    """A server's words on an error, whatever that is made of."""
    if isinstance(error, dict):
        words = next((message(error[key]) for key in ERRORS if _says(error.get(key)) and error[key] is not True), "")
        place = ".".join(str(step) for step in items(error.get("loc")))
        raw = table(error.get("metadata")).get("raw")
        return " ".join(filter(None, [place and f"{place}:", words or json.dumps(error), raw and f"({raw})"]))
    if isinstance(error, list):
        return "; ".join(message(item) for item in error[:5])
    return str(error)


def words_of(body: str) -> str:
    """The words for people in a body that is no answer: an error as JSON, a page, or a text."""
    text = body.strip()
    value = parse(text.removeprefix("data:"))
    if value is not None:
        return message(value)
    bare = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", " ", text) if "<" in text else text
    return html.unescape(re.sub(r"<[^>]{0,1000}>", " ", bare)).strip() or text


def joined(pieces: list[str]) -> str:
    """The text of all pieces, where bytes that are no UTF-8 were kept as halves of a surrogate pair.

    A server may cut a character in two; its halves meet again where the pieces do. Some servers repeat in each piece
    all that has come before it.
    """
    grown = len(pieces) >= CUMULATIVE and all(later.startswith(one) for one, later in pairwise(pieces))
    text = pieces[-1] if grown and len(pieces[-1]) > LONG else "".join(pieces)
    text = HALF_DECODED.sub(lambda m: m.group().encode("ascii", "surrogateescape").decode("utf-8", "replace"), text)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _choices(event: dict[str, Any]) -> list[Any]:
    """The choices of an event; where it has none but a message, as in Ollama's own API, the event itself."""
    choices = event.get("choices")
    found = [choices] if isinstance(choices, dict) else [choice for choice in items(choices) if choice is not None]
    return found or ([event] if isinstance(event.get("message"), dict) else [])


def _error(event: dict[str, Any], *, called: bool) -> Any:
    """The error in an event, None where there is none; a field that says nothing (null, "", {}) is none."""
    for key, value in event.items():
        if ERROR.fullmatch(key) and _says(value):
            return value if isinstance(value, str | list | dict) and not key.lower().endswith("code") else event
    if _says(table(event.get("base_resp")).get("status_code")):
        return event["base_resp"]
    words = event.get("detail") or (isinstance(event.get("message"), str) and not event.get("choices"))
    words = words and (_says(event.get("detail")) or _says(event.get("message")))
    return event if words or called or "error" in (event.get("object"), event.get("type")) else None


def _says(value: Any) -> bool:
    """Whether there is an error in the value of a field for one."""
    if isinstance(value, dict | list):
        return any(map(_says, value.values() if isinstance(value, dict) else value))
    return str(value).strip().lower() not in SAYS_NO_ERROR


def _kind(error: Any) -> str:
    """What a server calls an error, such as server_error or rate_limit_exceeded."""
    return " ".join(name for key in ("type", "code") if isinstance(name := table(error).get(key), str))


def _status(error: Any) -> int:
    """The HTTP status that an error names, 0 where it names none."""
    numbers = (_tokens(table(error).get(key)) for key in ("code", "status", "status_code", "http_code"))
    return next((number for number in numbers if 300 <= number < 600), 0)


def _pieces(choice: dict[str, Any]) -> Iterator[Piece]:
    """What a choice holds: text in one field or another, and a finish_reason of any type."""
    index = choice.get("index")
    for part in PARTS:
        value = choice.get(part)
        fields = value if isinstance(value, dict) else {"content": value}
        content = fields.get("content")
        parts = [item for item in items(content) if _is_thought(item)]
        thoughts = next(filter(None, (_flat(fields[key], thoughts=True) for key in _thought_fields(fields))), "")
        text, thoughts = _flat(content) or _flat(fields.get("refusal")), thoughts or _flat(parts, thoughts=True)
        if text or thoughts or isinstance(value, dict):
            yield Piece(part, text, thoughts, index)
    reason = choice.get("finish_reason") or (choice.get("done_reason") or "stop" if choice.get("done") else None)
    if _says(reason):
        kind = reason.get("type") if isinstance(reason, dict) else reason
        yield Piece(index=index, finished=True, reason=kind if isinstance(kind, str) else "")


def _flat(value: Any, *, thoughts: bool = False) -> str:
    """The text of a content, whatever it is made of; of parts that are thoughts only where those are meant."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list):
        return "".join(_flat(item, thoughts=thoughts) for item in value)
    if isinstance(value, dict) and (thoughts or not _is_thought(value)):
        keys = ("text", "thinking", "thought", "reasoning", "reasoning_content", "summary", "content")
        return next((text for key in keys if (text := _flat(value.get(key), thoughts=thoughts))), "")
    return ""


def _thought_fields(fields: dict[str, Any]) -> list[str]:
    """The names of fields with thoughts, those that hold texts first."""
    names = [key for key in fields if THINKING.search(key) or key == "provider_specific_fields"]
    return sorted(names, key=lambda name: not isinstance(fields[name], str))


def _is_thought(part: Any) -> bool:
    return THINKING.search(str(table(part).get("type", ""))) is not None


def _tokens(value: Any) -> int:
    """A count, also one that is written as text or with a decimal point; 0 where there is none."""
    try:
        count = number(float(value) if isinstance(value, str) else value) or 0.0
    except ValueError:
        return 0
    return int(count) if 0 < count < 1 << 53 else 0


def _last(tables: list[dict[str, Any]], names: tuple[str, ...]) -> int:
    """A count by any of its names; what stands in a later table counts."""
    return next((count for one in reversed(tables) for name in names if (count := _tokens(one.get(name)))), 0)


def _speed(tables: list[dict[str, Any]], names: tuple[str, ...]) -> float:
    found = (speed for one in reversed(tables) for name in names if (speed := positive(one.get(name))))
    return round(next(found, 0.0), 2)
