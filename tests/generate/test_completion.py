import pytest

from bench.datasets import Problem
from bench.generate.answer import Answer, Ending
from bench.generate.completion import completion_of, outcome
from bench.generate.requests import Request
from bench.profiles import Profile

REQUEST = Request(Problem("Demo/0", "def f():\n", "f", "", ()), 0, "key", [], None)
PROFILE = Profile("m", title="M", model="m.gguf")


@pytest.mark.parametrize(
    ("answer", "ending", "closed", "expected"),
    [
        ("code", Ending.ENDED, True, "stop"),
        ("code", Ending.CUT, True, "truncated"),
        ("code", Ending.CUT_BY_SERVER, True, "truncated"),
        ("", Ending.ENDED, True, "empty"),
        (" \n", Ending.CUT, True, "empty"),
        ("", Ending.ENDED, False, "truncated"),
        ("code", Ending.REFUSED, True, "error"),
        ("code", Ending.BROKEN, True, "error"),
        ("code", Ending.HUNG, True, "timeout"),
        ("code", Ending.LATE, True, "timeout"),
    ],
)
def test_one_outcome(answer: str, ending: Ending, closed: bool, expected: str) -> None:  # noqa: FBT001 - a table
    """No answer is `empty` even if it ran out of tokens; a cut, also inside a thought, is `truncated`."""
    assert outcome(answer, ending, closed=closed) == expected


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
def test_thoughts_are_separated(content: str, reasoning: str, kept_answer: str, kept_reasoning: str) -> None:
    """Thoughts are kept apart from the answer, whichever way they came, closed or not."""
    made = completion_of(REQUEST, PROFILE, Answer(content, reasoning, finish_reason="stop"), 1.0, {})
    assert (made.answer, made.reasoning) == (kept_answer, kept_reasoning)
