"""The prompts of a dataset in one file, for an agent that can read files and nothing else."""

from pathlib import Path

from bench import datasets
from bench.files import write_json
from bench.profiles import Config


def write(config: Config, dataset_name: str) -> Path:
    """Write results/<dataset>_prompts.json, a list of task_id, prompt and entry_point in problem order; its path."""
    path = config.layout.prompts(dataset_name)
    rows = datasets.load(dataset_name).problems.values()
    write_json(path, [{"task_id": p.task_id, "prompt": p.prompt or p.message, "entry_point": p.function} for p in rows])
    return path
