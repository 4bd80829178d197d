"""The names of a run's files: the contract between the stages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

JOURNAL = "raw.jsonl"
SAMPLES = "samples.jsonl"
SAMPLE_INFO = "samples_info.jsonl"
RESULTS = "eval_results.json"
PROVENANCE = "run.json"
FAILURE = "failure.json"
SELFTESTS = "selftest.json"
IMPORT = "import"
"""The folder of a profile's imported solutions, beside those of its datasets."""

HISTORY = "history.jsonl"
LESSON = "NOTES_max_tokens.md"
PROMPTS = "_prompts.json"
RESERVED = ("REPORT.md", "report.html", "report.json", HISTORY, LESSON)
"""Names in the results folder that no profile may have."""


class Folder(Protocol):
    """A folder with files of fixed names."""

    @property
    def root(self) -> Path:
        """Its path."""


class File:
    """A file (or folder) of a fixed name in its owner's folder: the attribute is its path."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, folder: Folder, _: object) -> Path:
        return folder.root / self.name


@dataclass(frozen=True)
class Layout:
    """The files below one results directory."""

    root: Path

    report = File("REPORT.md")
    """The report that people read."""
    page = File("report.html")
    """The interactive report."""
    data = File("report.json")
    """The report for programs."""
    lesson = File(LESSON)
    """The lesson on a too small max_tokens, where the results folder has it."""
    share = File("share")
    """The folder of files to share."""
    database = File(".doit.json")
    """The database of doit."""
    cache = File(".cache")
    """The folder of files that can be computed again: ground truth, verdicts, the demo's model."""
    selftests = File(f".cache/{SELFTESTS}")
    """The results of the self-tests on this machine."""

    def folder(self, profile_id: str) -> Path:
        """All of one profile's files."""
        return self.root / profile_id

    def prompts(self, dataset: str) -> Path:
        """The prompts that an agent reads."""
        return self.root / f"{dataset}{PROMPTS}"

    def run(self, profile_id: str, dataset: str) -> "RunFiles":
        """The files of one profile on one dataset."""
        return RunFiles(self.folder(profile_id), dataset)

    def runs(self, name: str) -> Iterator["RunFiles"]:
        """The runs that have a file of that name, by profile and dataset, whether they are declared or not."""
        for path in sorted(self.root.glob(f"*/*/{name}")):
            run = RunFiles.around(path)
            # EvalPlus leaves results in a folder of solutions that it has graded.
            if not run.folder.name.startswith(".") and run.dataset != IMPORT:
                yield run


@dataclass(frozen=True)
class RunFiles:
    """The files of one profile, whose `folder` bears its id, on one dataset."""

    folder: Path
    dataset: str

    journal = File(JOURNAL)
    """Append-only, one completion a line."""
    samples = File(SAMPLES)
    """EvalPlus's sample format, in problem order."""
    sample_info = File(SAMPLE_INFO)
    """Per sample, in the order of samples.jsonl: outcome, extraction rule, tokens, origin."""
    results = File(RESULTS)
    """EvalPlus's result schema plus our `bench` block."""
    provenance = File(PROVENANCE)
    """The provenance of the completions."""
    failure = File(FAILURE)
    """The failure of a stage's last try; absent after success."""
    lock = File(".lock")
    """Locked by the running stage; its text stays where the stage was killed."""

    @classmethod
    def around(cls, file: Path) -> "RunFiles":
        """The files of the run that `file` belongs to, if any."""
        return cls(file.parent.parent, file.parent.name)

    @property
    def root(self) -> Path:
        """results/<profile>/<dataset>/."""
        return self.folder / self.dataset

    def log(self, name: str) -> Path:
        """A log for people: `server` of a profile, `codegen` and `evaluation` of each dataset."""
        return (self.folder if name == "server" else self.root) / f"{name}.log"
