"""Commands of doit beside the graph: why, doctor, compare, selftest, prompts, lint.

pyproject.toml registers them, for a clone and for an installed package.
"""

import sys
from collections.abc import Iterator
from typing import Any, ClassVar

from doit.cmd_base import DoitCmdBase

from bench.errors import BenchError
from bench.interrupts import Stopped, watch_output
from bench.profiles import Config, Profile
from bench.text import plain

watch_output()  # for doit's help, which loads all commands and no graph


class Command(DoitCmdBase):  # type: ignore[misc] # doit is untyped
    """A command that reads profiles.toml and prints lines; a user's error is one sentence and exit code 1."""

    doc_usage = ""
    doc_description = None
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = ()

    def _execute(self, pos_args: list[str]) -> int:
        return self.print_lines(self.lines(pos_args))

    def lines(self, names: list[str]) -> Iterator[str]:
        """The output, line by line as it comes; `names` are the command's arguments."""
        raise NotImplementedError

    @property
    def declared(self) -> Config:
        """The Config that dodo.py has read from profiles.toml. Raises BenchError where it is another project's."""
        config = self.loader.namespace.get("CONFIG")
        if not isinstance(config, Config):
            raise BenchError(f"doit {self.name} is for bench's dodo.py; name it with -f, or go to its folder.")
        return config

    def profile(self, profile_id: str) -> Profile:
        """A profile by its id. Raises BenchError where there is none."""
        try:
            return self.declared.profile(profile_id)
        except KeyError:
            raise BenchError(f'There is no profile "{plain(profile_id)}"; doit list has them.') from None

    @property
    def skipped(self) -> dict[str, str]:
        """The profiles that cannot run here, with the reasons."""
        return dict(self.loader.namespace["SKIPPED"])

    def print_lines(self, lines: Iterator[str]) -> int:
        """Print the lines; doit's exit code."""
        try:
            for text in lines:
                print(text, flush=True)
        except BenchError as error:
            print("\n".join(filter(None, [error.sentence, error.log])), file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            raise Stopped from None
        return 0
