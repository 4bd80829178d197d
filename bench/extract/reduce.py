"""Python statements → those that an entry point needs, by the rules of EvalPlus 0.3.1's sanitizer.

Kept are, in this order: all imports at the left margin (except `from __future__`), then the first definition of each
name that the entry point reaches. Definitions are classes, functions with a `return` anywhere inside, and assignments.
Dropped are decorated definitions, functions without `return`, `if` blocks, loops and calls at the left margin. Some
correct answers fail because of that, as in every published score.
"""

import ast
import builtins
import symtable
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bench.extract.chunks import Part

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """A statement that defines `name`; `uses` are all identifiers in it."""

    name: str
    text: str
    uses: frozenset[str]
    stub: bool


def reachable(parts: Iterable[Part], entry_point: str) -> str:
    """The imports, then the definitions that `entry_point` needs, joined by newlines; "" where there are none."""
    imports: list[str] = []
    definitions: dict[str, Definition] = {}
    for part in parts:
        lines = part.source.split("\n")
        for node in part.statements:
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__"):
                imports.append(_text(lines, node))
            elif name := _defined(node):
                stub = _is_stub(node)
                if name not in definitions or (definitions[name].stub and not stub):
                    definitions[name] = Definition(name, _text(lines, node), frozenset(_identifiers(node)), stub)
    needed = _closure(entry_point, definitions)
    return "\n".join([*imports, *(d.text for d in definitions.values() if d.name in needed)]).strip()


def returns(parts: Iterable[Part], entry_point: str) -> bool:
    """Whether the function `entry_point` itself returns, rather than a function inside it."""
    nodes: list[ast.AST] = [node for part in parts for node in part.statements if _defined(node) == entry_point]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Return):
            return True
        inner = ast.iter_child_nodes(node)
        nodes += [child for child in inner if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
                  and not isinstance(child, Function | ast.ClassDef)]  # fmt: skip
    return False


def quality(parts: Iterable[Part], entry_point: str) -> int:
    """How well parts implement the entry point: 2 by a definition that is kept, 1 otherwise, 0 by stubs only."""
    nodes = [node for part in parts for node in part.statements]
    if any(_defined(node) == entry_point and not _is_stub(node) for node in nodes):
        return 2
    functions = [node for node in nodes if isinstance(node, Function) and node.name == entry_point]
    return 0 if functions and all(map(_is_stub, functions)) else 1


def _is_stub(node: ast.stmt) -> bool:
    """Whether a function is a stub: a docstring, `pass`, `...`, a raised error or a returned constant."""
    return isinstance(node, Function) and all(map(_is_idle, node.body))


def _is_idle(node: ast.stmt) -> bool:
    match node:
        case ast.Pass() | ast.Expr(ast.Constant()) | ast.Return(None | ast.Constant() | ast.List([]) | ast.Dict([])):
            return True
        case ast.Raise(ast.Name("NotImplementedError") | ast.Call(ast.Name("NotImplementedError"))):
            return True
    return False


def completed(code: str, others: Callable[[], Iterable[Part]]) -> str:
    """`code` with missing imports and definitions added from other parts of the answer.

    Only imports of the standard library and assignments without calls are added, as they cannot fail.
    """
    if not missing(code):
        return code
    available: dict[str, str] = {}
    for part in others():
        lines = part.source.split("\n")
        for node in part.statements:
            for name in _offers(node):
                available.setdefault(name, _text(lines, node))
    while texts := dict.fromkeys(available[name] for name in sorted(missing(code)) if name in available):
        code = "\n".join([*texts, code])
        available = {name: text for name, text in available.items() if text not in texts}
    return code


def _offers(node: ast.stmt) -> list[str]:
    """The names that a statement can define for code in which they are missing."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        roots = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        in_stdlib = all(root.split(".")[0] in sys.stdlib_module_names for root in roots)
        return [alias.asname or alias.name.split(".")[0] for alias in node.names] if in_stdlib else []
    if isinstance(node, ast.Assign | ast.AnnAssign) and any(isinstance(inner, ast.Call) for inner in ast.walk(node)):
        return []
    name = _defined(node)
    return [name] if name and not _is_stub(node) else []


def missing(code: str) -> set[str]:
    """The names that code uses, and that neither it nor Python defines."""
    try:
        table = symtable.symtable(code, "answer", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    used: set[str] = set()
    queue = [table]
    while queue:
        scope = queue.pop()
        queue += scope.get_children()
        used |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_referenced()
                 and (symbol.is_global() or scope is table)}  # fmt: skip
    assigned = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    return used - assigned - set(dir(builtins))


def _defined(node: ast.stmt) -> str | None:
    """The name that a statement defines for the sanitizer; None where it drops the statement.

    For an assignment to anything but a name, it is the name on the right side, if there is one.
    """
    if isinstance(node, ast.ClassDef):
        return None if node.decorator_list else node.name
    if isinstance(node, Function):
        returns_value = not node.decorator_list and any(isinstance(inner, ast.Return) for inner in ast.walk(node))
        return node.name if returns_value else None
    if isinstance(node, ast.Assign):
        sides = [node.targets[0], node.value] if len(node.targets) == 1 else node.targets[:1]
    elif isinstance(node, ast.AnnAssign):
        sides = [node.target, *([node.value] if node.value else [])]
    else:
        return None
    return next((side.id for side in sides if isinstance(side, ast.Name)), None)


def _closure(entry_point: str, definitions: dict[str, Definition]) -> set[str]:
    reached, queue = {entry_point}, [entry_point]
    while queue:
        definition = definitions.get(queue.pop())
        new_names = definition.uses - reached if definition else frozenset()
        reached |= new_names
        queue.extend(new_names)
    return reached


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
    source_lines = lines[node.lineno - 1 : node.end_lineno]
    source_lines[-1] = source_lines[-1].encode()[: node.end_col_offset].decode()
    source_lines[0] = source_lines[0].encode()[node.col_offset :].decode()
    return "\n".join(source_lines)
