"""Generation against a server that misbehaves on demand (a fake, for these faults do not happen when asked for)."""

import json
from itertools import pairwise

import pytest

from bench.errors import CanaryError, ServerError
from bench.generate.http import DownError
from tests.generate.conftest import Bench

EMPTY = {"content": ""}


def outcomes(bench: Bench) -> list[str]:
    """All outcomes in the journal, in its order."""
    return [completion.outcome for completion in bench.journal()]


def test_every_problem_is_requested_once(faulty: Bench) -> None:
    """Each problem has one completion, and a second run asks for nothing and starts no server."""
    assert [c.task_id for c in faulty.generate()] == [f"Demo/{i}" for i in range(6)]
    faulty.generate()
    assert (faulty.count("asked"), faulty.count("started")) == (6, 1)


def test_a_truncated_line_is_reported_once(faulty: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A torn last line is cut off by the next generation, though that asks for nothing."""
    faulty.generate()
    journal = faulty.root / "results" / "m" / "demo" / "raw.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[:50])
    assert len(faulty.generate()) == len(faulty.generate()) == 6
    assert journal.read_bytes() == whole
    assert capsys.readouterr().out.count("its last line was truncated") == 1
    assert faulty.count("asked") == 6


def test_completions_are_logged(faulty: Bench) -> None:
    """codegen.log has a line for each completion; where it cannot be written, nothing is lost."""
    log = faulty.root / "results" / "m" / "demo" / "codegen.log"
    faulty.plan({}, 400, {})
    faulty.generate()
    lines = log.read_text().splitlines()
    assert [line.split()[2] for line in lines] == [f"Demo/{i}" for i in range(6)]
    assert lines[0].endswith(" s")
    assert lines[1].endswith("words about 400")
    log.unlink()
    log.mkdir()
    assert len(faulty.generate('system_prompt = ""')) == 12


def test_what_is_sent(faulty: Bench) -> None:
    """The request is greedy, streamed, without the prompt cache, in EvalPlus's words, and with the profile's fields."""
    faulty.generate('reasoning = "high"\n[profiles.m.request]\nreasoning_effort = "low"\ntop_k = 40')
    sent = faulty.last_request()
    assert (sent["temperature"], sent["max_tokens"], sent["stream"], sent["cache_prompt"]) == (0, 100, True, False)
    assert "seed" not in sent
    assert (sent["reasoning_effort"], sent["top_k"]) == ("low", 40)
    assert sent["chat_template_kwargs"] == {"enable_thinking": True, "reasoning_effort": "high"}
    assert sent["messages"][0] == {"role": "system", "content": "You are a helpful assistant good at coding."}
    assert sent["messages"][1]["content"].endswith('```python\ndef f5():\n    """Return 5."""\n```')


def test_a_5xx_is_tried_again(faulty: Bench) -> None:
    """A 5xx and a 429 are tried again; the answer that follows counts."""
    faulty.plan(503, {}, 429, {})
    assert {c.outcome for c in faulty.generate()} == {"stop"}
    assert faulty.count("asked") == 8


def test_tries_are_bounded(faulty: Bench) -> None:
    """A server that answers nobody but with a 5xx fails the profile, after two problems' tries and one more start."""
    faulty.plan(500)
    with pytest.raises(DownError, match="the server answers no request: 500: words about 500"):
        faulty.generate()
    assert (faulty.count("asked"), faulty.count("started")) == (8, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "behaviour",
    [
        {"status": 500, "body": f"<html>\n<p>\x1b[2Jlong</p>\n{'<br>' * 1000}"},
        {"status": 404, "body": {"error": {"message": f"\x1b[2Jlong\r\n\u202e{'words ' * 1000}"}}},
        {"raw": json.dumps({"error": {"message": f"\x1b[2Jlong\n{'words ' * 1000}"}})},
    ],
)
def test_a_servers_message_is_one_line(faulty: Bench, behaviour: object) -> None:
    """Whatever a server says of an error, a page or a message, is one short line in which nothing is obeyed."""
    faulty.plan(behaviour)
    with pytest.raises(DownError, match="␛\\[2Jlong") as caught:
        faulty.generate()
    assert caught.value.sentence.isprintable()
    assert len(caught.value.sentence) < 500


def test_a_4xx_is_a_recorded_failure(faulty: Bench) -> None:
    """A refused request is that problem's error with the server's words, never an answer; the others go on."""
    faulty.plan({}, 400, {})
    refused = faulty.generate()[1]
    assert (refused.outcome, refused.answer) == ("error", "")
    assert refused.error == "the server refused the request with 400: words about 400"
    assert faulty.provenance()["totals"]["outcomes"] == {"error": 1, "stop": 5}


def test_a_server_that_dies_is_restarted(faulty: Bench) -> None:
    """A server that ends in the middle of an answer is started once more, and the problem is asked again, last."""
    faulty.plan({}, {}, {"die": True}, {})
    assert [c.task_id for c in faulty.generate()] == [f"Demo/{i}" for i in (0, 1, 3, 4, 5, 2)]
    assert faulty.count("started") == 2


@pytest.mark.slow
def test_a_server_that_dies_and_dies_fails_the_profile(faulty: Bench) -> None:
    """A server that ends again before it has answered anything fails the profile; earlier answers stay."""
    faulty.plan({}, {}, {"die": True}, {"die": True}, {})
    with pytest.raises(ServerError, match="ended in the middle of an answer \\(exit code 7\\)") as caught:
        faulty.generate()
    assert "a line of the faulty server's log" in caught.value.log
    assert len(faulty.journal()) == 2
    assert len(faulty.generate()) == 6
    assert faulty.count("asked") == 8


@pytest.mark.slow
@pytest.mark.parametrize("fault", [500, {"die": True}, {"cut": True}, {"sleep": 2}])
def test_one_request_by_which_a_server_fails(faulty: Bench, fault: object) -> None:
    """A prompt at which the server fails each time is that problem's failure with the words; all others are asked."""
    faulty.plan({"only": "f2()", "fault": fault})
    done = faulty.generate(server="stall_timeout = 1")
    (lost,) = (completion for completion in done if completion.task_id == "Demo/2")
    assert lost.outcome in ("error", "timeout")
    assert lost.error
    assert [c.outcome for c in done if c is not lost] == ["stop"] * 5
    assert faulty.provenance()["totals"]["completions"] == 6


def test_refusals_in_a_row(faulty: Bench) -> None:
    """A server that refuses even what it has answered before stops the profile; all of it is asked again later."""
    faulty.plan({}, {}, 400)
    with pytest.raises(ServerError, match="answers no request: the server refused the request with 400: words"):
        faulty.generate()
    assert faulty.count("asked") < 8
    faulty.plan({})
    assert [c.outcome for c in faulty.generate() if c.outcome == "stop"] == ["stop"] * 6


def test_refusals_in_a_row_of_a_server_that_works(faulty: Bench) -> None:
    """Refusals in a row are those of their problems where the server still answers what it has answered before."""
    faulty.plan({}, {"only": "Return 0", "otherwise": 400})
    assert [c.outcome for c in faulty.generate()] == ["stop"] + ["error"] * 5


@pytest.mark.slow
@pytest.mark.parametrize("status", [401, 402, 403, 404, 410])
def test_one_request_that_no_one_may_ask(faulty: Bench, status: int) -> None:
    """A status that is otherwise about the server costs one problem where others are answered, and stops the rest."""
    faulty.plan({"only": "f2()", "fault": status})
    assert [c.outcome for c in faulty.generate()] == ["stop", "stop", "error", "stop", "stop", "stop"]
    faulty.plan({"only": "f2()", "fault": {}, "otherwise": status})
    with pytest.raises(ServerError, match=f"answers no request: {status}: words about {status}"):
        faulty.generate('system_prompt = ""')


@pytest.mark.slow
def test_empty_answers_of_a_server_that_breaks(faulty: Bench) -> None:
    """Empty answers are results of a model that answers others; of a server that has none left they are not kept."""
    faulty.plan({"only": "f2()", "fault": EMPTY})
    assert [c.outcome for c in faulty.generate()] == ["stop", "stop", "empty", "stop", "stop", "stop"]
    faulty.plan(*9 * [{}], EMPTY)
    with pytest.raises(ServerError, match="nothing but empty answers"):
        faulty.generate('system_prompt = ""', retries=0)
    faulty.plan({})
    assert [c.outcome for c in faulty.generate('system_prompt = ""')][6:] == ["stop"] * 6


OPENAI = {"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}}


def test_a_limit_of_another_name(faulty: Bench) -> None:
    """A server that refuses max_tokens gets the limit under the later name, with each request from then on."""
    faulty.plan({"status": 400, "body": OPENAI}, {})
    assert {c.outcome for c in faulty.generate()} == {"stop"}
    sent = faulty.last_request()
    assert ("max_tokens" in sent, sent["max_completion_tokens"], faulty.count("asked")) == (False, 100, 7)


def test_a_limit_that_is_too_large(faulty: Bench) -> None:
    """A refusal of a limit's value changes no name."""
    faulty.plan({}, {"status": 400, "body": {"detail": "'max_tokens' is too large: 100"}}, {})
    assert [c.outcome for c in faulty.generate()][:3] == ["stop", "error", "stop"]
    assert faulty.last_request()["max_tokens"] == 100


def test_fields_that_are_left_out(faulty: Bench) -> None:
    """Fields under `omit` are not sent; only those that change an answer ask again."""
    faulty.generate()
    faulty.generate('omit = ["stream_options", "top_p", "max_tokens", "seed"]')
    assert faulty.count("asked") == 6
    faulty.generate('omit = ["temperature", "stream_options"]')
    assert (faulty.count("asked"), {"temperature", "stream_options"} & faulty.last_request().keys()) == (12, set())


@pytest.mark.slow
def test_patience(faulty: Bench) -> None:
    """A server that is busy is waited for as long as it says, but not beyond health_timeout."""
    faulty.plan({}, {"status": 429, "body": {}, "retry_after": "1"}, {"status": 503, "body": {}}, {})
    assert {c.outcome for c in faulty.generate(retries=0)} == {"stop"}
    (began, *later) = [at for sign, at in faulty.flights() if sign == "+"][1:4]
    assert later[0] - began >= 1
    faulty.plan({"status": 429, "body": {"error": "daily limit"}, "retry_after": "7200"})
    with pytest.raises(ServerError, match=r"retry after 7200 s, which is longer than .*daily limit"):
        faulty.generate('system_prompt = ""')


@pytest.mark.slow
def test_a_queue_is_no_hanging_server(faulty: Bench) -> None:
    """A request that waits in the server's queue has time for as long as pieces of others arrive."""
    faulty.plan({"alone": True, "drops": 5})
    done = faulty.generate("slots = 4", server="stall_timeout = 1")
    assert [c.outcome for c in done] == ["stop"] * 6
    assert faulty.count("asked") == 6


def test_which_model_answered(faulty: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """The model that the server names is recorded with each completion, and a change within a run is reported."""
    faulty.plan({"model": "big"}, {"model": "big"}, {"model": "small"})
    assert [c.model for c in faulty.generate()] == ["big"] * 2 + ["small"] * 4
    assert "Demo/2 was answered by small, those before by big" in capsys.readouterr().out
    assert faulty.provenance()["models"] == {"big": 2, "small": 4}


def test_a_stream_that_breaks_off_is_no_answer(faulty: Bench) -> None:
    """Half an answer without its end mark is asked again rather than kept."""
    faulty.plan({"cut": True}, {})
    assert {c.outcome for c in faulty.generate()} == {"stop"}
    assert faulty.count("asked") == 7


def test_what_is_no_event_is_no_answer(faulty: Bench) -> None:
    """What a server sends in place of an event is asked again, not taken for an answer; a ping is nothing."""
    faulty.plan({"raw": "null"}, {"raw": "5"}, {"raw": '{"choices": ["x"]}'}, {})
    assert {c.outcome for c in faulty.generate(retries=3)} == {"stop"}
    assert faulty.count("asked") == 7


@pytest.mark.slow
def test_a_server_that_hangs_but_is_healthy(faulty: Bench) -> None:
    """Comments that keep the connection open, as llama-server sends them, are no answer: both limits hold."""
    faulty.plan({}, {"pings": 40})
    with pytest.raises(DownError, match=r"sent nothing for stall_timeout = 0\.3 s"):
        faulty.generate(server="stall_timeout = 0.3")
    late = faulty.generate("canary = false\n", server="request_timeout = 0.3")[-1]
    assert (late.outcome, late.seconds < 1) == ("timeout", True)


@pytest.mark.slow
def test_a_server_that_hangs(faulty: Bench) -> None:
    """A server that sends nothing for stall_timeout is started once more, then the profile fails."""
    faulty.plan({}, {"sleep": 5})
    with pytest.raises(DownError, match=r"sent nothing for stall_timeout = 0\.3 s"):
        faulty.generate(server="stall_timeout = 0.3")
    assert faulty.count("started") == 2


@pytest.mark.slow
def test_an_answer_that_takes_too_long(faulty: Bench) -> None:
    """An answer that is still coming at request_timeout is that problem's time-out; the others go on."""
    faulty.plan({}, {"drops": 10}, {})
    faulty.generate(server="request_timeout = 0.4")
    assert outcomes(faulty) == ["stop", "timeout", "stop", "stop", "stop", "stop"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "saw", "remedy"),
    [
        (EMPTY | {"reasoning": "hm", "finish": "length"}, "5 empty", 'reasoning = "off"'),
        ({"finish": "length"}, "5 truncated", "raise max_tokens"),
        ({"content": "I would rather not."}, "5 no code", "chat template"),
        (400, "5 error", "400: words about 400"),
        ({"status": 400, "body": {"detail": "System role not supported"}}, "5 error", 'system_prompt = ""'),
        ({"status": 400, "body": {"detail": "maximum context length is 64"}}, "5 error", "context of that server"),
        ({"finish": "length", "tokens": 40}, "5 truncated", "40 tokens, below max_tokens = 100"),
    ],
)
def test_the_canary(faulty: Bench, behaviour: object, saw: str, remedy: str) -> None:
    """Five first completions that are all lost stop the profile, with what was seen and what to do."""
    faulty.plan(behaviour)
    with pytest.raises(CanaryError, match=saw) as caught:
        faulty.generate()
    assert remedy in caught.value.sentence
    assert len(faulty.journal()) == 5


def test_the_canary_remembers(faulty: Bench) -> None:
    """A second run after the canary stops at once, without starting a server."""
    faulty.plan(EMPTY)
    for _ in range(2):
        with pytest.raises(CanaryError):
            faulty.generate()
    assert (len(faulty.journal()), faulty.count("started")) == (5, 1)


def test_the_canary_can_be_turned_off(faulty: Bench) -> None:
    """With canary = false a profile goes on, whatever the first completions are."""
    faulty.plan(EMPTY)
    assert [c.outcome for c in faulty.generate("canary = false")] == ["empty"] * 6


def test_the_canary_lets_what_is_complete_stand(faulty: Bench) -> None:
    """Where nothing is missing, five lost completions at the beginning stop nothing."""
    faulty.plan(EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, {})
    faulty.generate("canary = false")
    assert len(faulty.generate()) == 6


def test_one_good_completion_quiets_the_canary(faulty: Bench) -> None:
    """One good completion among the first five is enough to go on."""
    faulty.plan(EMPTY, EMPTY, EMPTY, EMPTY, {}, {"content": "I would rather not."})
    assert len(faulty.generate()) == 6


def test_more_tokens_ask_again_for_what_was_cut_off(faulty: Bench) -> None:
    """A larger max_tokens asks for the truncated alone; going back finds the earlier completions again."""
    faulty.plan({}, {"finish": "length"}, {}, EMPTY | {"reasoning": "x", "finish": "length"}, {})
    faulty.generate()
    assert [c.task_id for c in faulty.generate("max_tokens = 200")[6:]] == ["Demo/1", "Demo/3"]
    faulty.generate("max_tokens = 100")
    assert faulty.count("asked") == 8


def test_answers_cut_by_the_server_are_retried(faulty: Bench) -> None:
    """What a server cuts off at a limit of its own is asked for again by the next generation, and counts until then."""
    faulty.plan({}, {"finish": "length", "tokens": 40}, {})
    faulty.generate()
    assert faulty.provenance()["totals"]["outcomes"] == {"stop": 5, "truncated": 1}
    assert [c.task_id for c in faulty.generate()[6:]] == ["Demo/1"]
    assert faulty.provenance()["totals"]["outcomes"] == {"stop": 6}


def test_a_changed_prompt_asks_again(faulty: Bench) -> None:
    """Another system prompt is another request; the completions of the earlier one are found when it comes back."""
    faulty.generate()
    assert len(faulty.generate('system_prompt = ""')) == 12
    assert faulty.last_request()["messages"][0]["role"] == "user"
    faulty.generate()
    assert faulty.count("asked") == 12


def test_placement_and_time_outs_ask_for_nothing(faulty: Bench) -> None:
    """What only says where and how a model runs generates nothing when it changes."""
    faulty.generate()
    faulty.generate('placement = ["-t", "2"]\nslots = 2\ntitle = "Other"', server="health_timeout = 9")
    assert faulty.count("asked") == 6


@pytest.mark.slow
def test_more_samples_add_only_those(faulty: Bench) -> None:
    """Samples at a temperature have seeds of their own, and more samples later ask for the new ones alone."""
    faulty.generate("samples = 2\ntemperature = 0.8\nseed = 7")
    assert [(c.sample, c.seed) for c in faulty.journal()[5:8]] == [(0, 7), (1, 8), (1, 8)]
    assert {c.sample for c in faulty.generate("samples = 3\ntemperature = 0.8\nseed = 7")[12:]} == {2}


def test_what_was_granted_is_recorded(faulty: Bench) -> None:
    """The slot's context is read back from the server and recorded with each completion."""
    faulty.generate()
    assert faulty.journal()[0].server["context"] == 4096
    assert faulty.provenance()["server"]["build"] == "faulty"
    assert "servers" not in faulty.provenance()


def test_the_server_of_the_last_completion_is_recorded(faulty: Bench) -> None:
    """run.json has the server that answered last, whichever problem that was, and what each unlike it answered."""
    faulty.plan({}, 400, {})
    faulty.generate()
    (faulty.root / "slots").write_text("2")
    again = faulty.generate('slots = 3\nplacement = ["-t", "2"]')
    assert again[-1].task_id == "Demo/1"
    run = faulty.provenance()
    assert (run["server"]["slots"], run["server"]["in_flight"], run["server"]["placement"]) == (2, 2, ["-t", "2"])
    assert run["servers"] == [
        {"build": "faulty", "slots": 4, "context": 4096, "placement": [], "completions": 5},
        {"build": "faulty", "slots": 2, "context": 4096, "placement": ["-t", "2"], "completions": 1},
    ]
    assert again[0].server["in_flight"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("granted", "slots", "widest"), [(4, 3, 3), (2, 3, 2), (4, 1, 1)])
def test_requests_in_flight(faulty: Bench, granted: int, slots: int, widest: int) -> None:
    """So many requests are in flight as the profile has slots, but never more than the server granted."""
    (faulty.root / "slots").write_text(str(granted))
    faulty.plan({"sleep": 0.3})
    faulty.generate(f"slots = {slots}")
    assert faulty.widest() == widest


@pytest.mark.slow
def test_pauses_grow(faulty: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new try waits twice as long as the one before it."""
    monkeypatch.setattr("bench.generate.http.PAUSE", 0.1)
    faulty.plan(500, 500, 500, {})
    faulty.generate(retries=3)
    began = [at for sign, at in faulty.flights() if sign == "+"][:4]
    assert all(later - earlier >= 0.1 * 2**i for i, (earlier, later) in enumerate(pairwise(began)))


def test_a_changed_problem_is_requested_again(faulty: Bench) -> None:
    """A dataset in which one prompt changed asks for that problem alone."""
    faulty.generate()
    path = faulty.root / "humaneval.jsonl"
    path.write_text(path.read_text().replace("Return 3.", "Return three."))
    assert [c.task_id for c in faulty.generate()[6:]] == ["Demo/3"]


def test_a_file_that_args_name(faulty: Bench) -> None:
    """The content of a chat template that `args` name counts: another one asks again, the old one finds its answers."""
    template = faulty.root / "template.jinja"
    args = f'args = ["--chat-template-file", "{template}"]'
    template.write_text("one")
    faulty.generate(args)
    template.touch()
    assert len(faulty.generate(args)) == 6
    template.write_text("two!")
    assert len(faulty.generate(args)) == 12
    template.write_text("one")
    faulty.generate(args)
    assert faulty.count("asked") == 12


def test_a_ladder_of_limits(faulty: Bench) -> None:
    """Everything is asked with the first limit, and what that truncated with the next; what has ended stays."""
    cut = {"finish": "length"}
    faulty.plan({}, cut, {}, cut, {}, {}, cut, {}, {})
    done = faulty.generate("max_tokens = [50, 100, 200]")
    tries = [(c.task_id, c.max_tokens, c.outcome) for c in done]
    assert tries[:6] == [(f"Demo/{i}", 50, "truncated" if i in (1, 3) else "stop") for i in range(6)]
    assert tries[6:] == [("Demo/1", 100, "truncated"), ("Demo/3", 100, "stop"), ("Demo/1", 200, "stop")]
    assert {c.continued for c in done} == {0}
    assert len(faulty.generate("max_tokens = [50, 100, 200]")) == len(faulty.generate("max_tokens = 200")) == 9
    assert faulty.provenance()["totals"]["outcomes"] == {"stop": 6}


def test_a_ladder_and_what_stays_truncated(faulty: Bench) -> None:
    """What the last limit truncates is truncated, what fails is asked once, and early cuts do not alarm the canary."""
    faulty.plan(*[{"finish": "length"}] * 6, {"finish": "length"}, 400, {})
    assert len(faulty.generate("max_tokens = [50, 100]")) == 12
    assert faulty.provenance()["totals"]["outcomes"] == {"error": 1, "stop": 4, "truncated": 1}


def test_a_truncated_answer_is_continued(faulty: Bench) -> None:
    """Where the chat template leaves a begun answer open, the next limit goes on with it, and says so."""
    (faulty.root / "continues").touch()
    faulty.plan({"only": "f0()", "fault": {"content": "```python\ndef f0():\n", "finish": "length"}})
    faulty.generate("max_tokens = 50")
    faulty.plan({"content": "    return 0\n```"})
    done = faulty.generate("max_tokens = [50, 120]")
    assert (done[-1].task_id, done[-1].answer) == ("Demo/0", "```python\ndef f0():\n    return 0\n```")
    assert (done[-1].continued, done[-1].completion_tokens, done[-1].max_tokens) == (50, 57, 120)
    sent = faulty.last_request()
    assert (sent["messages"][-1], sent["max_tokens"]) == (
        {"role": "assistant", "content": "```python\ndef f0():\n"},
        70,
    )
