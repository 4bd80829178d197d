"""What a server sends, event by event → one answer. No clock, no socket: the same events give the same answer.

    Head, Data, Data, …, Closed ─▶ Reader.take ─▶ Reader.answer
                  TimedOut ───────────┘

A body is read as server-sent events, however they are framed; as JSON that came in one piece; or as words for people.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from bench.generate import payload
from bench.generate.answer import UNCOUNTED, Answer, Ending, by_error, by_reason, by_status
from bench.generate.frames import DONE, Frame, Lines, Words
from bench.generate.loops import is_loop
from bench.generate.payload import Failure, Payload, Piece
from bench.text import plain

LOOP_CHECK = 64
"""Pieces of an answer after which it is looked at again."""
LOOP_PIECES = 1 << 15
"""Pieces before its end that are looked at."""
REFUSED_WITH = "the server refused the request with"
CUT_SHORT = re.compile(r"\s*[\[{]\s*[\"{].*[^\s\]}]\s*", re.DOTALL)
"""JSON without its end."""
WORDS = 2000
"""Characters of a server's words that are looked at; an error page may have any number."""
LARGEST, LARGEST_LINE, LARGEST_PAGE = 1 << 28, 1 << 24, 1 << 20
"""Bytes that are read of an answer with all that frames it, of one line of it, and of an error page."""


@dataclass(frozen=True)
class Head:
    """The head of a response; `location` is where it sends us instead, `retry_after` is in seconds."""

    status: int
    retry_after: float | None = None
    location: str = ""

    @property
    def fine(self) -> bool:
        """Whether the body is to be an answer."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Data:
    """Bytes of the body, cut anywhere."""

    data: bytes


@dataclass(frozen=True)
class Closed:
    """The body is over, or there is none: `error` says why it was cut off, `away` that nobody took the request.

    `unfit` says that no request will get through: a certificate, a proxy, a redirect.
    """

    error: str = ""
    away: bool = False
    unfit: bool = False


@dataclass(frozen=True)
class TimedOut:
    """We wait no longer: for nothing came (HUNG), it took too long (LATE), or an answer's last words do not come."""

    ending: Ending
    error: str = ""


Event = Head | Data | Closed | TimedOut


