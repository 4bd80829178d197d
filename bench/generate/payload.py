"""What one JSON event of a server says, whatever its fields are called and whatever types they have. Nothing raises."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.untrusted import items, number, positive, table

THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_text", "thought", "reasoning_details")
"""Fields of a message with thoughts; of several, which hold the same, the first counts."""
PARTS = ("delta", "message", "text")
"""Fields of a choice with an answer, or a piece of it."""
ERRORS = ("message", "error_message", "detail", "msg", "description", "error", "errors", "title", "reason")
"""Fields of an error with its words."""
PROMPT_COUNTS = ("prompt_tokens", "input_tokens", "prompt_n", "prompt_eval_count")
ANSWER_COUNTS = ("completion_tokens", "output_tokens", "predicted_n", "eval_count")
SPEEDS = {
    "prompt": ("prompt_per_second", "prompt_tokens_per_sec"),
    "generation": ("predicted_per_second", "completion_tokens_per_sec", "tokens_per_second"),
}
"""Fields of timings and usage, as llama.cpp, TabbyAPI and LM Studio have them."""
SAYS_NOTHING = {"choices", "usage", "timings", "stats", "model", "id", "object"}

THINKING = re.compile("think|reason|thought")
HALF_DECODED = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]+")


@dataclass(frozen=True)
class Failure:
    """An error in a server's words, with the HTTP status that it names, or 0."""

    words: str
    status: int = 0


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
    choices = _choices(event)
    usable = [choice for choice in choices if isinstance(choice, dict)]
    error = _error(event, called=called_error)
    error = next((choice["error"] for choice in usable if choice.get("error")), error)
    tables = [event, *(table(event.get(name)) for name in ("stats", "usage", "timings"))]
    return Payload(
        pieces=[piece for choice in usable for piece in _pieces(choice)],
        failure=None if error is None else Failure(message(error), _status(error) or _status(event)),
        model=event["model"] if isinstance(event.get("model"), str) else "",
        prompt_tokens=_last(tables, PROMPT_COUNTS),
        completion_tokens=_last(tables, ANSWER_COUNTS),
        speeds={name: speed for name, keys in SPEEDS.items() if (speed := _speed(tables, keys))},
        unread="" if len(usable) == len(choices) and (choices or SAYS_NOTHING & event.keys()) else json.dumps(event),
    )


def parse(text: str) -> Any:
    """A JSON value; None where it is null, or no JSON (yet)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def message(error: Any) -> str:
    """A server's words on an error, whatever that is made of."""
    if isinstance(error, dict):
        words = next((message(error[key]) for key in ERRORS if error.get(key) not in (None, "", True)), "")
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


def decoded(text: str) -> str:
    """A text in which bytes that are no UTF-8 were kept as halves of a surrogate pair.

    A server may cut a character in two; its bytes meet again where the pieces do.
    """
    return HALF_DECODED.sub(lambda m: m.group().encode("ascii", "surrogateescape").decode("utf-8", "replace"), text)


def _choices(event: dict[str, Any]) -> list[Any]:
    """The choices of an event; where it has none but a message, as in Ollama's own API, the event itself."""
    choices = event.get("choices")
    found = [choices] if isinstance(choices, dict) else items(choices)
    return found or ([event] if isinstance(event.get("message"), dict) else [])


def _error(event: dict[str, Any], *, called: bool) -> Any:
    """The error in an event, None where there is none; a field that says nothing (null, "", {}) is none."""
    for key in ("error", "errors"):
        if event.get(key):
            return event if event[key] is True else event[key]
    words = event.get("error_message") or event.get("detail")
    words = words or (isinstance(event.get("message"), str) and event["message"] and not event.get("choices"))
    return event if words or called or "error" in (event.get("object"), event.get("type")) else None


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
        thoughts = next((text for key in THOUGHTS if (text := _flat(fields.get(key), thoughts=True))), "")
        text, thoughts = _flat(content) or _flat(fields.get("refusal")), thoughts or _flat(parts, thoughts=True)
        if text or thoughts or isinstance(value, dict):
            yield Piece(part, text, thoughts, index)
    reason = choice.get("finish_reason") or (choice.get("done_reason") or "stop" if choice.get("done") else None)
    if reason:
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
        keys = ("text", "thinking", "summary", "content")
        return next((text for key in keys if (text := _flat(value.get(key), thoughts=thoughts))), "")
    return ""


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
