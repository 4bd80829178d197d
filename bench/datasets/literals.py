"""Values written as Python source, evaluated without running anything: literals, arithmetic on them, set(), inf, pi."""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
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
CALLS: dict[str, Callable[..., Any]] = {
    one.__name__: one
    for one in (
        abs, bool, chr, complex, dict, enumerate, float, frozenset, int, len, list, max, min, ord, range, reversed, set,
        sorted, str, sum, tuple, zip,
    )
}  # fmt: skip
NAMES = {"inf": math.inf, "nan": math.nan}
MOST = 1 << 25
"""Elements, characters or bits of a computed value; a power or a repetition beyond that is no literal."""


def value(source: str | ast.expr) -> Any:
    """The value of an expression. Raises ValueError where it is none of these, or too large."""
    try:
        if isinstance(source, str):
            (statement,) = parse(source.strip()).body
            source = statement.value if isinstance(statement, ast.Expr) else ast.Name("")
        return _value(source, NAMES)
    except (SyntaxError, TypeError, ArithmeticError, RecursionError, MemoryError, LookupError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def parse(source: str) -> ast.Module:
    """The tree of somebody's code; what Python only warns of there is theirs. Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.List() | ast.Tuple() | ast.Set():
            kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
            return kind([_value(one, names) for one in node.elts])
        case ast.Dict(keys=keys, values=values):
            return {_value(k, names): _value(v, names) for k, v in zip(keys, values, strict=True) if k is not None}
        case ast.UnaryOp(op=sign, operand=operand):
            return UNARY[type(sign)](_value(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            return BINARY[type(op)](*_bounded(op, _value(left, names), _value(right, names)))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return COMPARE[type(op)](_value(left, names), _value(right, names))
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _value(test, names) else other, names)
        case ast.Subscript(value=whole, slice=ast.Slice(lower=low, upper=high, step=step)):
            ends = (None if one is None else _value(one, names) for one in (low, high, step))
            return _value(whole, names)[slice(*ends)]
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            found = [_value(element, inner) for inner in _loops(node.generators, names)]
            return set(found) if isinstance(node, ast.SetComp) else found
        case ast.DictComp(key=key, value=item):
            return {_value(key, inner): _value(item, inner) for inner in _loops(node.generators, names)}
    return _called(node, names)


def _called(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in ("pi", "e", "inf", "nan", "tau"):
            return getattr(math, name)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in CALLS:
            found = CALLS[name](*(_bounded_range(name, [_value(one, names) for one in args])))
            return list(found) if isinstance(found, reversed | zip | enumerate) else found
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="join"), args=[parts]):
            return text.join(_value(parts, names))
    raise ValueError(f"{ast.unparse(node)[:60]} is no literal")


def _loops(generators: Sequence[ast.comprehension], names: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The names of each turn of a comprehension's loops; MOST turns at most."""
    if not generators:
        yield names
        return
    first, *rest = generators
    for item in islice(_value(first.iter, names), MOST):
        inner = {**names, **_bound(first.target, item)}
        if all(_value(condition, inner) for condition in first.ifs):
            yield from _loops(rest, inner)


def _bound(target: ast.expr, item: Any) -> dict[str, Any]:
    match target:
        case ast.Name(id=name):
            return {name: item}
        case ast.Tuple(elts=parts):
            return {
                name: one for part, value in zip(parts, item, strict=True) for name, one in _bound(part, value).items()
            }
    raise ValueError(f"{ast.unparse(target)} is no name")


def _bounded_range(name: str, arguments: list[Any]) -> list[Any]:
    if name == "range" and len(range(*arguments)) > MOST:
        raise ValueError("the range is too long")
    return arguments


def _bounded(op: ast.operator, left: Any, right: Any) -> tuple[Any, Any]:
    """Both operands, unless their result would be huge."""
    size = 0.0
    if isinstance(op, ast.LShift):
        size = abs(right)
    elif isinstance(op, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        size = left.bit_length() * abs(right)
    elif isinstance(op, ast.Mult):
        size = max(
            (len(one) * abs(other) for one, other in ((left, right), (right, left))
             if isinstance(one, list | tuple | str | bytes) and isinstance(other, int)), default=0,
        )  # fmt: skip
    if size > MOST:
        raise ValueError("the value is too large")
    return left, right
