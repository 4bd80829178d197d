"""A step of the graph: one stage of one profile on one dataset.

A step knows its reasons to run (stale.py), runs the stage's own code, and records its stamp or its failure.
"""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from doit.exceptions import TaskFailed

from bench.console import shown, warn
from bench.errors import BenchError, MissingPrerequisite
from bench.files import write_json
from bench.graph import stale
from bench.interrupts import Stopped
from bench.layout import RunFiles
from bench.profiles import Config, Profile


@dataclass(frozen=True, repr=False)
class Step:
    """One stage of one profile on one dataset."""

    config: Config
    profile: Profile
    dataset: str
    stage: ClassVar[str] = ""

    def __repr__(self) -> str:
        """As `doit info` shows it."""
        return f"{self.stage} of {self.label}"

    @property
    def files(self) -> RunFiles:
        """Where this profile's files for this dataset are."""
        return self.config.layout.run(self.profile.id, self.dataset)

    @property
    def label(self) -> str:
        """The profile's id, with the dataset where it has several."""
        several = len(self.profile.sampling.datasets) > 1
        return f"{self.profile.id}:{self.dataset}" if several else self.profile.id

    def depends(self) -> dict[str, Any]:
        """What the outputs are made from, as named JSON scalars."""
        raise NotImplementedError

    def outputs(self) -> tuple[Path, ...]:
        """The files that this step writes."""
        raise NotImplementedError

    def run(self) -> None:
        """Do the work. Raises BenchError."""
        raise NotImplementedError

    def reasons(self) -> tuple[stale.Reason, ...]:
        """Why this step would run; empty where it is up to date."""
        try:
            return stale.reasons(self.files.stamp(self.stage), self.depends(), self.outputs())
        except MissingPrerequisite as error:
            return (stale.Reason("prerequisite", error.sentence),)

    def make(self) -> TaskFailed | None:
        """Run, then record the stamp, or the failure for the report."""
        try:
            depends = self.depends()
        except MissingPrerequisite as error:
            # Nothing has begun: what is there stands, and the report says by itself what is missing.
            return self._told(error)
        try:
            stale.begin(self.files.stamp(self.stage), depends)
            self.run()
            if depends.get("dataset", "") is None:
                # It has been downloaded meanwhile.
                depends = self.depends()
        except BenchError as error:
            return self._failed(error)
        except (KeyboardInterrupt, Stopped):
            warn(f"\n{self.stage} {self.label} stopped; the next doit goes on from here.")
            raise Stopped from None
        stale.mark(self.files.stamp(self.stage), depends, self.outputs())
        self.files.failure.unlink(missing_ok=True)
        return None

    def clean(self) -> None:
        """Remove what this step wrote, so that it runs again."""
        for path in (*self.outputs(), self.files.stamp(self.stage), self.files.failure):
            if path.exists():
                path.unlink()
                print(f"clean     {shown(path)}")

    def _failed(self, error: BenchError) -> TaskFailed:
        with contextlib.suppress(BenchError):
            record = {"stage": self.stage, "sentence": error.sentence, "at": time.strftime("%Y-%m-%d %H:%M")}
            # What is not there yet is skipped in the report, as it is where that is seen before anything begins.
            write_json(self.files.failure, record | {"missing": isinstance(error, MissingPrerequisite)})
        return self._told(error)

    def _told(self, error: BenchError) -> TaskFailed:
        sentence = error.sentence if self.profile.id in error.sentence else f"{self.profile.id}: {error.sentence}"
        return TaskFailed("\n".join(filter(None, [sentence, error.log])))
