"""doit export: results in one zip file, to be graded again on another machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from doit import get_initial_workdir

from bench.commands import Command
from bench.console import counted, relative, size
from bench.errors import BenchError
from bench.files import write_atomic


class Export(Command):
    """One zip file that is a profile elsewhere: `solutions = "export.zip"`."""

    doc_purpose = "write results into one zip file, without paths and host names"
    doc_usage = "[PROFILE ...]"
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (
        {"name": "out", "short": "o", "long": "out", "default": "export.zip", "type": str, "help": "the file"},
        {"name": "answers", "long": "answers", "default": False, "type": bool, "help": "with answers and thoughts"},
    )

    def _execute(self, pos_args: list[str], out: str = "", answers: bool = False) -> int:  # noqa: FBT001, FBT002 - doit's
        self.out, self.answers = Path(get_initial_workdir() or "", out).expanduser(), answers
        return self.print_lines(self.lines(pos_args))

    def lines(self, names: list[str]) -> Iterator[str]:
        """The written files; without names, of all profiles that have a result."""
        from bench.report.bundle import bundle  # noqa: PLC0415 - heavy
        from bench.report.results import read_all  # noqa: PLC0415 - the same

        every = [result for result in read_all(self.declared, self.skipped, {}) if result.samples]
        for name in names:
            if name.startswith("-"):
                raise BenchError(f"{name} comes too late: options stand before the names of profiles.")
            if name not in {result.id for result in every}:
                raise BenchError(f"{name} has no result to export; doit eval:{name} makes one, doit list has all ids.")
        chosen = [result for result in every if result.id in names or not names]
        if not chosen:
            raise BenchError("There is no result to export yet; doit makes them.")
        data = bundle(self.declared, chosen, with_answers=self.answers)
        write_atomic(self.out, data)
        with_answers = "with" if self.answers else "without"
        yield f"{relative(self.out)}: {counted(len(chosen), 'result')}, {with_answers} answers, {size(len(data))}"
        if len({one.id for one in chosen}) > 1:
            yield f'Each is a profile elsewhere: solutions = "{self.out.name}/{chosen[0].id}"'
        else:
            yield f'It is a profile elsewhere: solutions = "{self.out.name}"'
