"""doit prompts: the problems, for solvers elsewhere, such as an agent that can read files and nothing else."""

from collections.abc import Iterator
from pathlib import Path

from bench import datasets
from bench.commands import Command
from bench.console import relative
from bench.files import write_json
from bench.profiles import Config


class Prompts(Command):
    """A file of prompts for every dataset that a profile names."""

    doc_purpose = "write results/<dataset>_prompts.json for solvers elsewhere"

    def lines(self, names: list[str]) -> Iterator[str]:  # noqa: ARG002 - it writes all
        """Each file when it is written."""
        named = [dataset for profile in self.declared.profiles for dataset in profile.sampling.datasets]
        for name in dict.fromkeys(named):
            yield relative(write(self.declared, name))


def write(config: Config, dataset_name: str) -> Path:
    """Write results/<dataset>_prompts.json, a list of task_id, prompt and entry_point in problem order; its path."""
    path = config.layout.prompts(dataset_name)
    rows = datasets.load(dataset_name).problems.values()
    write_json(path, [{"task_id": p.task_id, "prompt": p.prompt or p.message, "entry_point": p.function} for p in rows])
    return path
