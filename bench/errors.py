"""Every kind of error that a user can see; special kinds are defined where they are raised.

    BenchError                 one sentence: the value, the place, the remedy
    ├── ProfilesError          profiles.toml: syntax, an unknown key, a wrong type, an impossible value
    ├── DatasetError           a dataset file that is missing, damaged or incomplete
    ├── DownloadError          a model cannot be downloaded, or only in part
    ├── MissingPrerequisite    a model file, imported solutions or a program is not there (yet)
    ├── ServerError            llama-server did not start, died, hangs, or its port is taken
    ├── CanaryError            the first completions were all lost; generation of the profile stopped
    ├── JournalError           raw.jsonl cannot be read or written (a newer version, a full disk)
    ├── SamplesError           imported solutions or samples.jsonl are wrong or incomplete
    ├── SandboxError           no sandbox, or one that does not hold, or one that ended in the middle
    ├── GraderError            the grading of samples failed as a whole
    └── LockedError            another process works on the same results or runs a server

`doit` prints the sentence alone and exits with a code that is not 0; a traceback means a bug.
"""


class BenchError(Exception):
    """One sentence that a user can act on; `log` holds lines to show below it, if any."""

    def __init__(self, sentence: str, *, log: str = "") -> None:
        """Keep `sentence` and the log lines to print under it."""
        super().__init__(sentence)
        self.sentence = sentence
        self.log = log


class ProfilesError(BenchError):
    """profiles.toml is invalid."""


class DatasetError(BenchError):
    """A dataset file is missing, damaged or incomplete."""


class DownloadError(BenchError):
    """A model cannot be downloaded, or only in part."""


class MissingPrerequisite(BenchError):  # noqa: N818 - it is a state of the machine, skipped rather than failed
    """Something this profile needs is not on this machine (yet)."""


class ServerError(BenchError):
    """The model server did not start, died, hangs, or cannot get its port."""


class CanaryError(BenchError):
    """The first completions were all lost: empty, truncated, without code, refused or too late."""


class JournalError(BenchError):
    """The journal of completions cannot be read or written."""


class SamplesError(BenchError):
    """Imported solutions or samples are wrong or incomplete."""


class SandboxError(BenchError):
    """There is no sandbox, it does not hold, or it ended in the middle."""


class GraderError(BenchError):
    """Grading failed as a whole; no result was overwritten."""


class LockedError(BenchError):
    """Another process works on the same results, or runs a server on this machine."""
