"""The modules that a program imports beside the standard library."""

import ast
import re
import sys

from bench.datasets import literals

IMPORT = re.compile(r"(?:^|;)[ \t]*(?:from[ \t]+([\w.]+)|import[ \t]+([\w., \t]+))", re.MULTILINE)


def foreign(source: str) -> set[str]:
    """The modules beside the standard library that `source` imports; none where it does not parse."""
    # The search takes a fiftieth of the time of parsing; it finds every import, and sometimes a word of prose.
    clauses = [module or names for module, names in IMPORT.findall(source)]
    candidates = {name for clause in clauses for name in re.split(r"[ \t]*,[ \t]*", clause)}
    if {name.split(" ")[0].partition(".")[0] for name in candidates} <= sys.stdlib_module_names:
        return set()
    try:
        tree = literals.parse(source)
    except SyntaxError:
        return set()
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


def left_out_reason(modules: set[str]) -> str:
    """The reason to leave out a reference with these modules, "" where there is none: the sandbox has only NumPy."""
    missing = modules - {"numpy"}
    return f"its reference needs {', '.join(sorted(missing))}, which the sandbox has not" if missing else ""
