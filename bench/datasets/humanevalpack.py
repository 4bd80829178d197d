"""HumanEvalPack, JavaScript: HumanEval's functions in another language, with tests of assertions.

Node runs main.js, which reads the nonce, runs the solution and its tests as one script, and writes the nonce if every
assertion of the tests has run and held. So a solution cannot pass by an early exit or by skipping tests.
"""

import re

from bench.datasets.declared import PROGRAMS
from bench.datasets.problem import NONCE, Problem, Suite
from bench.datasets.rows import Row, row_by_row
from bench.errors import DatasetError

INSTRUCTION = (
    "Please provide a self-contained JavaScript script that solves the following problem in a markdown code block:"
)
FILES = ("main.js", "solution.js", "tests.js")
COMMAND = ("node", "main.js")

REQUIRED = re.compile(r"""\brequire\(\s*['"](?:node:)?([^'"]+)['"]\s*\)""")
NODE = {"assert", "buffer", "crypto", "events", "fs", "os", "path", "querystring", "stream", "url", "util", "zlib"}
"""Modules of Node that references may use."""

MAIN = """\
"use strict";
const fs = require("fs"), vm = require("vm"), { writeSync } = fs, { exit } = process;
const nonce = fs.readFileSync(0, "utf8");
fs.closeSync(0);
fs.openSync("/dev/null");
const tests = fs.readFileSync("tests.js", "utf8"), solution = fs.readFileSync("solution.js", "utf8");
const wanted = tests.split("console.assert(").length - 1;
let ran = 0, failed = "";
const check = (holds, ...words) => {
  ran += 1;
  if (!holds) {
    failed = failed || `assertion ${ran} does not hold ${words.join(" ")}`;
    throw new Error(failed);
  }
};
process.stdout.write = process.stderr.write = () => true;
const fix = (owner, name, value) => Object.defineProperty(owner, name, { value, writable: false, configurable: false });
fix(console, "assert", check);
fix(globalThis, "console", console);
// What the tests compare with. A text of its own would make all values the same.
for (const [name, value] of Object.entries({ JSON, Math, Object, Array })) fix(globalThis, name, Object.freeze(value));
for (const kind of [Object, Array, Number, String, Boolean]) fix(kind.prototype, "toJSON", undefined);
Object.assign(globalThis, { require, module: { exports: {} }, exports: {} });
try {
  vm.runInThisContext(solution + "\\n;\\n" + tests, { filename: "solution.js" });
} catch (error) {
  failed = failed || `${error}` || "an error without words";
}
if (!failed && ran < wanted) failed = `${ran} of ${wanted} assertions ran`;
if (failed) writeSync(2, failed);
else writeSync(1, nonce);
exit(failed ? 1 : 0);
"""


def _problem(row: Row) -> Problem:
    task_id, prompt, tests = row.text("task_id"), row.text("prompt"), row.text("test")
    if not task_id.startswith("JavaScript/"):
        raise DatasetError(f"{row.place} is no JavaScript ({task_id[:40]}); only that language can be run.")
    if "console.assert(" not in tests:
        raise DatasetError(f"{row.place} has a test without console.assert; download the file again.")
    reference = (row.text("declaration", "") or prompt) + row.text("canonical_solution")
    needed = sorted(set(REQUIRED.findall(reference)) - NODE)
    return Problem(
        task_id=task_id,
        prompt=prompt,
        message=f"{INSTRUCTION}\n```javascript\n{prompt.strip()}\n```",
        target="source",
        reference=reference,
        suites=(Suite("tests", [[NONCE]], [NONCE]),),
        preamble=MAIN,
        harness=tests,
        scheme="command",
        files=FILES,
        command=COMMAND,
        programs=PROGRAMS["humanevalpack"],
        restricted=False,
        own_tests=True,
        left_out=f"its reference needs {', '.join(needed)}, which Node has not" if needed else "",
        place=row.place,
    )


problems = row_by_row(_problem)
