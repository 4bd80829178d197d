"""One JSON event of a server → a Chunk, whatever names and types its fields have. Nothing raises."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bench.untrusted import items, number, parse_json, positive, table

THINKING = re.compile("think|reason|thought", re.IGNORECASE)
"""Names of a message's fields with thoughts, and types of its parts; of several fields, the first with text counts."""
PARTS = ("delta", "message", "text", "content")
"""Fields of a choice with an answer, or a piece of it."""
ERROR = re.compile("err(?:ors?)?|err(?:or)?_?(?:message|msg|code)", re.IGNORECASE)
ERRORS = (
    "message", "error_message", "detail", "msg", "error_msg", "errMsg", "errorMessage", "status_msg", "description",
    "error", "errors", "title", "reason",
)  # fmt: skip
"""Fields of an error that may hold its message, best first."""
NO_ERROR = ("", "0", "200", "none", "null", "false", "undefined", "ok", "success")
WRAPPERS = ("data", "result", "output", "response")
"""Fields in which a gateway may wrap the whole event."""
PROMPT_COUNTS = ("prompt_tokens", "input_tokens", "prompt_n", "prompt_eval_count")
ANSWER_COUNTS = ("completion_tokens", "output_tokens", "predicted_n", "eval_count")
SPEEDS = {
    "prompt": ("prompt_per_second", "prompt_tokens_per_sec"),
    "generation": ("predicted_per_second", "completion_tokens_per_sec", "tokens_per_second"),
}
"""Fields of timings and usage in llama.cpp, TabbyAPI and LM Studio."""
LONG = 40
"""Characters of a text that is no token."""
EXPECTED_FIELDS = {"choices", "usage", "timings", "stats", "model", "id", "object"}

"""An event with one of these, even without choices, belongs to an answer."""

CUMULATIVE = 4
"""Pieces, each beginning with the one before it, after which the last one is taken for the whole answer."""
HALF_DECODED = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]+")


@dataclass(frozen=True)
class Failure:
    """A server's error: its message, the HTTP status in it or 0, and its type and code."""

    message: str
    status: int = 0
    kind: str = ""


@dataclass(frozen=True)
class Piece:
    """A piece of an answer: `part` is the field that it was in, `index` the answer's number where there are several.

    `finished`: the choice has a finish_reason, which is `reason` where that is a text.
    """

    part: str = ""
    text: str = ""
    thoughts: str = ""
    index: Any = None
    finished: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Chunk:
    """The content of one event; `unrecognised` is the event, where it holds something else than an answer."""

    pieces: list[Piece] = field(default_factory=list)
    failure: Failure | None = None
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    speeds: dict[str, float] = field(default_factory=dict)
    unrecognised: str = ""


def read(event: Any, *, is_error: bool = False) -> Chunk:
    """Read an event; `is_error`: the server has marked it as an error."""
    if not isinstance(event, dict):
        return Chunk(unrecognised="" if event in ("", None) else str(event))
    if not event.get("choices"):
        event = event | next((inner for name in WRAPPERS if (inner := table(event.get(name))).get("choices")), {})
    choices = _choices(event)
    usable = [choice for choice in choices if isinstance(choice, dict)]
    error = _error(event, is_error=is_error)
    error = next((choice["error"] for choice in usable if _is_set(choice.get("error"))), error)
    expected = len(usable) == len(choices) and (choices or EXPECTED_FIELDS & event.keys())
    failure = None if error is None else Failure(message_of(error), _status(error) or _status(event), _kind(error))
    tables = [event, *(table(event.get(name)) for name in ("stats", "usage", "timings"))]
    return Chunk(
        pieces=[piece for choice in usable for piece in _pieces(choice)],
        failure=failure,
        model=event["model"] if isinstance(event.get("model"), str) else "",
        prompt_tokens=_last(tables, PROMPT_COUNTS),
        completion_tokens=_last(tables, ANSWER_COUNTS),
        speeds={name: speed for name, keys in SPEEDS.items() if (speed := _speed(tables, keys))},
        unrecognised="" if expected else json.dumps(event),
    )


def parse(text: str) -> Any:
    """A JSON value; None where it is null, or no JSON (yet)."""
    try:
        return parse_json(text)
    except ValueError:
        return None


def message_of(error: Any) -> str:
    """The message of an error of any type."""
    if isinstance(error, dict):
        messages = (message_of(error[key]) for key in ERRORS if _is_set(error.get(key)) and error[key] is not True)
        message = next(messages, "")
        place = ".".join(str(step) for step in items(error.get("loc")))
        raw = table(error.get("metadata")).get("raw")
        return " ".join(filter(None, [place and f"{place}:", message or json.dumps(error), raw and f"({raw})"]))
    if isinstance(error, list):
        return "; ".join(message_of(item) for item in error[:5])
    return str(error)


