"""Which modules a program imports that are not Python's own."""

import ast
import re
import sys

from bench.datasets import literals

IMPORT = re.compile(r"(?:^|;)[ \t]*(?:from[ \t]+([\w.]+)|import[ \t]+([\w., \t]+))", re.MULTILINE)


def foreign(source: str) -> set[str]:
    """The modules beside the standard library that `source` imports; none where it is no Python."""
    # Reading the text takes a fiftieth of parsing it, and finds every import and at times a word of prose.
    found = {one for module, names in IMPORT.findall(source) for one in re.split(r"[ \t]*,[ \t]*", module or names)}
    if {one.split(" ")[0].partition(".")[0] for one in found} <= sys.stdlib_module_names:
        return set()
    try:
        tree = literals.parse(source)
    except SyntaxError:
        return set()
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    return {one.partition(".")[0] for one in named} - sys.stdlib_module_names


def lacking(modules: set[str]) -> str:
    """Why a reference with these modules is left out: the sandbox has NumPy alone; "" where it lacks none."""
    lacks = modules - {"numpy"}
    return f"its reference needs {', '.join(sorted(lacks))}, which the sandbox has not" if lacks else ""
