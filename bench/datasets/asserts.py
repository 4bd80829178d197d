"""Assertions as tests whose expected values stay outside the sandbox: `assert f(1) == 2` is f(1), compared with 2.

Other assertions than a comparison with a literal run unchanged in the solution's process (`own_tests`).
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
"""Converters of a linked list and a tree to LeetCode's notation as a list."""

CONSTRUCTORS = {"list_node", "tree_node"}
CONVERTERS = {"is_same_list": "_bench_list", "is_same_tree": "_bench_tree"}


@dataclass
class Tests:
    """Tests from assertions: the variants of the call, and for each test its variant, arguments and expected value."""

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
        """The code of the entry point, which takes the number of a variant and its arguments."""
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
        """Add one assertion."""
        test = statement.test
        match test:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
                case = self._equality(left, right)
            case ast.Call(func=ast.Name(id=function), args=[left, right]) if function in CONVERTERS:
                case = self._same_nodes(CONVERTERS[function], left, right)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                case = self._equality(ast.Call(ast.Name("bool"), [operand], []), ast.Constant(value=False))
            case ast.Call(func=ast.Name(id=name)) if name == self.function:
                case = self._equality(ast.Call(ast.Name("bool"), [test], []), ast.Constant(value=True))
            case _:
                case = None
        if case is None:
            self.own_tests = True
            case = *self._call(test, nonce_if_true=True), NONCE
        variant, arguments, output = case
        self.inputs.append([self.variants.setdefault(variant, len(self.variants)), *arguments])
        self.outputs.append(output)

    def _equality(self, left: ast.expr, right: ast.expr) -> tuple[str, list[Any], Any] | None:
        try:
            output = literals.value(right)
        except ValueError:
            return None
        return (*self._call(left), output)

    def _same_nodes(self, values: str, left: ast.expr, right: ast.expr) -> tuple[str, list[Any], Any] | None:
        match right:
            case ast.Call(func=ast.Name(id=name), args=[literal]) if name in CONSTRUCTORS:
                output = literals.value(literal)
            case _:
                output = literals.value(right) or []
        while output and values == "_bench_tree" and output[-1] is None:
            output = output[:-1]
        return (*self._call(ast.Call(ast.Name(values), [left], [])), output)

    def _call(self, expression: ast.expr, *, nonce_if_true: bool = False) -> tuple[str, list[Any]]:
        """A function of the expression's arguments, and these; with `nonce_if_true` it returns the nonce or False."""
        calls = _Calls(self)
        text = ast.unparse(ast.fix_missing_locations(calls.visit(expression)))
        names = [f"v{n}" for n in range(len(calls.arguments))]
        if nonce_if_true:
            return f"lambda {', '.join([*names, 'nonce'])}: nonce if {text} else False", [*calls.arguments, NONCE]
        return f"lambda {', '.join(names)}: {text}", calls.arguments


class _Calls(ast.NodeTransformer):
    """In calls of the function, replaces literal arguments by parameters, and the function by its sandbox name."""

    def __init__(self, tests: Tests) -> None:
        self.tests, self.arguments = tests, []  # type: ignore[var-annotated]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A call of the function, with its keywords in the order of the function's own parameters."""
        if not (isinstance(node.func, ast.Name) and node.func.id == self.tests.function):
            return self.generic_visit(node)
        by_name = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        ordered = self.tests.order[len(node.args) :]
        positional = [*node.args, *(by_name.pop(name) for name in ordered if name in by_name)]
        keywords = [ast.keyword(name, self._argument(value)) for name, value in by_name.items()]
        function = ast.parse(self.tests.target or self.tests.function, mode="eval").body
        return ast.Call(function, [self._argument(argument) for argument in positional], keywords)

    def _argument(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[nodes, *_]) if name in CONSTRUCTORS:
                return ast.Call(node.func, [self._argument(nodes)], [])
        try:
            self.arguments.append(literals.value(node))
        except ValueError:
            return self.visit(node)  # type: ignore[no-any-return]
        return ast.Name(f"v{len(self.arguments) - 1}")


def gather(statements: Iterable[ast.stmt], tests: Tests) -> Tests:
    """The tests of `statements`: assertions, and all other statements as blocks in the solution's process."""
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
