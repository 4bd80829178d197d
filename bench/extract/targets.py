"""An answer → the program that is graded, by the target of its problem: a function, a program, a value or a source."""

import ast
import re

from bench.datasets import literals
from bench.datasets.cruxeval import program
from bench.datasets.problem import Problem
from bench.extract import NOTHING, Extraction, extract_code, readable
from bench.extract.fences import fenced
from bench.records import Completion, Sample, SampleInfo, lost

VALUE = re.compile(r"(?:answer|output|result|returns?|value|assert\b.*)[ \t]*(?:is|:|==?)[ \t]*(.+)$", re.IGNORECASE)
MAX_VALUE = 100_000
"""Characters of a value."""


def solution_of(answer: str, problem: Problem) -> Extraction:
    """The program in an answer, with the rule of its extraction; never raises."""
    if problem.target == "program":
        return whole_program(answer)
    if problem.target == "literal":
        return value(answer)
    if problem.target == "source":
        return source(answer)
    return extract_code(answer, problem.function, problem.prompt)


def sample_of(completion: Completion, problem: Problem, origin: str) -> Sample:
    """The sample in a completion; a truncated one may hold a whole function, a refused one holds nothing."""
    graded = completion.outcome in ("stop", "truncated", "looping")
    code, rule = solution_of(completion.answer, problem) if graded else NOTHING
    info = SampleInfo(
        task_id=problem.task_id,
        sample=completion.sample,
        rule=rule,
        lost=lost(completion.outcome, code),
        outcome=completion.outcome,
        completion_tokens=completion.completion_tokens,
        seconds=completion.seconds,
        origin=origin,
    )
    return Sample(info, code)


def whole_program(answer: str) -> Extraction:
    """The longest fenced block that is Python, else the whole text if it is Python."""
    text = readable(answer)
    blocks = fenced(text)
    for rule, candidates in (("fence", sorted(blocks, key=len, reverse=True)), ("plain", [text])):
        code = next((text for text in candidates if text.strip() and parsed(text)), "")
        if code:
            return Extraction(code.strip(), rule)
    # A truncated or wrong block is graded unchanged: it fails with Python's own message.
    longest = max(blocks, key=len, default="").strip()
    return Extraction(longest, "fence" if longest else "none")


def source(answer: str) -> Extraction:
    """The longest fenced block in any language, else the whole text."""
    text = readable(answer)
    longest = max((block.strip() for block in fenced(text)), key=len, default="")
    return Extraction(longest or text.strip(), "fence" if longest else "plain")


def value(answer: str) -> Extraction:
    """The last line, or fenced block, that is a Python literal, as a program that returns it."""
    text = readable(answer)
    lines = [line.strip() for line in text.splitlines() if len(line) < MAX_VALUE]
    marked = [match[1] for line in lines if (match := VALUE.search(line))]
    for candidate in [text, *reversed(fenced(text)), *reversed(marked), *reversed(lines)]:
        bare = candidate.strip().strip("`").strip()
        for literal in (bare, bare.removesuffix(".")):
            if len(literal) <= MAX_VALUE and literals.is_literal(literal):
                return Extraction(program(literal), "literal")
    return NOTHING


def parsed(source: str) -> ast.Module | None:
    """The tree of a program, None where it is none."""
    try:
        return literals.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
