"""Python statements → those that an entry point needs, chosen as EvalPlus 0.3.1's sanitizer chooses.

Kept are, in this order: all imports at the left margin (`from __future__` excepted), then each first definition of a
name that the entry point reaches. Definitions are classes, functions with a `return` somewhere inside, and assignments.
What the sanitizer drops is dropped: decorated definitions, functions without `return`, `if` blocks, loops and calls at
the left margin. Some correct answers fail for that, here as in every published score.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.extract.chunks import Part

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """A statement that gives `name` a meaning; `uses` are all identifiers inside it."""

    name: str
    text: str
    uses: frozenset[str]


def reachable(parts: Iterable[Part], entry_point: str) -> str:
    """The imports, then the definitions that `entry_point` needs, a line end between them; "" where nothing is kept."""
    imports: list[str] = []
    definitions: dict[str, Definition] = {}
    for part in parts:
        lines = part.source.split("\n")
        for node in part.statements:
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__"):
                imports.append(_text(lines, node))
            elif (name := _defined(node)) and name not in definitions:
                definitions[name] = Definition(name, _text(lines, node), frozenset(_identifiers(node)))
    wanted = _closure(entry_point, definitions)
    return "\n".join([*imports, *(d.text for d in definitions.values() if d.name in wanted)]).strip()


def returns(parts: Iterable[Part], entry_point: str) -> bool:
    """Whether the function `entry_point` itself returns, rather than a function inside it."""
    found: list[ast.AST] = [node for part in parts for node in part.statements if _defined(node) == entry_point]
    while found:
        node = found.pop()
        if isinstance(node, ast.Return):
            return True
        inner = ast.iter_child_nodes(node)
        found += [child for child in inner if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
                  and not isinstance(child, Function | ast.ClassDef)]  # fmt: skip
    return False


def _defined(node: ast.stmt) -> str | None:
    """The name that the sanitizer files a statement under; None where it drops the statement.

    An assignment to anything but a name is filed under the name on its right side, if that is one.
    """
    if isinstance(node, ast.ClassDef):
        return None if node.decorator_list else node.name
    if isinstance(node, Function):
        kept = not node.decorator_list and any(isinstance(inner, ast.Return) for inner in ast.walk(node))
        return node.name if kept else None
    if isinstance(node, ast.Assign):
        sides = [node.targets[0], node.value] if len(node.targets) == 1 else node.targets[:1]
    elif isinstance(node, ast.AnnAssign):
        sides = [node.target, *([node.value] if node.value else [])]
    else:
        return None
    return next((side.id for side in sides if isinstance(side, ast.Name)), None)


def _closure(entry_point: str, definitions: dict[str, Definition]) -> set[str]:
    seen, queue = {entry_point}, [entry_point]
    while queue:
        definition = definitions.get(queue.pop())
        fresh = definition.uses - seen if definition else frozenset()
        seen |= fresh
        queue.extend(fresh)
    return seen


def _identifiers(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        for value in (getattr(inner, key, None) for key in ("id", "attr", "arg", "name", "asname", "rest")):
            if isinstance(value, str):
                yield from value.split(".")
        if isinstance(inner, ast.Global | ast.Nonlocal):
            yield from inner.names


def _text(lines: list[str], node: ast.stmt) -> str:
    """The source of one statement; columns of a syntax tree count bytes."""
    assert node.end_lineno is not None
    own = lines[node.lineno - 1 : node.end_lineno]
    own[-1] = own[-1].encode()[: node.end_col_offset].decode()
    own[0] = own[0].encode()[node.col_offset :].decode()
    return "\n".join(own)
