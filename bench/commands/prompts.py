"""doit prompts: the problems, for solvers elsewhere."""

from collections.abc import Iterator

from bench.commands import Command
from bench.console import relative


class Prompts(Command):
    """A file of prompts for every dataset that a profile names."""

    doc_purpose = "write results/<dataset>_prompts.json for solvers elsewhere"

    def lines(self, names: list[str]) -> Iterator[str]:  # noqa: ARG002 - it writes all
        """Each file when it is written."""
        from bench.imports.prompts import write  # noqa: PLC0415 - only here

        for name in self.declared.datasets:
            yield relative(write(self.declared, name))
