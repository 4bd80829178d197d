"""The names of a run's files: the contract between the stages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Layout:
    """The files below one results directory."""

    root: Path

    @property
    def report(self) -> Path:
        """The report that people read."""
        return self.root / "REPORT.md"

    @property
    def page(self) -> Path:
        """The interactive report."""
        return self.root / "report.html"

    @property
    def data(self) -> Path:
        """The report for programs."""
        return self.root / "report.json"

    @property
    def lesson(self) -> Path:
        """The lesson on a too small max_tokens, where the results folder has it."""
        return self.root / LESSON

    @property
    def share(self) -> Path:
        """The folder of files to share."""
        return self.root / "share"

    @property
    def database(self) -> Path:
        """The database of doit."""
        return self.root / ".doit.json"

    @property
    def cache(self) -> Path:
        """The folder of files that can be computed again: ground truth, verdicts, the demo's model."""
        return self.root / ".cache"

    @property
    def selftests(self) -> Path:
        """The results of the self-tests on this machine."""
        return self.cache / SELFTESTS

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

    @classmethod
    def around(cls, file: Path) -> "RunFiles":
        """The files of the run that `file` belongs to, if any."""
        return cls(file.parent.parent, file.parent.name)

    @property
    def root(self) -> Path:
        """results/<profile>/<dataset>/."""
        return self.folder / self.dataset

    @property
    def journal(self) -> Path:
        """Append-only, one completion a line."""
        return self.root / JOURNAL

    @property
    def samples(self) -> Path:
        """EvalPlus's sample format, in problem order."""
        return self.root / SAMPLES

    @property
    def sample_info(self) -> Path:
        """Per sample, in the order of samples.jsonl: outcome, extraction rule, tokens, origin."""
        return self.root / SAMPLE_INFO

    @property
    def results(self) -> Path:
        """EvalPlus's result schema plus our `bench` block."""
        return self.root / RESULTS

    @property
    def provenance(self) -> Path:
        """The provenance of the completions."""
        return self.root / PROVENANCE

    @property
    def failure(self) -> Path:
        """The failure of a stage's last try; absent after success."""
        return self.root / FAILURE

    @property
    def lock(self) -> Path:
        """Locked by the running stage; its text stays where the stage was killed."""
        return self.root / ".lock"

    def log(self, name: str) -> Path:
        """A log for people: `server` of a profile, `codegen` and `evaluation` of each dataset."""
        return (self.folder if name == "server" else self.root) / f"{name}.log"