def message_in(body: str) -> str:
    """The message in a body that is no answer: an error as JSON, an HTML page, or a text."""
    text = body.strip()
    value = parse(text.removeprefix("data:"))
    if value is not None:
        return message_of(value)
    bare = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", " ", text) if "<" in text else text
    return html.unescape(re.sub(r"<[^>]{0,1000}>", " ", bare)).strip() or text


def join(pieces: list[str]) -> str:
    """The text of all pieces, decoded with "surrogateescape".

    Characters that a server has cut in two are put together. Some servers repeat in each piece all that came before.
    """
    cumulative = len(pieces) >= CUMULATIVE and all(later.startswith(piece) for piece, later in pairwise(pieces))
    text = pieces[-1] if cumulative and len(pieces[-1]) > LONG else "".join(pieces)
    text = HALF_DECODED.sub(lambda m: m.group().encode("ascii", "surrogateescape").decode("utf-8", "replace"), text)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _choices(event: dict[str, Any]) -> list[Any]:
    """The choices of an event; the event itself where it has a message instead, as in Ollama's own API."""
    choices = event.get("choices")
    choices = [choices] if isinstance(choices, dict) else [choice for choice in items(choices) if choice is not None]
    return choices or ([event] if isinstance(event.get("message"), dict) else [])


def _error(event: dict[str, Any], *, is_error: bool) -> Any:
    """The error in an event, None where there is none; an empty field (null, "", {}) is none."""
    for key, value in event.items():
        if ERROR.fullmatch(key) and _is_set(value):
            return value if isinstance(value, str | list | dict) and not key.lower().endswith("code") else event
    if _is_set(table(event.get("base_resp")).get("status_code")):
        return event["base_resp"]
    bare = event.get("detail") or (isinstance(event.get("message"), str) and not event.get("choices"))
    bare = bare and (_is_set(event.get("detail")) or _is_set(event.get("message")))
    return event if bare or is_error or "error" in (event.get("object"), event.get("type")) else None


def _is_set(value: Any) -> bool:
    """Whether the value of a field, such as one for an error, is more than a placeholder."""
    if isinstance(value, dict | list):
        return any(map(_is_set, value.values() if isinstance(value, dict) else value))
    return str(value).strip().lower() not in NO_ERROR


def _kind(error: Any) -> str:
    """The type and code of an error, such as server_error or rate_limit_exceeded."""
    return " ".join(name for key in ("type", "code") if isinstance(name := table(error).get(key), str))


def _status(error: Any) -> int:
    """The HTTP status that an error names, 0 where it names none."""
    numbers = (_tokens(table(error).get(key)) for key in ("code", "status", "status_code", "http_code"))
    return next((number for number in numbers if 300 <= number < 600), 0)


def _pieces(choice: dict[str, Any]) -> Iterator[Piece]:
    """The pieces of a choice: text in one field or another, and a finish_reason of any type."""
    index = choice.get("index")
    for part in PARTS:
        value = choice.get(part)
        fields = value if isinstance(value, dict) else {"content": value}
        content = fields.get("content")
        parts = [item for item in items(content) if _is_thought(item)]
        thoughts = next(filter(None, (_text(fields[key], thoughts=True) for key in _thought_fields(fields))), "")
        text, thoughts = _text(content) or _text(fields.get("refusal")), thoughts or _text(parts, thoughts=True)
        if text or thoughts or isinstance(value, dict):
            yield Piece(part, text, thoughts, index)
    reason = choice.get("finish_reason") or (choice.get("done_reason") or "stop" if choice.get("done") else None)
    if _is_set(reason):
        kind = reason.get("type") if isinstance(reason, dict) else reason
        yield Piece(index=index, finished=True, reason=kind if isinstance(kind, str) else "")


def _text(value: Any, *, thoughts: bool = False) -> str:
    """The text of a content of any type; parts that are thoughts count only with `thoughts`."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list):
        return "".join(_text(item, thoughts=thoughts) for item in value)
    if isinstance(value, dict) and (thoughts or not _is_thought(value)):
        keys = ("text", "thinking", "thought", "reasoning", "reasoning_content", "summary", "content")
        return next((text for key in keys if (text := _text(value.get(key), thoughts=thoughts))), "")
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
    """A count by any of its names; a later table takes precedence."""
    return next((count for fields in reversed(tables) for name in names if (count := _tokens(fields.get(name)))), 0)


def _speed(tables: list[dict[str, Any]], names: tuple[str, ...]) -> float:
    speeds = (speed for fields in reversed(tables) for name in names if (speed := positive(fields.get(name))))
    return round(next(speeds, 0.0), 2)
