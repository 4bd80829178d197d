from dataclasses import dataclass

import pytest

from bench.extract import extract_code, opens_thought, split_thoughts

CODE = "def add(a, b):\n    return a + b"
DRAFT = "A draft:\n```python\ndef add(a, b):\n    total = a\n    total -= b\n    return total\n```\nThat is wrong."
ANSWER = f"```python\n{CODE}\n```"


@dataclass(frozen=True)
class Family:
    """The text of an answer before, between and behind thought and answer, as a family of models writes it."""

    name: str
    before: str
    between: str
    after: str = ""


FAMILIES = [
    Family("DeepSeek, Qwen, GLM, MiniMax", "<think>\n", "\n</think>\n\n"),
    Family("capital letters", "<Think>\n", "\n</THINK>\n"),
    Family("other words", "<thinking>", "</thinking>\n"),
    Family("a thought and an answer in tags", "<reasoning>\n", "\n</reasoning>\n<answer>\n", "\n</answer>"),
    Family("Seed-OSS", "<seed:think>\n", "\n</seed:think>\n"),
    Family("LongCat", "<longcat_think>\n", "\n</longcat_think>\n"),
    Family("Mistral", "[THINK]\n", "[/THINK]\n"),
    Family("Kimi", "◁think▷\n", "\n◁/think▷\n"),
    Family("Cohere", "<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>", "<|END_RESPONSE|>"),
    Family("OpenThinker", "<|begin_of_thought|>\n", "\n<|end_of_thought|>\n<|begin_of_solution|>\n"),
    Family("Solar", "<|think|>", "<|end|><|begin|>assistant<|content|>"),
    Family("Apertus", "<|inner_prefix|>", "<|inner_suffix|>"),
    Family("Gemma 3", "<unused94>thought\n", "<unused95>"),
    Family("Gemma 4", "<|channel>thought\n", "<channel|>"),
    Family("GPT-OSS", "<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    Family("GPT-OSS with a header", "<|start|>assistant<|channel|>analysis<|message|>",
           "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>", "<|return|>"),
    Family("GPT-OSS, its marks not decoded", "analysis", "assistantfinal"),
    Family("s1", "<|im_start|>think\n", "\n<|im_start|>answer\n"),
    Family("a mark with spaces", "< think >\n", "\n< /think >\n"),
    *(Family(f"<{word}>", f"<{word}>\n", f"\n</{word}>\n")
      for word in ("reason", "analysis", "planning", "cot", "internal_monologue", "思考")),
    Family("Granite", "Here is my thought process:\n", "\nHere is my response:\n"),
    Family("Apriel", "Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n", "\n[END FINAL RESPONSE]"),
    Family("Ollama", "Thinking...\n", "\n...done thinking.\n\n"),
    Family("a chat template's marks before it", "<|im_start|>assistant\n<think>", "</think>"),
    Family("the same on one line", "<|assistant|><think>", "</think>"),
]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_families(family: Family) -> None:
    """A longer draft in the thought of any family never wins over the answer."""
    text = f"{family.before}{DRAFT}{family.between}{ANSWER}{family.after}"
    assert extract_code(text, "add").code == CODE
    assert DRAFT in split_thoughts(text).reasoning


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_an_opening_in_the_prompt(family: Family) -> None:
    """Where the opening mark was in the prompt, an answer begins behind the closing mark alone."""
    assert extract_code(f"{DRAFT}{family.between}{ANSWER}{family.after}", "add").code == CODE


@pytest.mark.parametrize(
    ("text", "answer", "reasoning", "closed"),
    [
        ("answer", "answer", "", True),
        ('<details type="reasoning" done="true">\na</details>\nb', "\nb", "a", True),
        ("a\n<details>\nb\n</details>\nc", "a\n<details>\nb\n</details>\nc", "", True),
        ("<think>a</think>b", "b", "a", True),
        ("<think>a</think>b\n<thinking>c</thinking>d", "b\nd", "a\nc", True),
        ("<think>a", "", "a", False),
        ("before\n<think>a", "before\n", "a", False),
        ("a</think>b", "b", "a", True),
        ("a</think>b</think>c", "c", "a\nb", True),
        ("say `<think>` when you think", "say `<think>` when you think", "", True),
        ("Thinking...\nabout nothing", "Thinking...\nabout nothing", "", True),
        ("analysis of the problem", "analysis of the problem", "", True),
        (f"{CODE}\n</think>", f"{CODE}\n\n", "", True),
        (f"a</think>{CODE}\n</think>Done.", f"{CODE}\n\nDone.", "a", True),
        ("draft </think>    return a", "    return a", "draft", True),
    ],
)
def test_thoughts(text: str, answer: str, reasoning: str, closed: bool) -> None:  # noqa: FBT001 - a table
    """Thoughts are kept apart; one that is not closed takes all that follows, a stray closing mark takes no code."""
    thoughts = split_thoughts(text)
    assert (thoughts.answer, thoughts.reasoning, thoughts.closed) == (answer, reasoning, closed)


@pytest.mark.parametrize("text", [f"{CODE}\n</think>", f"{CODE}\n</think>\nDone.", f"<think>x</think>{CODE}\n</think>"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_cut_answer_has_the_code_of_the_whole(text: str, inside: bool) -> None:  # noqa: FBT001 - a table
    """An answer whose thoughts are cut off when it is generated gives the same code as the whole text imported."""
    assert (
        extract_code(split_thoughts(text, inside=inside).answer, "add").code == extract_code(text, "add").code == CODE
    )


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [
        ("<|assistant|>\n<think>\n", True),
        ("<|start|>assistant<|channel|>analysis<|message|>", True),
        ("<|assistant|>\nHere are my reasoning steps:\n", True),
        ("<think>\n\n</think>\n\n", False),
        ("Give me an analysis", False),
        ("", False),
    ],
)
def test_opens_thought(prompt: str, opened: bool) -> None:  # noqa: FBT001 - a table
    """A prompt that ends with an opening mark has opened a thought."""
    assert opens_thought(prompt) is opened
