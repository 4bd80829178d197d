"""An answer → its code, in time linear in its length.

    answer ─▶ without thoughts ─▶ cleaned ─▶ spans with the entry point ─▶ longest ─▶ reduced to what it reaches
                                                 │ none, or a stub
                                                 ├─▶ a body that continues the prompt
                                                 ├─▶ the same in a repaired reading of the text
                                                 └─▶ the longest span of other Python, as it is

The code is that of EvalPlus 0.3.1's sanitizer for an ordinary answer (imports, and the first definitions that the entry
point reaches), so that scores compare with published ones. Where the sanitizer would choose code that cannot pass,
because it is a stub or lacks the entry point or a helper, code elsewhere in the answer is used.
"""

import re
import threading
import warnings
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import NamedTuple

from bench.extract import reduce
from bench.extract.chunks import Part
from bench.extract.clean import cleaned, repaired
from bench.extract.fences import Fence, dedented, fences
from bench.extract.span import Span, Text
from bench.extract.thoughts import Thoughts, opens_thought, split_thoughts

__all__ = ["Extraction", "Thoughts", "extract_code", "normalized", "opens_thought", "split_thoughts"]

ANY_PYTHON = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def |class |import |from |for |while |\w+(?:, *\w+)*[ \t]*=[^=])", re.MULTILINE
)
MAX_SPANS = 1000
"""Spans that are compared; an answer with more of them is repetitive."""
MAX_BODY, MAX_FENCES = 50_000, 20
"""Characters of an answer, and fences in it, that are tried as the body of a function."""
_quiet = threading.Lock()


class Extraction(NamedTuple):
    """Code, and the rule of its extraction (`none` where there is no code)."""

    code: str
    rule: str


NOTHING = Extraction("", "none")


def extract_code(answer: str, entry_point: str, prompt: str = "") -> Extraction:
    """The code in `answer` that defines `entry_point`; never raises.

    A completion may continue the `prompt`. Rules: `plain` (the answer is code), `fence`, `text` (code between prose),
    `continuation` (prompt and answer together), `other` (Python that does not define the entry point), `none`.
    """
    text = readable(answer)
    # An invalid escape in a string is a warning, which -W error would turn into a syntax error.
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extraction = _find_code(text, entry_point, normalized(prompt))
        if extraction.rule in ("other", "none") and len(text) <= MAX_BODY:
            readings = (_find_code(dedented(other), entry_point, normalized(prompt)) for other in repaired(text))
            extraction = next((reading for reading in readings if reading.rule not in ("other", "none")), extraction)
    return extraction


def readable(answer: str) -> str:
    """An answer without its thoughts and the marks of chat templates, its fenced code at the left margin."""
    return dedented(cleaned(split_thoughts(normalized(answer)).answer))


def normalized(text: str) -> str:
    """`text` as valid Python source: line ends become newlines, NUL and a byte order mark are dropped.

    Half a surrogate pair becomes the replacement character.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _defines(entry_point: str) -> str:
    """A pattern for the beginning of a definition of the entry point."""
    name = re.escape(entry_point)
    return rf"(?:(?:async[ \t]+def|def|class)[ \t]+{name}\b|{name}[ \t]*[:=])"


def _find_code(text: str, entry_point: str, prompt: str) -> Extraction:
    blocks, source, stub = fences(text), Text(text), NOTHING
    # An entry point inside a class or an `if` is the second choice, as EvalPlus keeps it only if there is no other.
    for indent in ("", "[ \t]+"):
        best = _best(source.spans(re.compile(rf"^{indent}{_defines(entry_point)}", re.MULTILINE)), entry_point)
        if best:
            code = reduce.reachable(best.parts, entry_point) or best.source.strip()
            code = reduce.completed(code, partial(_other_parts, source, best))
            stub = Extraction(code, _rule(best, text, blocks))
            if reduce.quality(best.parts, entry_point):
                return stub
            break
    for body in [text[block.start : block.end] for block in blocks[:MAX_FENCES]] or [text]:
        defined = stub.code and re.search(rf"^{_defines(entry_point)}", body, re.MULTILINE)
        code = _continue_prompt(prompt, body, entry_point) if prompt and not defined else ""
        if code:
            return Extraction(code, "continuation")
    if stub.code:
        return stub
    other = _best(source.spans(ANY_PYTHON), entry_point)
    return Extraction(other.source.strip(), "other") if other else NOTHING


def _best(candidates: Iterable[Span], entry_point: str) -> Span | None:
    """The span that implements the entry point best; of several, the longest, then the first. Bounded by MAX_SPANS."""
    best, best_score = None, (0, 0)
    for candidate in islice(candidates, MAX_SPANS):
        score = reduce.quality(candidate.parts, entry_point), candidate.size
        if score > best_score:
            best, best_score = candidate, score
    return best


def _other_parts(source: Text, best: Span) -> list[Part]:
    """The Python in an answer outside of the chosen span."""
    spans = islice(source.spans(ANY_PYTHON), MAX_SPANS)
    return [part for span in spans if span.start != best.start for part in span.parts]


def _rule(span: Span, text: str, blocks: list[Fence]) -> str:
    if any(block.start <= span.start < block.end for block in blocks):
        return "fence"
    return "plain" if span.source.strip() == text.strip() else "text"


def _continue_prompt(prompt: str, body: str, entry_point: str) -> str:
    """The prompt with `body` as the rest of its function, indented if necessary; "" where that does not return."""
    head = prompt.rstrip() + "\n"
    defined = re.compile(rf"^(?:async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", re.MULTILINE)
    body = body[:MAX_BODY].strip("\n")
    if not body.strip() or not defined.search(head):
        return ""
    first_line, _, rest = body.partition("\n")
    indented = re.sub(r"^(?=.)", "    ", body, flags=re.MULTILINE)
    for variant in (body, f"    {first_line.lstrip()}\n{rest}", indented):
        best = _best(Text(f"{head}{variant}\n").spans(defined), entry_point)
        if best and reduce.returns(best.parts, entry_point):
            return reduce.reachable(best.parts, entry_point)
    return ""
