"""raw.jsonl: every completion, one a line, never rewritten.

A line is written by one append and synced before the next answer counts. A truncated last line (kill -9, power cut) is
ignored by readers and removed when a generation begins, which requests that completion again. A last line that lacks
only its newline counts. Of the lines before it, only damaged ones are lost.
"""

from dataclasses import dataclass
from pathlib import Path

from bench import jsonl
from bench.errors import JournalError
from bench.records import Completion

VERSION = 1


@dataclass(frozen=True)
class JournalEntry:
    """A completion and its line in the journal, from 1."""

    completion: Completion
    line: int


class Journal:
    """The entries of one file.

    `truncated_bytes` is the length of a truncated last line; `damaged` has a sentence for each other line that is no
    completion.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises JournalError where it cannot be read, or a newer version wrote it."""
        self.path = path
        self.entries: list[JournalEntry] = []
        self.damaged: list[str] = []
        self.truncated_bytes = 0
        data = _bytes(path)
        self._size, self._number = len(data), data.count(b"\n") + (data[-1:] not in (b"\n", b""))
        lines = list(jsonl.parse(data, Completion))
        if lines and lines[-1].broken:
            self.truncated_bytes = self._size - lines[-1].start
            self._number = lines.pop().number - 1
        for line in lines:
            if (line.record.v if line.record else _version(data, line.start)) > VERSION:
                raise JournalError(
                    f"{path}, line {line.number} was written by a newer version of this program; update this one, or "
                    "move the file away."
                )
            if line.record is None:
                self.damaged.append(f"{path}, line {line.number} is not a completion ({line.error}); it is left out.")
            else:
                self.entries.append(JournalEntry(line.record, line.number))

    @property
    def completions(self) -> list[Completion]:
        """All completions, in the order of their lines."""
        return [entry.completion for entry in self.entries]

    def repair(self) -> bool:
        """Remove a truncated last line; whether there was one. Raises JournalError where the file cannot be written."""
        if not self.truncated_bytes:
            return False
        try:
            self._require_unchanged(self.path.stat().st_size)
            jsonl.truncate(self.path, self._size - self.truncated_bytes)
        except OSError as error:
            raise self._write_error(error) from error
        self._size, self.truncated_bytes = self._size - self.truncated_bytes, 0
        return True

    def append(self, completion: Completion) -> None:
        """Write one completion durably. Raises JournalError where the file cannot be written; earlier lines stay."""
        self.repair()
        try:
            self._size = jsonl.append(self.path, completion, size=self._size)
        except jsonl.OtherWriterError as error:
            self._require_unchanged(error.size)
        except OSError as error:
            raise self._write_error(error) from error
        self._number += 1
        self.entries.append(JournalEntry(completion, self._number))

    def _require_unchanged(self, size: int) -> None:
        """Raise JournalError where another program has written the file, rather than damage its lines."""
        if size != self._size:
            raise JournalError(
                f"{self.path} has {size} bytes where this run left {self._size}: another program writes it too; "
                "stop that one, then run doit again."
            )

    def _write_error(self, error: OSError) -> JournalError:
        return JournalError(
            f"{self.path} cannot be written ({error.strerror}); free space or make it writable, then run doit "
            f"again: the {len(self.entries)} completions in it stay."
        )


def _bytes(path: Path) -> bytes:
    try:
        return jsonl.content(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise JournalError(f"{path} cannot be read ({error.strerror}); make it readable.") from error


def _version(data: bytes, start: int) -> int:
    """The format version in a line that is no completion, 0 where there is none."""
    try:
        version = jsonl.decode(data[start:].partition(b"\n")[0], dict)["v"]
    except (ValueError, KeyError):
        return 0
    return version if isinstance(version, int) else 0
