"""The events of a response → one answer. No clock, no socket: the same events give the same answer.

    Head, bytes, bytes, …, Closed ─▶ Reader.feed ─▶ Reader.answer
                    TimedOut ───────────┘

A body is read as server-sent events, as JSON in one piece, or as an error message.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from bench.generate import chunk
from bench.generate.answer import TOKEN_TOLERANCE, Answer, Ending, by_error, by_reason, by_status
from bench.generate.chunk import Chunk, Failure, Piece
from bench.generate.loops import is_loop
from bench.generate.sse import DONE, EventParser, ServerEvent
from bench.text import plain

LOOP_CHECK = 64
"""Pieces of an answer between two searches for a loop."""
LOOP_PIECES = 1 << 15
"""Pieces before its end that are searched."""
REFUSAL = "the server refused the request with"
INCOMPLETE_JSON = re.compile(r"\s*[\[{]\s*[\"{].*[^\s\]}]\s*", re.DOTALL)
"""JSON without its end."""
MAX_MESSAGE = 2000
"""Characters of a server's error message that are read; an error page may have any number."""
LARGEST, LARGEST_LINE, LARGEST_PAGE = 1 << 28, 1 << 24, 1 << 20
"""Bytes that are read of a body, of one line of it, and of an error page."""


@dataclass(frozen=True)
class Head:
    """The head of a response; `location` is the target of a redirect, `retry_after` is in seconds."""

    status: int
    retry_after: float | None = None
    location: str = ""

    @property
    def ok(self) -> bool:
        """Whether the body should be an answer."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Closed:
    """The body is over, or cut off by an `error`.

    `ending` is BUSY where the server did not take the request, UNFIT where it never will: certificate, proxy, redirect.
    """

    error: str = ""
    ending: Ending | None = None


@dataclass(frozen=True)
class TimedOut:
    """The client stops waiting: no data (HUNG), too slow (LATE), or no end mark after a finish_reason (ENDED)."""

    ending: Ending
    error: str = ""


Event = Head | bytes | Closed | TimedOut
"""The bytes are of the body, cut anywhere."""


class Reader:
    """Reads one response. `answer` is None until it is over; `finished`: all of the text has come."""

    def __init__(self, max_tokens: int, *, exact: bool, stop_loops: bool = False) -> None:
        """`exact`: the server keeps to max_tokens, as llama-server does."""
        self.max_tokens, self.exact, self.stop_loops = max_tokens, exact, stop_loops
        self.answer: Answer | None = None
        self.finished = False
        self._text_after_finish = False
        self._head = Head(200)
        self._size = 0
        self._parser = EventParser()
        self._stray_lines: list[str] = []
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._field = ""
        self._index: Any = None
        self._has_choice = False
        self._has_message = False
        self._reason = ""
        self._unrecognised = ""
        self._totals = Chunk()

    def feed(self, event: Event) -> int:
        """Read an event; returns the number of pieces of an answer in it."""
        before = len(self._text) + len(self._reasoning)
        if self.answer is None:
            if isinstance(event, Head):
                self._head = event
            elif isinstance(event, bytes):
                for server_event in self._parser.feed(event):
                    self._feed_event(server_event)
                self._size += len(event)
                if self._size > (LARGEST if self._head.ok else LARGEST_PAGE) or self._parser.line_bytes > LARGEST_LINE:
                    self._close(Closed("its body does not end"))
            elif isinstance(event, TimedOut):
                self._time_out(event)
            else:
                self._close(event)
        after = len(self._text) + len(self._reasoning)
        if self.stop_loops and after // LOOP_CHECK > before // LOOP_CHECK and not self.finished:
            self._check_loop()
        return after - before

    def _check_loop(self) -> None:
        """Stop an answer, or its thoughts, where it has begun to repeat itself."""
        written = self._text or self._reasoning
        if self.answer is None and is_loop("".join(written[-LOOP_PIECES:]), min(len(written), LOOP_PIECES)):
            tokens = len(self._text) + len(self._reasoning)
            answer = self._answer(
                Ending.LOOPED, "it repeated itself and was stopped (stop_loops = false lets it go on)"
            )
            self.answer = replace(answer, completion_tokens=answer.completion_tokens or tokens)

    @property
    def settled(self) -> bool:
        """Whether no more text will come; a server may write a finish_reason into each event."""
        return self.finished and not self._text_after_finish

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    def _feed_event(self, event: ServerEvent) -> None:
        if self.answer is not None:
            return
        if event.stray or not self._head.ok:
            self._stray_lines.append(event.text)
        elif DONE in (event.text, event.value):
            self._end(clean=True, done=True)
        else:
            self._feed_json(event.value, event)

    def _feed_json(self, value: Any, event: ServerEvent) -> None:
        if value is None and event.text != "null":
            self._feed_text(event)
            return
        part = chunk.read(value, is_error=event.is_error)
        if part.failure:
            self._fail(part.failure)
            return
        if part.unrecognised:
            self._stray_lines.append(event.text)
            if isinstance(value, dict) and value.get("choices"):
                self._unrecognised = self._unrecognised or part.unrecognised
        self._totals = Chunk(
            model=part.model or self._totals.model,
            prompt_tokens=part.prompt_tokens or self._totals.prompt_tokens,
            completion_tokens=part.completion_tokens or self._totals.completion_tokens,
            speeds=self._totals.speeds | part.speeds,
        )
        for piece in part.pieces:
            if self._index is None or piece.index in (None, self._index):
                self._index = piece.index if self._index is None else self._index
                self._feed_piece(piece)

    def _feed_text(self, event: ServerEvent) -> None:
        """Data that is no JSON: a damaged event, an error message, or a ping."""
        if event.is_error:
            self._fail(Failure(event.text))
        elif event.text.startswith(("{", "[")):
            self._unrecognised = self._unrecognised or event.text
        else:
            self._stray_lines.append(event.text)

    def _feed_piece(self, piece: Piece) -> None:
        self._has_choice = True
        self._has_message = self._has_message or piece.part == "message"
        # A last event may repeat all deltas in `message`.
        if (piece.text or piece.thoughts) and self._field in ("", piece.part):
            self._field = piece.part
            self._text_after_finish = self.finished
            self._text += filter(None, [piece.text])
            self._reasoning += filter(None, [piece.thoughts])
        self.finished = self.finished or piece.finished
        self._reason = piece.reason or self._reason

    def _fail(self, failure: Failure) -> None:
        message = plain(failure.message[:MAX_MESSAGE])
        ending = by_error(failure.status, f"{message} {plain(failure.kind)}", streamed=self._has_choice)
        self.answer = self._answer(ending, message)

    def _time_out(self, event: TimedOut) -> None:
        if self.finished:
            self._end(clean=True)
        else:
            self.answer = self._answer(event.ending, event.error)

    def _close(self, event: Closed) -> None:
        for server_event in self._parser.close():
            self._feed_event(server_event)
        if self.answer is not None:
            return
        if not self._head.ok:
            message = self._message() or event.error
            message = f"redirect to {plain(self._head.location)}" if self._head.location else message
            ending = by_status(self._head.status, message)
            ending = Ending.BUSY if ending is Ending.BROKEN and self._head.retry_after else ending
            sentence = f"{self._head.status}: {message}" if message else str(self._head.status)
            self.answer = self._answer(ending, f"{REFUSAL} {sentence}" if ending is Ending.REFUSED else sentence)
        elif event.ending:
            self.answer = self._answer(event.ending, event.error)
        else:
            body = None if self._has_choice else chunk.parse(self._stray_text())
            for value in body if isinstance(body, list) else [body] if isinstance(body, dict) else []:
                self._feed_json(value, ServerEvent(""))
            self._end(clean=not event.error, error=event.error)

    def _end(self, *, clean: bool, done: bool = False, error: str = "") -> None:
        """The response is over, by its end mark (`done`) or without one."""
        if self.answer is not None:
            return
        text = bool(self._text or self._reasoning)
        ended = self.finished and (clean or not self._text_after_finish)
        complete = self._has_choice and (ended or (clean and self._has_message) or (done and text))
        if self._unrecognised:
            self.answer = self._answer(Ending.BROKEN, f"not an answer: {plain(self._unrecognised[:80])}")
        elif complete:
            self.answer = self._complete(empty=not text)
        elif not self._has_choice and INCOMPLETE_JSON.fullmatch(self._stray_text()):
            self.answer = self._answer(Ending.BROKEN, f"the response broke off: {self._message()}")
        elif not self._has_choice and (message := self._message()):
            self.answer = self._answer(Ending.REFUSED, f"{REFUSAL} 200 and no answer: {message}")
        else:
            problem = "the answer broke off" if text else "the response ended without an answer"
            self.answer = self._answer(Ending.BROKEN, f"{problem} ({error})" if error else problem)

    def _complete(self, *, empty: bool) -> Answer:
        tokens, limit = self._totals.completion_tokens, self.max_tokens
        ending, error = by_reason(self._reason, tokens, limit, exact=self.exact, empty=empty), ""
        if ending in (Ending.REFUSED, Ending.BROKEN):
            error = f"the server ended the answer with finish_reason {plain(self._reason)}"
        elif ending is Ending.CUT and tokens > limit + TOKEN_TOLERANCE:
            error = f"the server does not keep to max_tokens = {limit}: the answer has {tokens} tokens"
        return self._answer(ending, error)

    def _message(self) -> str:
        """The message in a body that is no answer."""
        return plain(chunk.message_in(self._stray_text())[:MAX_MESSAGE])

    def _stray_text(self) -> str:
        return "\n".join(self._stray_lines)

    def _answer(self, ending: Ending, error: str) -> Answer:
        return Answer(
            text=chunk.join(self._text),
            reasoning=chunk.join(self._reasoning),
            ending=ending,
            finish_reason=plain(self._reason),
            error=error,
            prompt_tokens=self._totals.prompt_tokens,
            completion_tokens=self._totals.completion_tokens,
            speeds=self._totals.speeds,
            model=plain(self._totals.model),
            retry_after=self._head.retry_after,
        )
