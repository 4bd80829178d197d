"""Values written as Python source, evaluated without running anything: literals, arithmetic on them, set(), inf, pi."""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
    ast.BitXor: operator.xor, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.LShift: operator.lshift,
}  # fmt: skip
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Not: operator.not_, ast.Invert: operator.invert,
}  # fmt: skip
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip
SIZED = (list, tuple, set, frozenset, dict, str, bytes, range)
CALLS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        abs, bool, chr, complex, dict, enumerate, float, frozenset, int, len, list, max, min, ord, range, reversed, set,
        sorted, str, sum, tuple, zip,
    )
}  # fmt: skip
NODE_TYPES = (
    ast.Expr, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.comprehension, ast.Constant, ast.List,
    ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.Compare, ast.IfExp, ast.Subscript, ast.Slice, ast.Name,
    ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.Call,
)  # fmt: skip
"""The nodes that an expression may have beside names."""

NAMES = {"inf": math.inf, "nan": math.nan}
ITERATION = 8
"""Elements that count for one iteration of a comprehension."""
MAX_ELEMENTS = 1 << 25
"""Elements, characters and bits that the evaluation of one expression may create."""


def value(source: str | ast.expr) -> Any:
    """The value of an expression. Raises ValueError for any other expression, and for a value that is too large."""
    try:
        if isinstance(source, str):
            (statement,) = parse(source.strip()).body
            source = statement.value if isinstance(statement, ast.Expr) else ast.Name("")
        return _Evaluation().value(source, NAMES)
    except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError, LookupError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def is_literal(source: str) -> bool:
    """Whether a text has the form of a value; it is not evaluated, which a sandbox does."""
    try:
        (statement,) = parse(source.strip()).body
        nodes = list(ast.walk(statement))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    calls = [node.func for node in nodes if isinstance(node, ast.Call) and not node.keywords]
    known = {*NAMES, *(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))}
    functions = {id(call) for call in calls if isinstance(call, ast.Name) and call.id in CALLS}
    return isinstance(statement, ast.Expr) and all(
        isinstance(node, NODE_TYPES) if not isinstance(node, ast.Name) else node.id in known or id(node) in functions
        for node in nodes
    )


def parse(source: str) -> ast.Module:
    """The tree of a source, without Python's warnings. Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


class _Evaluation:
    """The evaluation of one expression; `remaining` is the number of elements that it may still create."""

    def __init__(self) -> None:
        self.remaining = MAX_ELEMENTS

    def spend(self, size: int) -> None:
        """Count elements. Raises ValueError where they are too many."""
        self.remaining -= size
        if self.remaining < 0:
            raise ValueError("the value is too large")

    def value(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        """The value of a node, with the values of `names`. Raises ValueError and Python's own errors."""
        match node:
            case ast.Constant():
                return node.value
            case ast.List() | ast.Tuple() | ast.Set():
                kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
                return kind([self.value(element, names) for element in node.elts])
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return {self.value(k, names): self.value(v, names) for k, v in pairs if k is not None}
            case ast.UnaryOp(op=sign, operand=operand):
                return UNARY[type(sign)](self.value(operand, names))
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(op, self.value(left, names), self.value(right, names))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return COMPARE[type(op)](self.value(left, names), self.value(right, names))
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.value(body if self.value(test, names) else other, names)
            case ast.Subscript(value=whole, slice=ast.Slice(lower=low, upper=high, step=step)):
                ends = (None if bound is None else self.value(bound, names) for bound in (low, high, step))
                return self._sized(self.value(whole, names)[slice(*ends)])
            case ast.Name(id=name) if name in names:
                return names[name]
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                items = [self.value(element, inner) for inner in self._loops(node.generators, names)]
                return set(items) if isinstance(node, ast.SetComp) else items
            case ast.DictComp(key=key, value=item):
                loops = self._loops(node.generators, names)
                return {self.value(key, inner): self.value(item, inner) for inner in loops}
        return self._call_value(node, names)

    def _call_value(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        match node:
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in ("pi", "e", "inf", "nan", "tau"):
                return getattr(math, name)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in CALLS:
                result = CALLS[name](*(self._sized(self.value(argument, names)) for argument in args))
                return list(result) if isinstance(result, reversed | zip | enumerate) else result
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="join"), args=[parts]):
                strings = self.value(parts, names)
                self.spend(sum(len(text) + len(part) for part in strings))
                return text.join(strings)
        raise ValueError(f"{ast.unparse(node)[:60]} is no literal")

    def _loops(self, generators: Sequence[ast.comprehension], names: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The values of names in each iteration of a comprehension's loops."""
        if not generators:
            yield names
            return
        first, *rest = generators
        for item in self.value(first.iter, names):
            self.spend(ITERATION)
            inner = {**names, **_bindings(first.target, item)}
            if all(self.value(condition, inner) for condition in first.ifs):
                yield from self._loops(rest, inner)

    def _binary(self, op: ast.operator, left: Any, right: Any) -> Any:
        sizes = [len(operand) if isinstance(operand, SIZED) else 0 for operand in (left, right)]
        if isinstance(op, ast.Mod) and isinstance(left, str | bytes):
            raise TypeError("a formatted text is no literal")
        if isinstance(op, ast.Pow | ast.LShift | ast.Mult) and isinstance(left, int) and isinstance(right, int):
            bits, times = left.bit_length(), abs(right)
            self.spend({ast.Pow: bits * times, ast.LShift: bits + times}.get(type(op), bits + times.bit_length()))
        elif isinstance(op, ast.Mult):
            self.spend(max(size * operand if size else 0 for size, operand in zip(sizes, (right, left), strict=True)))
        else:
            self.spend(sum(sizes))
        return BINARY[type(op)](left, right)

    def _sized(self, value: Any) -> Any:
        if isinstance(value, SIZED):
            self.spend(len(value))
        return value


def _bindings(target: ast.expr, item: Any) -> dict[str, Any]:
    match target:
        case ast.Name(id=name):
            return {name: item}
        case ast.Tuple(elts=parts):
            pairs = zip(parts, item, strict=True)
            return {name: bound for part, value in pairs for name, bound in _bindings(part, value).items()}
    raise ValueError(f"{ast.unparse(target)} is no name")