class Reader:
    """One response. `answer` is None until it is over; `finished` says that all of the text is here."""

    def __init__(self, max_tokens: int, *, exact: bool, stop_loops: bool = False) -> None:
        """`exact` says that the server keeps to max_tokens, as llama-server does."""
        self.max_tokens, self.exact, self.stop_loops = max_tokens, exact, stop_loops
        self.answer: Answer | None = None
        self.finished = False
        self._went_on = False
        self._head = Head(200)
        self._size = 0
        self._lines = Lines()
        self._stray: list[str] = []
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._part = ""
        self._index: Any = None
        self._chose = False
        self._whole = False
        self._reason = ""
        self._unread = ""
        self._seen = Payload()

    def take(self, event: Event) -> int:
        """Go on with an event; how many pieces of an answer were in it."""
        before = len(self._text) + len(self._thoughts)
        if self.answer is None:
            if isinstance(event, Head):
                self._head = event
            elif isinstance(event, Data):
                for frame in self._lines.feed(event.data):
                    self._take_frame(frame)
                self._size += len(event.data)
                if self._size > (LARGEST if self._head.fine else LARGEST_PAGE) or self._lines.begun > LARGEST_LINE:
                    self._close(Closed("its body does not end"))
            elif isinstance(event, TimedOut):
                self._time_out(event)
            else:
                self._close(event)
        after = len(self._text) + len(self._thoughts)
        if self.stop_loops and after // LOOP_CHECK > before // LOOP_CHECK and not self.finished:
            self._check_loop()
        return after - before

    def _check_loop(self) -> None:
        """Stop an answer, or its thoughts, where it has begun to repeat itself."""
        written = self._text or self._thoughts
        if self.answer is None and is_loop("".join(written[-LOOP_PIECES:]), min(len(written), LOOP_PIECES)):
            tokens = len(self._text) + len(self._thoughts)
            answer = self._made(Ending.LOOPED, "it repeated itself and was stopped (stop_loops = false lets it go on)")
            self.answer = replace(answer, completion_tokens=answer.completion_tokens or tokens)

    @property
    def settled(self) -> bool:
        """Whether nothing of the text can follow; a server may write a finish_reason into each event."""
        return self.finished and not self._went_on

    @property
    def text(self) -> str:
        """What has come of the answer."""
        return "".join(self._text)

    def _take_frame(self, frame: Frame) -> None:
        if self.answer is not None:
            return
        if isinstance(frame, Words) or not self._head.fine:
            self._stray.append(frame.text)
        elif DONE in (frame.text, frame.value):
            self._end(clean=True, done=True)
        else:
            self._take_json(frame.value, frame)

    def _take_json(self, value: Any, frame: Frame) -> None:
        if value is None and frame.text != "null":
            self._take_broken(frame)
            return
        seen = payload.read(value, called_error=frame.called_error)
        if seen.failure:
            self._fail(seen.failure)
            return
        self._unread = self._unread or (seen.unread if isinstance(value, dict) and value.get("choices") else "")
        if seen.unread:
            self._stray.append(frame.text)
        self._seen = Payload(
            model=seen.model or self._seen.model,
            prompt_tokens=seen.prompt_tokens or self._seen.prompt_tokens,
            completion_tokens=seen.completion_tokens or self._seen.completion_tokens,
            speeds=self._seen.speeds | seen.speeds,
        )
        for piece in seen.pieces:
            if self._index is None or piece.index in (None, self._index):
                self._index = piece.index if self._index is None else self._index
                self._take_piece(piece)

    def _take_broken(self, frame: Frame) -> None:
        """Data that is no JSON: an event that was damaged, an error in words, or a ping."""
        if frame.called_error:
            self._fail(Failure(frame.text))
        elif frame.text.startswith(("{", "[")):
            self._unread = self._unread or frame.text
        else:
            self._stray.append(frame.text)

    def _take_piece(self, piece: Piece) -> None:
        self._chose = True
        self._whole = self._whole or piece.part == "message"
        # A last event may repeat in `message` what has come by `delta`.
        if (piece.text or piece.thoughts) and self._part in ("", piece.part):
            self._part = piece.part
            self._went_on = self.finished
            self._text += filter(None, [piece.text])
            self._thoughts += filter(None, [piece.thoughts])
        self.finished = self.finished or piece.finished
        self._reason = piece.reason or self._reason

    def _fail(self, failure: Failure) -> None:
        words = plain(failure.words[:WORDS])
        ending = by_error(failure.status, f"{words} {plain(failure.kind)}", streamed=self._chose)
        self.answer = self._made(ending, words)

    def _time_out(self, event: TimedOut) -> None:
        if self.finished:
            self._end(clean=True)
        else:
            self.answer = self._made(event.ending, event.error)

    def _close(self, event: Closed) -> None:
        for frame in self._lines.close():
            self._take_frame(frame)
        if self.answer is not None:
            return
        if not self._head.fine:
            words = self._words() or event.error
            words = f"redirect to {plain(self._head.location)}" if self._head.location else words
            ending = by_status(self._head.status, words)
            ending = Ending.BUSY if ending is Ending.BROKEN and self._head.retry_after else ending
            said = f"{self._head.status}: {words}" if words else str(self._head.status)
            self.answer = self._made(ending, f"{REFUSED_WITH} {said}" if ending is Ending.REFUSED else said)
        elif event.away or event.unfit:
            self.answer = self._made(Ending.UNFIT if event.unfit else Ending.BUSY, event.error)
        else:
            whole = None if self._chose else payload.parse(self._strays())
            for value in whole if isinstance(whole, list) else [whole] if isinstance(whole, dict) else []:
                self._take_json(value, Frame(""))
            self._end(clean=not event.error, error=event.error)

    def _end(self, *, clean: bool, done: bool = False, error: str = "") -> None:
        """The response is over, by its end mark (`done`) or without one."""
        if self.answer is not None:
            return
        text = bool(self._text or self._thoughts)
        ended = self.finished and (clean or not self._went_on)
        complete = self._chose and (ended or (clean and self._whole) or (done and text))
        if self._unread:
            self.answer = self._made(Ending.BROKEN, f"not an answer: {plain(self._unread[:80])}")
        elif complete:
            self.answer = self._complete(empty=not text)
        elif not self._chose and CUT_SHORT.fullmatch(self._strays()):
            self.answer = self._made(Ending.BROKEN, f"the response broke off: {self._words()}")
        elif not self._chose and (words := self._words()):
            self.answer = self._made(Ending.REFUSED, f"{REFUSED_WITH} 200 and no answer: {words}")
        else:
            what = "the answer broke off" if text else "the response ended without an answer"
            self.answer = self._made(Ending.BROKEN, f"{what} ({error})" if error else what)

    def _complete(self, *, empty: bool) -> Answer:
        tokens, limit = self._seen.completion_tokens, self.max_tokens
        ending, note = by_reason(self._reason, tokens, limit, exact=self.exact, empty=empty), ""
        if ending in (Ending.REFUSED, Ending.BROKEN):
            note = f"the server ended the answer with finish_reason {plain(self._reason)}"
        elif ending is Ending.CUT and tokens > limit + UNCOUNTED:
            note = f"the server does not keep to max_tokens = {limit}: the answer has {tokens} tokens"
        return self._made(ending, note)

    def _words(self) -> str:
        """What a body that is no answer says to people."""
        return plain(payload.words_of(self._strays())[:WORDS])

    def _strays(self) -> str:
        return "\n".join(self._stray)

    def _made(self, ending: Ending, error: str) -> Answer:
        return Answer(
            text=payload.joined(self._text),
            reasoning=payload.joined(self._thoughts),
            ending=ending,
            finish_reason=plain(self._reason),
            error=error,
            prompt_tokens=self._seen.prompt_tokens,
            completion_tokens=self._seen.completion_tokens,
            speeds=self._seen.speeds,
            model=plain(self._seen.model),
            retry_after=self._head.retry_after,
        )
