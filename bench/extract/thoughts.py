"""Thoughts in an answer: one table of the marks that models put around them, and where an answer is cut.

The same cut is used for answers as they are generated and for imported ones.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Tags:
    """How a family of models opens and closes a thought: two patterns.

    A `phrase` is ordinary English, too. It opens a thought only as the beginning of an answer, and only where its
    closing follows.
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
"""An element of HTML that may also hold anything else, so that its end alone ends no thought."""
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
"""What may stand before an opening mark on its line: other marks of a chat template."""


def _groups(patterns: dict[int, str]) -> str:
    return "|".join(f"(?P<m{number}>{pattern})" for number, pattern in patterns.items())


_FLAGS = re.MULTILINE | re.IGNORECASE
_OPENING = re.compile(
    rf"^{_LEAD}(?:{_groups({n: tags.opening for n, tags in enumerate(TAGS) if not tags.phrase})})", _FLAGS
)
_PHRASE = re.compile(rf"\s*{_LEAD}(?:{_groups({n: tags.opening for n, tags in enumerate(TAGS) if tags.phrase})})")
_IN_PROMPT = re.compile(rf"(?:{'|'.join(tags.opening for tags in TAGS if tags.opening != 'analysis')})\s*\Z", _FLAGS)
_CLOSINGS = [re.compile(tags.closing, _FLAGS) for tags in TAGS]
_STRAY = re.compile("|".join(tags.closing for tags in TAGS if tags.closing != DETAILS), _FLAGS)
_CODE = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w|class[ \t]+\w|return\b|\w+[ \t]*=[ \t]*lambda\b)", re.MULTILINE
)
"""The beginning of what may be an answer's code: a definition, or a body that continues the prompt."""


@dataclass(frozen=True)
class Thoughts:
    """An answer without its thoughts; `closed` is false where it ends inside one, so that nothing follows."""

    answer: str
    reasoning: str
    closed: bool


def opens_thought(prompt: str) -> bool:
    """Whether a prompt, as its chat template has it, ends with the mark that opens a thought."""
    return _IN_PROMPT.search(prompt) is not None


def split_thoughts(text: str, *, inside: bool = False) -> Thoughts:
    """Cut thoughts off: those between marks, and all before a closing mark whose opening was in the prompt.

    A closing mark that nothing opened may be a slip of a model that has answered before it: where there is code on its
    left alone, nothing is cut off. `inside` says that the prompt opened a thought, so that a text without a closing
    mark is a thought as a whole.
    """
    if inside and text.strip() and not _STRAY.search(text):
        return Thoughts("", text.strip(), closed=False)
    reasoning: list[str] = []
    kept: list[str] = []
    position, closed = 0, True
    while opening := _opened(text, position):
        closing = _CLOSINGS[_number(opening)].search(text, opening.end())
        kept.append(text[position : opening.start()])
        reasoning.append(text[opening.end() : closing.start() if closing else len(text)])
        position = closing.end() if closing else len(text)
        closed = closing is not None
    kept.append(text[position:])
    before, answer = _without_stray("".join(kept))
    return Thoughts(answer, "\n".join(part.strip() for part in [*before, *reasoning]), closed)


def _opened(text: str, position: int) -> re.Match[str] | None:
    """The next opening mark; an English phrase counts where its closing follows."""
    if not position and (phrase := _PHRASE.match(text)) and _CLOSINGS[_number(phrase)].search(text, phrase.end()):
        return phrase
    return _OPENING.search(text, position)


def _number(opening: re.Match[str]) -> int:
    """Which mark was found; its group is called m and the mark's number."""
    return next(int(name[1:]) for name, found in opening.groupdict().items() if found is not None)


def _without_stray(text: str) -> tuple[list[str], str]:
    """The thoughts before closing marks that nothing opened, and the answer behind them.

    That is the last piece between two of them with code in it and all that follows; without any code, the last piece.
    """
    strays = list(_STRAY.finditer(text))
    if not strays:
        return [], text
    bounds = [0, *(edge for stray in strays for edge in stray.span()), len(text)]
    pieces = [text[bounds[at] : bounds[at + 1]] for at in range(0, len(bounds), 2)]
    first = next((at for at in range(len(pieces) - 1, -1, -1) if _CODE.search(pieces[at])), len(pieces) - 1)
    return pieces[:first], "\n".join(pieces[first:])
