import pytest

from bench.generate.client import Answer
from bench.generate.completion import answered, outcome
from bench.generate.wanted import Wanted
from bench.problems import Problem
from bench.profiles import Profile, Sampling, Server

WANT = Wanted(Problem("Demo/0", "def f():\n", "f", "", [], [], 0), 0, "key", [], None)
PROFILE = Profile("m", "M", "", "", "m.gguf", (), False, (), (), Sampling(), Server())  # noqa: FBT003 - positions


@pytest.mark.parametrize(
    ("answer", "finish", "closed", "said"),
    [
        ("code", "stop", True, "stop"),
        ("code", "length", True, "truncated"),
        ("", "stop", True, "empty"),
        (" \n", "length", True, "empty"),
        ("", "stop", False, "truncated"),
    ],
)
def test_one_outcome(answer: str, finish: str, closed: bool, said: str) -> None:  # noqa: FBT001 - a table
    """No answer is `empty` even if it ran out of tokens; a cut, also inside a thought, is `truncated`."""
    assert outcome(answer, finish, closed=closed) == said


@pytest.mark.parametrize(
    ("content", "reasoning", "kept_answer", "kept_reasoning"),
    [
        ("code", "", "code", ""),
        ("code", "thought", "code", "thought"),
        ("<think>thought</think>code", "", "code", "thought"),
        ("thought</think>code", "", "code", "thought"),
        ("<think>thought", "", "", "thought"),
    ],
)
def test_thoughts_are_kept_apart(content: str, reasoning: str, kept_answer: str, kept_reasoning: str) -> None:
    """Thoughts are kept apart from the answer, whichever way they came, closed or not."""
    made = answered(WANT, PROFILE, Answer(content=[content], reasoning=[reasoning], finish_reason="stop"), 1.0, {})
    assert (made.answer, made.reasoning) == (kept_answer, kept_reasoning)
