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
            "help": f"the {ordinal} profile",
        }
        for name, ordinal in (("a", "first"), ("b", "second"))
    )

    def _execute(self, pos_args: list[str], a: str = "", b: str = "") -> int:
        return self.print_lines(self.lines([*filter(None, (a, b)), *pos_args]))

    def lines(self, names: list[str]) -> Iterator[str]:
        """The comparison on each dataset that is graded for both."""
        from bench.report import compare  # noqa: PLC0415 - heavy

        known = {profile.id: profile for profile in self.declared.profiles}
        if len(names) != 2:
            raise BenchError("compare takes two profiles: doit compare <profile> <profile>; doit list has them.")
        for name in names:
            if name not in known:
                raise BenchError(f'There is no profile "{name}"; doit list has them.')
        a, b = names
        common = [dataset for dataset in known[a].sampling.datasets if dataset in known[b].sampling.datasets]
        if not common:
            raise BenchError(f"{a} and {b} have no dataset in common; give one of them the other's in datasets.")
        files = {dataset: [self.declared.layout.run(name, dataset).results for name in names] for dataset in common}
        graded = [dataset for dataset in common if all(path.exists() for path in files[dataset])]
        yield "\n\n".join(compare.side_by_side(self.declared, a, b, dataset) for dataset in graded or common)
