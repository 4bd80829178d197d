"""The judge of one suite: its outputs as they come, and the end of the run, make one result.

Bytes that equal the expected ones are only compared, here. From the first difference on, a separate process
(readers.py) reads the sample's output, so that its cost, or a crash, affects that sample alone.
"""

from dataclasses import dataclass, field
from typing import Any

from bench.evaluate.comparison import Comparison
from bench.evaluate.readers import Finding, Reader, Readers, failed
from bench.records import Status
from bench.sandbox.instance import End

UNREADABLE = "comparing its output took more memory or time than it may"


@dataclass(frozen=True)
class SuiteResult:
    """The end of a suite; `failure` is the reason why it did not pass, `index` the test (None: before the first)."""

    status: Status
    index: int | None = None
    failure: dict[str, Any] | None = None


@dataclass
class Judge:
    """Judges one run of one suite; `cpu` are the CPU seconds of its reader."""

    comparison: Comparison
    readers: Readers
    reader: Reader | None = field(default=None, init=False)
    cpu: float = field(default=0.0, init=False)

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False where the verdict is final and the sample can be stopped."""
        if self.reader is None:
            if self.comparison.matches(data):
                return self.comparison.failure is None
            self.reader = self.readers.open(self.comparison)
        return self.reader.feed(data)

    def finish(self, end: End) -> SuiteResult:
        """The result, by the end of the run."""
        finding = Finding(self.comparison.index, self.comparison.failure)
        if self.reader:
            finding = self.reader.finding() or Finding(self.comparison.index, failed(UNREADABLE))
            self.cpu = finding.cpu
        return _result(finding, len(self.comparison.expected), end)


def _result(finding: Finding, tests: int, end: End) -> SuiteResult:
    if finding.failure is None and finding.index == tests:
        return SuiteResult("pass")
    # Records of passed tests may still have been in flight when the process ended.
    reached = finding.index if finding.failure is not None else max(finding.index, end.test)
    index = min(reached, tests - 1) if end.test >= 0 and tests else None
    if finding.failure is not None:
        return SuiteResult("fail", index, dict(finding.failure))
    if end.broken == "time":
        return SuiteResult("timeout", index, failed("test timed out"))
    if end.broken == "memory":
        return SuiteResult("fail", index, failed("used more memory than it may"))
    how = f"was ended by signal {end.signal}" if end.signal else "ended without a result"
    return SuiteResult("fail", index, failed(how))
