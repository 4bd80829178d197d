"""Where a run leaves its files: the contract between the stages."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The files below one results directory."""

    root: Path

    @property
    def report(self) -> Path:
        """The report that people read."""
        return self.root / "REPORT.md"

    @property
    def lock(self) -> Path:
        """Held by whoever changes anything here."""
        return self.root / ".lock"

    @property
    def cache(self) -> Path:
        """What can be computed again: ground truth, verdicts, the demo's model."""
        return self.root / ".cache"

    def folder(self, profile_id: str) -> Path:
        """All of one profile's files."""
        return self.root / profile_id

    def prompts(self, dataset: str) -> Path:
        """The prompts that an agent reads."""
        return self.root / f"{dataset}_prompts.json"

    def run(self, profile_id: str, dataset: str) -> "RunFiles":
        """The files of one profile on one dataset."""
        return RunFiles(self.folder(profile_id), dataset)


@dataclass(frozen=True)
class RunFiles:
    """The files of one profile on one dataset."""

    profile: Path
    dataset: str

    @property
    def root(self) -> Path:
        """results/<profile>/<dataset>/."""
        return self.profile / self.dataset

    @property
    def journal(self) -> Path:
        """Append-only, one completion a line."""
        return self.root / "raw.jsonl"

    @property
    def samples(self) -> Path:
        """EvalPlus's sample format, in problem order."""
        return self.root / "samples.jsonl"

    @property
    def extraction(self) -> Path:
        """Per sample, in the order of samples.jsonl: outcome, rule that found the code, tokens, where it came from."""
        return self.root / "samples_info.jsonl"

    @property
    def results(self) -> Path:
        """EvalPlus's result schema plus our `bench` block."""
        return self.root / "eval_results.json"

    @property
    def provenance(self) -> Path:
        """run.json: what made the completions."""
        return self.root / "run.json"

    @property
    def failure(self) -> Path:
        """Why the last try of a stage failed; absent after success."""
        return self.root / "failure.json"

    def stamp(self, stage: str) -> Path:
        """What a stage's output was made from."""
        return self.root / ".stamps" / f"{stage}.json"

    def log(self, name: str) -> Path:
        """What a person reads when it went wrong: `server` of a profile, `codegen` and `evaluation` of each dataset."""
        return (self.profile if name == "server" else self.root) / f"{name}.log"
