"""The state machine that reads a server's response: events in, one answer out."""

import json
import time
from typing import Any

import pytest

from bench.generate import stream
from bench.generate.answer import Answer, Ending, by_reason, by_status
from bench.generate.stream import Closed, Event, Head, Reader, TimedOut

LIMIT = 512


def sse(*values: Any, done: bool = True) -> bytes:
    """Server-sent events; a text stands as it is."""
    data = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return "".join(f"data: {one}\n\n" for one in [*data, *(["[DONE]"] if done else [])]).encode()


def piece(content: Any = None, finish: Any = None, **more: Any) -> dict[str, Any]:
    """A chunk of a streamed answer."""
    delta = {} if content is None else {"content": content}
    return {"choices": [{"index": 0, "delta": delta | more.pop("delta", {}), "finish_reason": finish}], **more}


def choice(**fields: Any) -> dict[str, Any]:
    """An event whose only choice has these fields."""
    return {"choices": [{"index": 0, **fields}]}


def usage(prompt: Any = 50, tokens: Any = 60, **more: Any) -> dict[str, Any]:
    """The event with the counts."""
    return {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": tokens, **more}}


def read(*events: Event | bytes, exact: bool = False) -> Answer:
    """The answer that these events make; bytes are data, and without another end the connection is closed."""
    reader = Reader(LIMIT, exact=exact)
    for event in [*events, Closed()]:
        reader.feed(event)
    assert reader.answer
    return reader.answer


STOP = piece(finish="stop")
GOOD = sse(piece("def f"), piece("(): pass"), STOP, usage())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(GOOD, id="as llama-server streams"),
        pytest.param(GOOD.replace(b"\n", b"\r\n"), id="lines end with CR LF"),
        pytest.param(GOOD.replace(b"\n", b"\r"), id="lines end with CR"),
        pytest.param(GOOD.replace(b"\n\n", b"\n"), id="no empty line between events"),
        pytest.param(GOOD.replace(b"data: ", b"data:"), id="no space behind the colon"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="byte order mark"),
        pytest.param(b": ping\n\ndata:\n\nevent: ping\ndata: ping\n\nid: 1\nretry: 5\n\n" + GOOD, id="pings"),
        pytest.param(b"data: null\n\ndata: {}\n\n" + GOOD, id="events that say nothing"),
        pytest.param(sse(piece("def f", error=None), piece("(): pass", error={}), STOP), id="empty errors"),
        pytest.param(sse(piece("def f"), piece("(): pass"), STOP, done=False), id="no end mark"),
        pytest.param(sse(piece("def f(): pass")), id="no finish_reason"),
        pytest.param(sse(piece("def f(): pass", finish=True)), id="finish_reason true"),
        pytest.param(sse(piece("def f(): pass", {"type": "stop", "matched": 2})), id="finish_reason a table"),
        pytest.param(
            "".join(
                f"data: {line}\n" for line in json.dumps(piece("def f(): pass", "stop"), indent=1).split("\n")
            ).encode(),
            id="an event in several lines",
        ),
        pytest.param(json.dumps(choice(message={"content": "def f(): pass"})).encode(), id="not streamed"),
        pytest.param(
            json.dumps(choice(message={"content": "def f(): pass"}), indent=2).encode(), id="printed prettily"
        ),
        pytest.param(json.dumps([choice(message={"content": "def f(): pass"})]).encode(), id="a list"),
        pytest.param(sse(choice(message={"content": "def f(): pass"}, finish_reason="stop")), id="message, not delta"),
        pytest.param(sse(choice(text="def f(): "), choice(text="pass", finish_reason="stop")), id="text, not delta"),
        pytest.param(
            sse(
                piece("def f"),
                piece("(): pass"),
                choice(delta={}, message={"content": "def f(): pass"}, finish_reason="stop"),
            ),
            id="the whole message again at the end",
        ),
        pytest.param(sse({"choices": {"index": 0, "delta": {"content": "def f(): pass"}}}), id="choices a table"),
        pytest.param(
            sse(piece("def f"), {"choices": [{"index": 1, "delta": {"content": "no"}}]}, piece("(): pass"), STOP),
            id="several choices",
        ),
        pytest.param(
            sse(piece([{"type": "text", "text": "def f"}, {"text": "(): pass"}]), STOP), id="content in parts"
        ),
        pytest.param(sse(piece("def f"), piece(None), piece("(): pass"), STOP), id="content null"),
        pytest.param(
            b'{"message": {"content": "def f"}, "done": false}\n{"message": {"content": "(): pass"}, "done": true}\n',
            id="Ollama's own API",
        ),
        pytest.param(sse(piece("def f", "null"), piece("(): pass", "None"), STOP), id="finish_reason null as a word"),
        pytest.param(sse(piece("def f", "stop"), piece("(): pass", "stop")), id="a finish_reason in each event"),
        pytest.param(sse(piece("def f(): pass"), '"[DONE]"', done=False), id="the end mark quoted"),
        pytest.param(sse(piece("def f(): pass"), done=False) + b"[DONE]\n", id="the end mark not framed"),
        pytest.param(GOOD.replace(b"data: ", b"data: data: "), id="framed twice"),
        pytest.param(GOOD.replace(b"data: ", b" data: "), id="indented"),
        pytest.param(
            sse('"ping"', "true", "[]", "1732924800", {"type": "ping"}, done=False) + GOOD, id="pings in JSON"
        ),
        pytest.param(sse({"choices": [None]}, {"choices": {}}, done=False) + GOOD, id="choices that say nothing"),
        pytest.param(
            sse(*(piece("", error=error) for error in (False, 0, "null", [], {"code": 0, "message": ""})), done=False)
            + GOOD,
            id="errors that say nothing",
        ),
        pytest.param(
            sse({"code": 0, "msg": "ok", "data": piece("def f(): pass")}, {"code": 0, "data": STOP}),
            id="wrapped by a gateway",
        ),
        pytest.param(json.dumps({"result": choice(message={"content": "def f(): pass"})}).encode(), id="wrapped whole"),
        pytest.param(sse(piece("def f(): pass"), usage("7" * 5000), STOP), id="a count of thousands of digits"),
        pytest.param(
            sse(piece("def f(): pass"), STOP).replace(b"[DONE]", b'{"created": ' + 5000 * b"7" + b"}"),
            id="a number of thousands of digits",
        ),
    ],
)
@pytest.mark.parametrize("cut", [1, 7, 1 << 20])
def test_one_answer_in_many_shapes(body: bytes, cut: int) -> None:
    """However a server frames its answer, and wherever the network cuts it, it is the same answer."""
    answer = read(*(body[at : at + cut] for at in range(0, len(body), cut)))
    assert (answer.text, answer.ending, answer.error) == ("def f(): pass", Ending.ENDED, "")


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"thinking": "Hm."},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm."}]},
        {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
        {"content": [{"type": "reasoning", "reasoning": "Hm."}]},
        {"thoughts": "Hm."},
        {"reasoningContent": "Hm."},
        {"reasoning_steps": [{"thought": "Hm."}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "x"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm."}], "reasoning_content": "Hm."},
        {"provider_specific_fields": {"reasoning_content": "Hm."}},
    ],
)
def test_separate_thoughts(delta: dict[str, Any]) -> None:
    """Thoughts are taken from whichever field a server has them in, once, and not into the answer."""
    answer = read(sse(piece(delta=delta), piece("code"), STOP))
    assert (answer.text, answer.reasoning) == ("code", "Hm.")


REFUSED, BROKEN = Ending.REFUSED, Ending.BROKEN


@pytest.mark.parametrize(
    ("events", "ending", "message"),
    [
        ([sse()], BROKEN, "ended without an answer"),
        ([sse(piece("", delta={"role": "assistant"}))], BROKEN, "ended without an answer"),
        ([sse(piece("def"), done=False)], BROKEN, "the answer broke off"),
        ([sse(piece("def"), done=False), Closed("connection closed")], BROKEN, "broke off (connection closed)"),
        ([sse({"error": {"code": 500, "message": "parser"}})], BROKEN, "parser"),
        ([sse(piece("def"), {"error": {"message": "lost it"}})], BROKEN, "lost it"),
        ([sse(piece("def"), {"error": {"code": 400, "message": "too long"}})], REFUSED, "too long"),
        ([sse({"error": {"type": "invalid_request_error", "message": "no"}})], REFUSED, "no"),
        ([sse({"error": {"code": 429, "message": "slow"}})], Ending.BUSY, "slow"),
        ([sse({"object": "error", "message": "has 2048", "code": 400})], REFUSED, "has 2048"),
        ([sse({"choices": None, "error_type": "x", "error_message": "too many"})], REFUSED, "too many"),
        ([sse({"detail": [{"loc": ["body", "n"], "msg": "must be 1"}]})], REFUSED, "body.n: must be 1"),
        ([sse(choice(delta={}, error={"message": "provider", "code": 502}))], Ending.BUSY, "provider"),
        ([b'event: error\ndata: {"message": "oh no"}\n\n'], REFUSED, "oh no"),
        ([b"event: error\ndata: oh no\n\n"], REFUSED, "oh no"),
        ([b'error: {"code": 400, "message": "has 4096"}\n\n'], REFUSED, "has 4096"),
        ([b'{"error": {"code": 400, "message": "has 4096"}}'], REFUSED, "has 4096"),
        ([b'{"error": "no such path"}'], REFUSED, "no such path"),
        ([b'{"error": true, "message": "not here"}'], REFUSED, "not here"),
        ([b'{\n "error": {\n  "message": "over lines"\n }\n}'], REFUSED, "over lines"),
        ([b"<!doctype html><html><head><title>x</title></head><h1>Log&nbsp;in</h1>"], REFUSED, "Log in"),
        ([b"Internal trouble"], REFUSED, "Internal trouble"),
        ([b'{"status": "fine"}'], REFUSED, "fine"),
        ([b""], BROKEN, "ended without an answer"),
        ([sse({"error": {"message": "it failed", "type": "server_error"}})], BROKEN, "it failed"),
        ([b'{"error": {"message": "no luck", "type": "internal_error"}}'], BROKEN, "no luck"),
        ([sse({"type": "error", "error": {"type": "overloaded_error", "message": "later"}})], Ending.BUSY, "later"),
        ([sse({"error": {"code": "rate_limit_exceeded", "message": "slow"}})], Ending.BUSY, "slow"),
        ([b'{"error": {"code": "insufficient_quota", "message": "pay"}}'], Ending.UNFIT, "pay"),
        ([sse({"choices": None, "base_resp": {"status_code": 1004, "status_msg": "log in"}})], REFUSED, "log in"),
        ([b'{"error_code": 336003, "error_msg": "too long"}'], REFUSED, "too long"),
        ([b'{"code": 20015, "message": "too long", "data": null}'], REFUSED, "too long"),
        ([b'{"errMsg": "out"}'], REFUSED, "out"),
        ([b'{"choices": [{"message": {"content": "def f(): pas'], BROKEN, "broke off"),
        ([Head(403), b'{"error": {"message": "Your input was flagged"}}'], REFUSED, "flagged"),
        ([Head(404), b'{"error": "model x is still loading"}'], Ending.BUSY, "loading"),
        ([Head(409), b"busy"], Ending.BUSY, "busy"),
        ([Head(500, 5.0), b"soon"], Ending.BUSY, "soon"),
        ([sse("5")], REFUSED, "no answer: 5"),
        ([sse(piece("def"), '{"choices": [{"delta": {"con', STOP)], BROKEN, "not an answer"),
        ([sse({"choices": ["x"]})], BROKEN, "not an answer"),
        ([sse(piece("def", "error"))], BROKEN, "finish_reason error"),
        ([sse(piece("def", "abort"))], BROKEN, "finish_reason abort"),
        ([sse(piece("", "load"))], BROKEN, "finish_reason load"),
        ([sse(piece("def", "content_filter"))], REFUSED, "finish_reason content_filter"),
        ([Head(500), b'{"error": {"message": "trouble"}}'], BROKEN, "500: trouble"),
        ([Head(400), b"data: " + b'{"error": {"message": "no system role"}}\n\n'], REFUSED, "400: no system role"),
        ([Head(422), b'{"detail": "what"}'], REFUSED, "422: what"),
        ([Head(503), b"<html><body>Loading</body></html>"], Ending.BUSY, "503: Loading"),
        ([Head(429), b'{"error": {"code": "insufficient_quota"}}'], Ending.UNFIT, "429"),
        ([Head(402), b'{"error": "no credit"}'], Ending.UNFIT, "402: no credit"),
        ([Head(301, location="http://b/v1")], Ending.UNFIT, "redirect to http://b/v1"),
        ([Closed("refused", Ending.BUSY)], Ending.BUSY, "refused"),
        ([Closed("certificate", Ending.UNFIT)], Ending.UNFIT, "certificate"),
        ([sse(piece("def"), done=False), TimedOut(Ending.HUNG, "silence")], Ending.HUNG, "silence"),
        ([sse(piece("def"), done=False), TimedOut(Ending.LATE, "late")], Ending.LATE, "late"),
    ],
)  # fmt: skip
def test_what_is_no_answer(events: list[Event | bytes], ending: Ending, message: str) -> None:
    """A failure is told from an answer, whose fault it is, and the server's words are kept."""
    answer = read(*events)
    assert (answer.ending, message in answer.error) == (ending, True), answer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "begin", "again", "most", "ending"),
    [
        (Head(200), b'data: {"choices":[{"delta":{"content":"', b"x" * 65536, 1 << 21, Ending.BROKEN),
        (Head(200), b"", sse(piece("x" * 60000), done=False), 1 << 22, Ending.BROKEN),
        (Head(500), b"", b"x" * 65536, 1 << 20, Ending.BROKEN),
        (Head(400), b"", b"x\n" * 30000, 1 << 20, Ending.REFUSED),
    ],
    ids=["a line", "events", "an error page of one line", "an error page"],
)
def test_a_body_without_end(
    head: Head, begin: bytes, again: bytes, most: int, ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a body that does not end, a line, an answer or a page of errors, so much is read, in a time that is linear."""
    monkeypatch.setattr(stream, "LARGEST", 1 << 22)
    monkeypatch.setattr(stream, "LARGEST_LINE", 1 << 21)
    reader, size, began = Reader(LIMIT, exact=False), 0, time.process_time()
    reader.feed(head)
    reader.feed(begin)
    while reader.answer is None:
        reader.feed(again)
        size += len(again)
    assert most <= size <= most + len(again)
    assert reader.answer.ending is ending
    assert time.process_time() - began < 5


def test_an_answer_on_a_connection_that_stays_open() -> None:
    """After finish_reason the text is whole, however the connection ends."""
    reader = Reader(LIMIT, exact=False)
    reader.feed(sse(piece("code", "stop"), done=False))
    assert (reader.finished, reader.answer) == (True, None)
    reader.feed(TimedOut(Ending.HUNG, "silence"))
    assert reader.answer
    assert (reader.answer.ending, reader.answer.text) == (Ending.ENDED, "code")
    assert read(sse(piece("code", "stop"), done=False), Closed("reset")).ending is Ending.ENDED


@pytest.mark.parametrize(
    ("reason", "tokens", "ending"),
    [
        *((reason, 60, Ending.ENDED) for reason in ("stop", "eos", "eos_token", "end_turn", "COMPLETE", "STOP", "")),
        *((reason, LIMIT, Ending.CUT) for reason in ("length", "max_tokens", "MAX_TOKENS", "limit", "max_length")),
        *((reason, 212, Ending.CUT_BY_SERVER) for reason in ("length", "max_tokens", "model_length")),
        *((reason, 0, Ending.CUT_BY_SERVER) for reason in ("model_length", "contextLengthReached")),
        ("length", 0, Ending.CUT),
        ("length", LIMIT - 1, Ending.CUT),
        ("stop", LIMIT, Ending.CUT),
        ("stop", LIMIT + 100, Ending.CUT),
        *((reason, 60, REFUSED) for reason in ("content_filter", "SAFETY", "sensitive", "RECITATION", "refusal")),
        *((reason, 60, BROKEN) for reason in ("out_of_memory", "time_limit", "rate_limit", "preempted", "shutdown")),
        *((reason, 60, Ending.CUT_BY_SERVER) for reason in ("kv_cache_full", "window", "truncated")),
        ("repetition", 60, Ending.LOOPED),
        *((reason, 60, BROKEN) for reason in ("abort", "error", "cancelled", "modelUnloaded", "network_error",
                                              "insufficient_system_resource", "ERROR_TOXIC_NOT")[:6]),
    ],
)  # fmt: skip
def test_why_an_answer_ended(reason: str, tokens: int, ending: Ending) -> None:
    """One table reads finish_reason in all spellings, beside the number of tokens."""
    assert by_reason(reason, tokens, LIMIT, exact=False) is ending


def test_a_server_that_counts_exactly() -> None:
    """llama-server's "stop" is a natural end, even with as many tokens as were allowed."""
    assert read(sse(piece("x", "stop"), usage(5, LIMIT)), exact=True).ending is Ending.ENDED


def test_a_server_that_ignores_the_limit() -> None:
    """More tokens than were allowed are a cut by our limit, with a word on it."""
    answer = read(sse(piece("x", "stop"), usage(5, 600)))
    assert (answer.ending, "does not keep to max_tokens = 512" in answer.error) == (Ending.CUT, True)


@pytest.mark.parametrize(
    ("count", "tokens"),
    [(60, 60), (60.0, 60), ("60", 60), ("60.0", 60), (None, 0), (True, 0), (-1, 0), ("many", 0), ({}, 0),
     (10**400, 0), (float("inf"), 0)],
)  # fmt: skip
def test_counts_of_any_type(count: Any, tokens: int) -> None:
    """A count is a whole number, however it is written; what cannot be one is 0."""
    assert read(sse(piece("x", "stop"), usage(count, count))).completion_tokens == tokens


def test_text_after_a_finish_reason() -> None:
    """An answer whose every event has a finish_reason goes on until its end; what breaks off in it is none."""
    reader = Reader(LIMIT, exact=False)
    reader.feed(sse(piece("def f", "stop"), piece("(): pass", "stop"), done=False))
    assert (reader.finished, reader.settled) == (True, False)
    assert read(sse(piece("def", "stop"), piece(" f", "stop"), done=False), Closed("cut off")).ending is BROKEN


def test_pieces_that_repeat_what_came_before() -> None:
    """Where each piece holds all of the answer so far, the last one is the answer."""
    code = "def f():\n    return 'a text of more than forty characters'\n"
    assert read(sse(*(piece(code[:end]) for end in (3, 9, 20, 30, len(code))), STOP)).text == code


def test_halves_of_a_character_in_json() -> None:
    """Two halves of a surrogate pair meet again; what never becomes a character is replaced, so that it can be kept."""
    assert read(sse(piece("\ud83d"), piece("\ude00!"), STOP)).text == "😀!"
    assert read(sse(piece("a\ud83d"), STOP)).text == "a\ufffd"
    assert read(sse(piece("\udfffb", delta={"reasoning": "\ud800"}), STOP)).text == "\ufffdb"


def test_speeds_and_model() -> None:
    """Timings are taken where they are finite figures; the model is the one that the server says has answered."""
    timings = {"prompt_n": 9, "prompt_per_second": None, "predicted_n": 7, "predicted_per_second": 12.345}
    answer = read(sse(piece("x", "stop", model="small", timings=timings)))
    assert (answer.speeds, answer.prompt_tokens, answer.completion_tokens) == ({"generation": 12.35}, 9, 7)
    assert answer.model == "small"
    assert read(sse(piece("x", "stop", timings={"predicted_per_second": float("inf")}, model=5))).speeds == {}


def test_characters_cut_in_two() -> None:
    """Bytes of a character that come in two pieces meet again; one that never comes whole is replaced."""
    data = sse(piece("caf~1"), piece("~2!"), STOP)
    assert read(data.replace(b"~1", b"\xc3").replace(b"~2", b"\xa9")).text == "café!"
    assert read(data.replace(b"~1", b"\xc3").replace(b"~2", b"")).text == "caf\ufffd!"


@pytest.mark.parametrize(
    ("status", "ending"),
    [(410, Ending.UNFIT), (423, Ending.BUSY), (499, BROKEN),
     (400, REFUSED), (413, REFUSED), (422, REFUSED), (401, Ending.UNFIT), (404, Ending.UNFIT), (429, Ending.BUSY),
     (500, BROKEN), (501, BROKEN), (502, Ending.BUSY), (503, Ending.BUSY), (504, BROKEN), (529, Ending.BUSY)],
)  # fmt: skip
def test_statuses(status: int, ending: Ending) -> None:
    """A status says whether the request, the server, or the moment is to blame."""
    assert by_status(status, "") is ending
