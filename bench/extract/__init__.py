"""An answer → its code, in time linear in its length.

    answer ─▶ thoughts cut off ─▶ stretches that define the entry point ─▶ longest ─▶ reduced to what it reaches
                                       │ none
                                       ├─▶ a body that continues the prompt
                                       └─▶ the longest stretch of other Python, as it is

What comes out is what EvalPlus 0.3.1's sanitizer would give on an ordinary answer (imports, and the first definitions
that the entry point reaches), so that scores compare with published ones. Where the sanitizer would choose code that
cannot pass because it lacks the entry point, another place in the answer is taken.
"""

import re
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from bench.extract import reduce
from bench.extract.fences import Fence, dedented, fences
from bench.extract.stretch import Stretch, Text

VERSION = 1
"""Raise it when an answer may give other code than before; samples are then extracted again."""

TAGS = "think|thinking|thought|thoughts|reasoning"
OPENING = rf"(?:<(?:{TAGS})>|\[THINK\]|<\|channel\|>analysis<\|message\|>)"
OPENED = re.compile(rf"^[ \t]*{OPENING}", re.MULTILINE)
CLOSED = re.compile(rf"</(?:{TAGS})>|\[/THINK\]|<\|channel\|>final<\|message\|>")
OTHER = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def |class |import |from |for |while |\w+(?:, *\w+)*[ \t]*=[^=])", re.MULTILINE
)
TRIES = 1000
"""Stretches that are compared; an answer with more of them repeats itself."""
BODY, FENCES = 50_000, 20
"""Characters of an answer, and fences in it, that are tried as the body of a function; more of them is repetition."""
_quiet = threading.Lock()


@dataclass(frozen=True)
class Extraction:
    """Code, the rule that found it (`none` where there is no code), and the thoughts before it."""

    code: str
    rule: str
    reasoning: str = ""


@dataclass(frozen=True)
class Thoughts:
    """An answer without its thoughts; `closed` is false where it ends inside one, so that nothing follows.

    `before` is the part of the thoughts that ends in a closing tag without an opening one.
    """

    answer: str
    reasoning: str
    closed: bool
    before: str = ""


def extract_code(answer: str, entry_point: str, prompt: str = "") -> Extraction:
    """The code in `answer` that defines `entry_point`; never raises.

    `prompt` is what a completion would continue. Rules: `plain` (the answer is code), `fence`, `text` (code between
    prose), `continuation` (prompt and answer together), `thought` (there is code only before a closing tag that nothing
    opened), `other` (Python that does not define the entry point), `none`.
    """
    thoughts = split_thoughts(normalized(answer))
    text = dedented(thoughts.answer)
    if not thoughts.closed and not text.strip():
        return Extraction("", "none", thoughts.reasoning)
    # An invalid escape in a string is a warning, which -W error would turn into a syntax error.
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code, rule = _found(text, entry_point, normalized(prompt))
        # The tag may be a slip of a model that answered before it; EvalPlus reads on both sides.
        if rule in ("other", "none") and (earlier := _thought(dedented(thoughts.before), entry_point)):
            code, rule = earlier, "thought"
    return Extraction(code, rule, thoughts.reasoning)


def normalized(text: str) -> str:
    """`text` as Python reads it: newlines alone as line ends, and without what no source may hold.

    NUL and a byte order mark are dropped; half a surrogate pair becomes the replacement character.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def opens_thought(prompt: str) -> bool:
    """Whether a prompt, as its chat template has it, ends with the tag that opens a thought."""
    return re.search(rf"{OPENING}\s*\Z", prompt) is not None


def split_thoughts(text: str, *, inside: bool = False) -> Thoughts:
    """Cut thoughts off: those between tags, and all before a closing tag whose opening tag was in the prompt.

    `inside` says that it was, so that a text without a closing tag is a thought as a whole.
    """
    if inside and text.strip() and not CLOSED.search(text):
        return Thoughts("", text.strip(), closed=False)
    reasoning: list[str] = []
    kept: list[str] = []
    position, closed = 0, True
    while opening := OPENED.search(text, position):
        closing = CLOSED.search(text, opening.end())
        kept.append(text[position : opening.start()])
        reasoning.append(text[opening.end() : closing.start() if closing else len(text)])
        position = closing.end() if closing else len(text)
        closed = closing is not None
    kept.append(text[position:])
    rest = "".join(kept)
    orphan, before = None, ""
    for orphan in CLOSED.finditer(rest):  # noqa: B007 - the last one is wanted
        pass
    if orphan:
        before, rest = rest[: orphan.start()], rest[orphan.end() :]
        reasoning.insert(0, before)
    return Thoughts(rest, "\n".join(part.strip() for part in reasoning), closed, before)


def _thought(text: str, entry_point: str) -> str:
    """The code of the longest stretch in a thought where that defines the entry point, as EvalPlus has it; else ""."""
    longest = _longest(Text(text).stretches(OTHER))
    code = reduce.reachable(longest.parts, entry_point) if longest else ""
    return code if re.search(rf"^{_defines(entry_point)}", code, re.MULTILINE) else ""


def _defines(entry_point: str) -> str:
    """A pattern for the beginning of what may define the entry point."""
    name = re.escape(entry_point)
    return rf"(?:(?:async[ \t]+def|def|class)[ \t]+{name}\b|{name}[ \t]*[:=])"


def _found(text: str, entry_point: str, prompt: str) -> tuple[str, str]:
    blocks = fences(text)
    # An entry point inside a class or an `if` is the second choice: EvalPlus keeps it only where nothing else is left.
    source = Text(text)
    for indent in ("", "[ \t]+"):
        best = _longest(source.stretches(re.compile(rf"^{indent}{_defines(entry_point)}", re.MULTILINE)))
        if best:
            return reduce.reachable(best.parts, entry_point) or best.source.strip(), _rule(best, text, blocks)
    for body in [text[block.start : block.end] for block in blocks[:FENCES]] or [text]:
        code = _continued(prompt, body, entry_point) if prompt else ""
        if code:
            return code, "continuation"
    other = _longest(source.stretches(OTHER))
    return (other.source.strip(), "other") if other else ("", "none")


def _longest(candidates: Iterable[Stretch]) -> Stretch | None:
    """The first of the longest; one that was cut off or repeated is no better than the first try."""
    best, size = None, 0
    for candidate in islice(candidates, TRIES):
        if candidate.size > size:
            best, size = candidate, candidate.size
    return best


def _rule(stretch: Stretch, text: str, blocks: list[Fence]) -> str:
    if any(block.start <= stretch.start < block.end for block in blocks):
        return "fence"
    return "plain" if stretch.source.strip() == text.strip() else "text"


def _continued(prompt: str, body: str, entry_point: str) -> str:
    """The prompt with `body` as the rest of its function, indented if need be; "" where that does not return."""
    head = prompt.rstrip() + "\n"
    defined = re.compile(rf"^(?:async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", re.MULTILINE)
    body = body[:BODY].strip("\n")
    if not body.strip() or not defined.search(head):
        return ""
    first, _, rest = body.partition("\n")
    everywhere = re.sub(r"^(?=.)", "    ", body, flags=re.MULTILINE)
    for variant in (body, f"    {first.lstrip()}\n{rest}", everywhere):
        best = _longest(Text(f"{head}{variant}\n").stretches(defined))
        if best and reduce.returns(best.parts, entry_point):
            return reduce.reachable(best.parts, entry_point)
    return ""
