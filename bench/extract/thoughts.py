"""Thoughts in an answer: the table of tags that models put around them, and the separation of thoughts from an answer.

Generated and imported answers are separated by the same rules.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Tags:
    """The patterns with which a family of models opens and closes a thought.

    A `phrase` is ordinary English too: it opens a thought only at the beginning of an answer, and if its closing
    follows.
    """

    models: str
    opening: str
    closing: str
    phrase: bool = False


_WORD = (
    r"(?:think|thinking|thoughts?|reason|reasoning|reflection|scratchpad|analysis|planning|cot|chain_of_thought"
    r"|(?:internal_|inner_)?monologue|思考)"
)
_FINAL = r"<\|channel\|>[ ]?final[ ]?(?:<\|constrain\|>)?[^<\n]{0,40}<\|message\|>"
DETAILS = "</details>"
"""An HTML element with other uses, so that a closing tag without its opening ends no thought."""
TAGS = (
    Tags("DeepSeek, Qwen, GLM, MiniMax, …; with a prefix: Seed, LongCat",
         rf"<[ ]?(?:\w{{1,20}}[:_])?{_WORD}[ ]?>", rf"<[ ]?/(?:\w{{1,20}}[:_])?{_WORD}[ ]?>"),
    Tags("Mistral", rf"\[{_WORD}\]", rf"\[/{_WORD}\]"),
    Tags("Kimi", "◁think▷", "◁/think▷"),
    Tags("Cohere, OpenThinker, Solar, Apertus",
         rf"<\|(?:(?:begin_of_|start_of_|begin_|start_)?{_WORD}|{_WORD}_(?:start|begin)|inner_prefix)\|>",
         rf"<\|(?:(?:end_of_|end_|/){_WORD}|{_WORD}_end|inner_suffix)\|>|<\|begin\|>assistant<\|content\|>"),
    Tags("s1", r"<\|im_start\|>think\b", r"<\|im_start\|>answer\b"),
    Tags("Open WebUI's exports", r"<details type=.?.?reasoning\b[^>\n]{0,200}>", DETAILS),
    Tags("Gemma 3", r"<unused94>(?:thought\b)?", "<unused95>"),
    Tags("Gemma 4", r"<\|channel>[ ]?(?:thought|thinking|analysis)\b", r"<channel\|>(?:final\b)?"),
    Tags("GPT-OSS", r"<\|channel\|>[ ]?(?:analysis|commentary)[^<\n]{0,80}<\|message\|>", _FINAL),
    Tags("GPT-OSS, its marks not decoded", "analysis", r"(?-i:assistant\n?final)", phrase=True),
    Tags("Granite", r"Here(?: is|'s) my (?:thought process|thinking):", r"^Here(?: is|'s) my response:", phrase=True),
    Tags("Apriel", r"Here are my reasoning steps:", r"\[BEGIN FINAL RESPONSE\]", phrase=True),
    Tags("Ollama", r"Thinking\.\.\.[ \t]*\n", r"\.\.\.done thinking\.", phrase=True),
)  # fmt: skip
_LEAD = r"[ \t]*(?:(?:<\|[^|<>\n]{1,30}\|>|<s>|<bos>|assistant\b)[ \t]*)*"
"""Other marks of a chat template before an opening tag on its line."""


def _groups(patterns: dict[int, str]) -> str:
    return "|".join(f"(?P<m{number}>{pattern})" for number, pattern in patterns.items())


_FLAGS = re.MULTILINE | re.IGNORECASE
_OPENING = re.compile(
    rf"^{_LEAD}(?:{_groups({n: tags.opening for n, tags in enumerate(TAGS) if not tags.phrase})})", _FLAGS
)
_PHRASE = re.compile(rf"\s*{_LEAD}(?:{_groups({n: tags.opening for n, tags in enumerate(TAGS) if tags.phrase})})")
_IN_PROMPT = re.compile(rf"(?:{'|'.join(tags.opening for tags in TAGS if tags.opening != 'analysis')})\s*\Z", _FLAGS)
_CLOSINGS = [re.compile(tags.closing, _FLAGS) for tags in TAGS]
_ANY_CLOSING = re.compile("|".join(tags.closing for tags in TAGS if tags.closing != DETAILS), _FLAGS)
_CODE = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w|class[ \t]+\w|return\b|\w+[ \t]*=[ \t]*lambda\b)", re.MULTILINE
)
"""The beginning of an answer's code: a definition, or a body that continues the prompt."""


@dataclass(frozen=True)
class Thoughts:
    """An answer without its thoughts; `closed` is false where it ends inside a thought."""

    answer: str
    reasoning: str
    closed: bool


def opens_thought(prompt: str) -> bool:
    """Whether a prompt, rendered by its chat template, ends with the tag that opens a thought."""
    return _IN_PROMPT.search(prompt) is not None


def split_thoughts(text: str, *, inside: bool = False) -> Thoughts:
    """Separate thoughts: those between tags, and all before a closing tag whose opening was in the prompt.

    A closing tag without an opening may also be a slip after an answer: if there is code only before it, nothing is
    separated. `inside`: the prompt has opened a thought, so that a text without a closing tag is one thought.
    """
    if inside and text.strip() and not _ANY_CLOSING.search(text):
        return Thoughts("", text.strip(), closed=False)
    reasoning: list[str] = []
    answer_parts: list[str] = []
    position, closed = 0, True
    while opening := _next_opening(text, position):
        closing = _CLOSINGS[_tags_index(opening)].search(text, opening.end())
        answer_parts.append(text[position : opening.start()])
        reasoning.append(text[opening.end() : closing.start() if closing else len(text)])
        position = closing.end() if closing else len(text)
        closed = closing is not None
    answer_parts.append(text[position:])
    before, answer = _split_unopened("".join(answer_parts))
    return Thoughts(answer, "\n".join(part.strip() for part in [*before, *reasoning]), closed)


def _next_opening(text: str, position: int) -> re.Match[str] | None:
    """The next opening tag; an English phrase counts if its closing follows."""
    if not position and (phrase := _PHRASE.match(text)) and _CLOSINGS[_tags_index(phrase)].search(text, phrase.end()):
        return phrase
    return _OPENING.search(text, position)


def _tags_index(opening: re.Match[str]) -> int:
    """The index of the opening's tags in TAGS, which is in its group's name."""
    return next(int(name[1:]) for name, mark in opening.groupdict().items() if mark is not None)


def _split_unopened(text: str) -> tuple[list[str], str]:
    """The thoughts before closing tags without an opening, and the answer after them.

    The answer begins with the last piece between two such tags that has code, or without any code with the last piece.
    """
    closings = list(_ANY_CLOSING.finditer(text))
    if not closings:
        return [], text
    bounds = [0, *(edge for closing in closings for edge in closing.span()), len(text)]
    pieces = [text[bounds[index] : bounds[index + 1]] for index in range(0, len(bounds), 2)]
    first = next((index for index in range(len(pieces) - 1, -1, -1) if _CODE.search(pieces[index])), len(pieces) - 1)
    return pieces[:first], "\n".join(pieces[first:])
