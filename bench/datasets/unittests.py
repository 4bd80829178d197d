"""Unit tests that run in the solution's process: a test is a call by name, which returns the run's nonce or raises.

unittest is loaded before the solution, and its classes are compared afterwards, so a patched framework, an early return
or sys.exit(0) passes no test. A solution that searches its own process for this harness could still forge a result:
datasets of this kind are marked `own_tests`.
"""

import ast
from typing import Any

from bench.datasets import literals
from bench.datasets.problem import NONCE, Suite

ENTRY = "_bench_test"

PREAMBLE = """\
import unittest as _bench_unittest
def _bench_parts(kinds=(_bench_unittest.TestCase, _bench_unittest.TestSuite, _bench_unittest.TestResult)):
    return [dict(vars(kind)) for kind in kinds]
_bench_before = _bench_parts()
"""

HARNESS = """
def _bench_test(name, nonce, unittest=_bench_unittest, before=_bench_before, parts=_bench_parts, known=globals()):
    kind, _, method = name.rpartition(".")
    if not kind:
        known[name]()
        return nonce
    result = unittest.TestResult()
    unittest.TestSuite([known[kind](method)]).run(result)
    if parts() != before:
        raise RuntimeError("unittest was changed by the solution")
    trouble = [text for _, text in result.failures + result.errors]
    if trouble or result.unexpectedSuccesses:
        raise AssertionError((trouble or ["unexpected success"])[0].strip().splitlines()[-1][:300])
    # A test that its module skips counts as passed, one that the solution ends by a SkipTest does not.
    skipped = any(getattr(one, "__unittest_skip__", False) for one in (known[kind], getattr(known[kind], method)))
    if (result.testsRun != 1 or result.skipped) and not skipped:
        raise AssertionError(name + " did not run")
    return nonce
"""


def fields(source: str, tests: list[str]) -> dict[str, Any]:
    """The fields of a problem with these tests of a module."""
    suites = (Suite("tests", [[name, NONCE] for name in tests], [NONCE] * len(tests)),)
    return {"suites": suites, "preamble": PREAMBLE, "harness": f"{source}\n{HARNESS}"}


def names(source: str) -> list[str]:
    """The tests of a module, as Class.method, in the order in which unittest sorts them. Raises SyntaxError."""
    tests = []
    for node in literals.parse(source).body:
        if isinstance(node, ast.ClassDef):
            methods = {method.name for method in node.body if isinstance(method, ast.FunctionDef)}
            tests += [f"{node.name}.{method}" for method in sorted(methods) if method.startswith("test")]
    return tests


def functions(source: str) -> list[str]:
    """The test functions of a module, as pytest names them. Raises SyntaxError, also for one that takes arguments."""
    tests = []
    for node in literals.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            if len(node.args.posonlyargs + node.args.args) > len(node.args.defaults):
                raise SyntaxError(f"{node.name} takes arguments, and there is no pytest", ("", node.lineno, 0, ""))
            tests.append(node.name)
    return tests
