"""doit compare A B: two profiles side by side."""

from collections.abc import Iterator
from typing import Any, ClassVar

from bench.commands import Command
from bench.errors import BenchError


class Compare(Command):
    """Two profiles on the datasets that both have."""

    doc_purpose = "two profiles side by side, on the terminal"
    doc_usage = "PROFILE PROFILE"
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = tuple(
        {
            "name": name,
            "short": name,
            "long": f"profile-{name}",
            "default": "",
            "type": str,
            "help": f"{ordinal} profile",
        }
        for name, ordinal in (("a", "the first"), ("b", "the second"))
    )

    def _execute(self, pos_args: list[str], a: str = "", b: str = "") -> int:
        return self.print_lines(self.lines([*filter(None, (a, b)), *pos_args]))

    def lines(self, names: list[str]) -> Iterator[str]:
        """The comparison on each dataset that is graded for both."""
        from bench.report import compare  # noqa: PLC0415 - heavy

        if len(names) != 2:
            raise BenchError("compare takes two profiles: doit compare <profile> <profile>; doit list has them.")
        a, b = names
        first, second = (self.profile(name).sampling.datasets for name in names)
        common = [dataset for dataset in first if dataset in second]
        if not common:
            raise BenchError(f"{a} and {b} have no dataset in common; give one of them the other's in datasets.")
        run = self.declared.layout.run
        graded = [name for name in common if run(a, name).results.exists() and run(b, name).results.exists()]
        yield "\n\n".join(compare.side_by_side(self.declared, a, b, dataset) for dataset in graded or common)
