"""Assertions as tests whose expected values stay outside: `assert f(1) == 2` is the call f(1), compared with 2.

What is no comparison with a literal is kept as it is, and runs beside the solution (`own_tests`).
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bench.datasets import literals
from bench.datasets.problem import NONCE, Suite

ENTRY = "_bench_entry"
VALUES = """
def _bench_list(node):
    found = []
    while node is not None and len(found) < 100_000:
        found.append(node.val)
        node = node.next
    return found

def _bench_tree(node):
    found, level = [], [node]
    while level and len(found) < 100_000:
        found += [one if one is None else one.val for one in level]
        level = [child for one in level if one is not None for child in (one.left, one.right)]
    while found and found[-1] is None:
        found.pop()
    return found
"""
"""What a linked list or a tree holds, as the lists that LeetCode writes them in."""

BUILDERS = {"list_node", "tree_node"}
SAME = {"is_same_list": "_bench_list", "is_same_tree": "_bench_tree"}


@dataclass
class Tests:
    """Tests gathered from assertions: the variants of the call, and for each test its variant, arguments and value."""

    function: str
    order: tuple[str, ...] = ()
    target: str = ""
    setup: list[str] = field(default_factory=list)
    variants: dict[str, int] = field(default_factory=dict)
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    own_tests: bool = False

    @property
    def harness(self) -> str:
        """The code that makes the entry point, which takes the number of a variant and its arguments."""
        calls = "".join(f"    {variant},\n" for variant in self.variants)
        nodes = VALUES if "_bench_" in calls else ""
        setup = "".join(f"{line}\n" for line in self.setup)
        entry = f"def {ENTRY}(call, *values):\n    return _bench_calls[call](*values)\n"
        return f"{setup}{nodes}\n_bench_calls = [\n{calls}]\n{entry}"

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a problem with these tests."""
        suites = (Suite("tests", self.inputs, self.outputs),)
        return {"suites": suites, "harness": self.harness, "own_tests": self.own_tests}

    def add(self, statement: ast.Assert) -> None:
        """Take one assertion."""
        test = statement.test
        match test:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
                found = self._compared(left, right)
            case ast.Call(func=ast.Name(id=same), args=[left, right]) if same in SAME:
                found = self._same(SAME[same], left, right)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                found = self._compared(ast.Call(ast.Name("bool"), [operand], []), ast.Constant(value=False))
            case ast.Call(func=ast.Name(id=name)) if name == self.function:
                found = self._compared(ast.Call(ast.Name("bool"), [test], []), ast.Constant(value=True))
            case _:
                found = None
        if found is None:
            self.own_tests = True
            found = *self._call(test, proof=True), NONCE
        variant, arguments, output = found
        self.inputs.append([self.variants.setdefault(variant, len(self.variants)), *arguments])
        self.outputs.append(output)

    def _compared(self, left: ast.expr, right: ast.expr) -> tuple[str, list[Any], Any] | None:
        try:
            output = literals.value(right)
        except ValueError:
            return None
        return (*self._call(left), output)

    def _same(self, values: str, left: ast.expr, right: ast.expr) -> tuple[str, list[Any], Any] | None:
        match right:
            case ast.Call(func=ast.Name(id=name), args=[literal]) if name in BUILDERS:
                output = literals.value(literal)
            case _:
                output = literals.value(right) or []
        while output and values == "_bench_tree" and output[-1] is None:
            output = output[:-1]
        return (*self._call(ast.Call(ast.Name(values), [left], [])), output)

    def _call(self, expression: ast.expr, *, proof: bool = False) -> tuple[str, list[Any]]:
        """A function of the expression's arguments, and these; with `proof` it returns the nonce if that holds."""
        calls = _Calls(self)
        text = ast.unparse(ast.fix_missing_locations(calls.visit(expression)))
        names = [f"v{n}" for n in range(len(calls.arguments))]
        if proof:
            return f"lambda {', '.join([*names, 'nonce'])}: nonce if {text} else False", [*calls.arguments, NONCE]
        return f"lambda {', '.join(names)}: {text}", calls.arguments


class _Calls(ast.NodeTransformer):
    """Takes the literal arguments out of the calls of the function, and gives the call its name in the sandbox."""

    def __init__(self, tests: Tests) -> None:
        self.tests, self.arguments = tests, []  # type: ignore[var-annotated]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A call of the function, with its keywords in the order of the function's own parameters."""
        if not (isinstance(node.func, ast.Name) and node.func.id == self.tests.function):
            return self.generic_visit(node)
        named = {word.arg: word.value for word in node.keywords if word.arg}
        given = [*node.args, *(named.pop(name) for name in self.tests.order[len(node.args) :] if name in named)]
        words = [ast.keyword(name, self._argument(value)) for name, value in named.items()]
        function = ast.parse(self.tests.target or self.tests.function, mode="eval").body
        return ast.Call(function, [self._argument(one) for one in given], words)

    def _argument(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILDERS and node.args:
            return ast.Call(node.func, [self._argument(node.args[0])], [])
        try:
            self.arguments.append(literals.value(node))
        except ValueError:
            return self.visit(node)  # type: ignore[no-any-return]
        return ast.Name(f"v{len(self.arguments) - 1}")


def gather(statements: Iterable[ast.stmt], tests: Tests) -> Tests:
    """All assertions among `statements`; others are the setup of all of them, and then run beside the solution."""
    for statement in statements:
        if isinstance(statement, ast.Assert):
            tests.add(statement)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            tests.setup.append(ast.unparse(statement))
        else:
            tests.own_tests = True
            number = len(tests.variants)
            tests.variants[f"_bench_block_{number}"] = number
            body = "\n".join(f"    {line}" for line in ast.unparse(statement).splitlines())
            tests.setup.append(f"def _bench_block_{number}(nonce):\n{body}\n    return nonce")
            tests.inputs.append([number, NONCE])
            tests.outputs.append(NONCE)
    return tests
