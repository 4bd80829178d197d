"""What llama.cpp's own server says of prompts, and what is made of it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.datasets import Problem
from bench.demo.model import TEMPLATE, build_answers
from bench.demo.tokenizer import ASK
from bench.errors import ServerError
from bench.generate import context_check
from bench.generate.answer import Answer, Ending
from bench.generate.completion import completion_of
from bench.generate.journal import Journal
from bench.generate.requests import Request
from bench.generate.run import generate
from bench.profiles import Config, Profile
from bench.profiles.file import load
from bench.records import Completion
from bench.servers.start import serve

THINKING = TEMPLATE.replace(ASK, f"{ASK}<think>")
IF_IT_MAY = TEMPLATE + "{% if enable_thinking is undefined or enable_thinking %}<think>{% endif %}"
DRAFT = "I try this:\n```python\ndef f0():\n    return 0\n```\nbut no, "
Make = Callable[..., Config]


@pytest.fixture
def make(tmp_path: Path, tiny_problems: object) -> Make:
    """Makes a profile `m` on six tiny problems whose model says `answer` to all of them."""
    pytest.importorskip("xllamacpp", reason="no llama.cpp server on this machine: pip install xllamacpp")
    (tmp_path / "models").mkdir()

    def made(answer: str = "No.", *, args: Sequence[str] = (), max_tokens: int = 100, reasoning: str = "") -> Config:
        model = tmp_path / "models" / "m.gguf"
        model.unlink(missing_ok=True)
        build_answers(model, [("<think>", answer)], default=answer)
        (tmp_path / "profiles.toml").write_text(
            '[profiles.m]\nmodel = "m.gguf"\ndatasets = ["demo"]\ncontext = 600\ncanary = false\n'
            f'max_tokens = {max_tokens}\nargs = {json.dumps(args)}\nplacement = ["-t", "1"]\n'
            f'reasoning = "{reasoning}"\n'
            'server = { kind = "process" }\n'
        )
        return load(tmp_path / "profiles.toml")

    return made


def generated(config: Config) -> list[Completion]:
    """Generate, and all that the journal then holds."""
    generate(config.profiles[0], config, "demo")
    return Journal(config.layout.run("m", "demo").journal).completions


def requests(*prompts: str) -> list[Request]:
    """Requests that hold these prompts."""
    return [
        Request(Problem(prompt, prompt, "f", "", ()), 0, prompt, [{"role": "user", "content": prompt}], None)
        for prompt in prompts
    ]


def test_a_slot_that_is_too_small(make: Make) -> None:
    """Where prompt and max_tokens do not fit into a slot, nothing is asked, and the sentence has all three numbers."""
    config = make(max_tokens=590)
    error = r"^m: a slot holds \d+ tokens, but prompt \(\d+\) and max_tokens \(590\) need \d+; raise context or lower"
    with pytest.raises(ServerError, match=error):
        generate(config.profiles[0], config, "demo")
    assert Journal(config.layout.run("m", "demo").journal).completions == []


def test_characters_are_not_tokens(make: Make, tmp_path: Path) -> None:
    """The prompt with the most characters need not have the most tokens: the longest few are measured."""
    config = make()
    profile = config.profiles[0]
    spaces, unbroken = " " * 160 + "x", "y" * 150
    with serve(profile, config, config.model_path(profile), tmp_path / "server.log") as endpoint:
        prompts = context_check.check(profile, endpoint, requests(spaces, unbroken))
        assert prompts.longest == context_check.check(profile, endpoint, requests(unbroken)).longest
        assert prompts.longest > context_check.check(profile, endpoint, requests(spaces)).longest
        assert not prompts.in_thought


NONE = ["--reasoning-format", "none"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "args", "outcome", "kept", "thought"),
    [
        (DRAFT * 10, NONE, "truncated", "", "I try this:"),
        (DRAFT * 10, [], "truncated", "", "I try this:"),
        (DRAFT, NONE, "truncated", "", "I try this:"),
        ("Hm.</think>code", NONE, "stop", "code", "Hm."),
        ("</think>code", NONE, "stop", "code", ""),
        ("", NONE, "empty", "", ""),
    ],
)
def test_a_thought_that_the_prompt_opened(
    make: Make, answer: str, args: list[str], outcome: str, kept: str, thought: str
) -> None:
    """Where the template opens the thought, what comes before a closing tag is one, and a draft in it is no answer."""
    (done, *_) = generated(make(answer, args=["--chat-template", THINKING, *args]))
    assert (done.outcome, done.answer) == (outcome, kept)
    assert done.reasoning.startswith(thought)


@pytest.mark.slow
@pytest.mark.parametrize("template", [TEMPLATE, IF_IT_MAY])
def test_an_answer_where_no_thought_was_opened(make: Make, template: str) -> None:
    """Where the template opens no thought, or was told not to, a cut answer is an answer as far as it came."""
    (done, *_) = generated(make(DRAFT * 10, args=["--chat-template", template, *NONE], reasoning="off"))
    assert (done.outcome, done.reasoning) == ("truncated", "")
    assert done.answer.startswith("I try this:")


def test_a_server_that_parts_thoughts(make: Make) -> None:
    """What a server that keeps thoughts apart says after none of them, up to its end, is an answer."""
    profile = Profile("m", title="M", model="m.gguf")
    (request,) = requests("p")
    answer = Answer("code", finish_reason="stop")
    assert completion_of(request, profile, answer, 1.0, {}, think=True).answer == "code"
    assert (
        completion_of(
            request, replace(profile, args=("--reasoning-format", "none")), answer, 1.0, {}, think=True
        ).answer
        == ""
    )
    separated = replace(answer, reasoning="Hm.", ending=Ending.CUT)
    assert completion_of(request, profile, separated, 1.0, {}, think=True).answer == "code"
