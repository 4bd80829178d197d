"""Finds the files with the solutions that a profile imports."""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from bench import datasets, jsonl
from bench.console import listed
from bench.errors import BenchError, ProfilesError, SamplesError
from bench.files import user_path
from bench.imports.archives import ARCHIVES, PACKED, Source, archive_of, is_archive, members, sibling
from bench.layout import IMPORT, PROMPTS, PROVENANCE, SAMPLE_INFO, RunFiles
from bench.profiles import Config, Profile
from bench.records import SampleInfo
from bench.sample_info import answers, parse_sample_info, read_sample_info
from bench.text import plain
from bench.untrusted import table

TABLES = (".jsonl", ".ndjson", ".jsonlines", ".json")
FILE_NAME, FOLDER_NAME = re.compile(r".*[0-9].*|[^_]+_[^_]+"), re.compile(r"[^0-9]{0,20}[0-9]+|[^_]+_[^_]+")
"""Names of a file and of a folder that are named after a problem."""
MAX_NAMED = 3
"""Files that a message names."""
READ_TYPES = "*.jsonl, *.json, *.ndjson (also .gz, .bz2, .xz), .zip, .tar, and *.py named after a problem"
DERIVED = {
    ".raw.jsonl": (".jsonl",),
    ".jsonl": ("-sanitized.jsonl", "_sanitized.jsonl"),
    "-calibrated.jsonl": (".jsonl",),
    "-sanitized-calibrated.jsonl": (".jsonl",),
    ".jsonl_results.jsonl": (".jsonl",),
    ".results.json": (".json",),
    ".results.json.gz": (".json.gz",),
    "_eval_results.json": (".jsonl",),
    ".eval_results.json": (".jsonl",),
    **dict.fromkeys((*PACKED, *ARCHIVES), ("",)),
}
"""Ending of a file's name → endings of files with the same samples, in the form that is graded.

EvalPlus's codegen writes X.jsonl, sanitized, and X.raw.jsonl; its sanitizer makes X-sanitized.jsonl of X.jsonl, its
calibration X-calibrated.jsonl, and its grader X_eval_results.json; human-eval writes X.jsonl_results.jsonl, MultiPL-E
X.results.json. A compressed file may lie beside its content.
"""
COPY = re.compile(r"(.+?)(?: ?\(\d+\)| - copy(?: \(\d+\))?| copy(?: \d+)?)(\.[^.]+)", re.IGNORECASE)
"""Names that file managers and browsers give to a copy."""

TEST = re.compile(r"(?:tests?_(.+)|(.+)_tests?)(\.py)", re.IGNORECASE)
"""Names of a file that tests a solution beside it."""


@dataclass(frozen=True)
class SolutionFiles:
    """The files with solutions, in natural order (part-2 before part-10), and the other files beside them."""

    files: tuple[Source, ...]
    ignored: tuple[Path, ...]


def by_agent(profile: Profile) -> bool:
    """Whether an agent writes the solutions: into a folder `import`, as those in .claude/agents do."""
    return any(Path(entry).name == IMPORT for entry in profile.solutions)


def guide(profile: Profile) -> str:
    """The README's section on making such solutions."""
    return "README: Claude" if by_agent(profile) else "README: Solutions from elsewhere"


def imported_by(profile: Profile, config: Config) -> SolutionFiles:
    """The files that a profile imports, without those that doit writes for this very profile.

    Raises ProfilesError where there are no others.
    """
    matches = find(profile.solutions, config.file.parent)
    outputs = {config.layout.folder(profile.id).resolve() / name for name in datasets.known()}
    folders = {path.parent for path in (*(file.path for file in matches.files), *matches.ignored)}
    written = {folder for folder in folders if folder.resolve() in outputs}
    files = tuple(file for file in matches.files if file.path.parent not in written)
    if matches.files and not files:
        elsewhere = relative(config.layout.folder(profile.id) / IMPORT, config.file.parent)
        raise ProfilesError(
            f"{profile.id}: {', '.join(profile.solutions)} holds what doit writes for this very profile and nothing "
            f"else; put its solutions elsewhere, such as {elsewhere}/."
        )
    return SolutionFiles(files, tuple(file for file in matches.ignored if file.parent not in written))


def absence(profile: Profile, config: Config) -> str:
    """The phrase for a profile without solutions, "" where it has some: no file is there, or none is read."""
    files = imported_by(profile, config)
    if files.files:
        return ""
    where = ", ".join(profile.solutions)
    if not files.ignored:
        return f"no solutions yet in {where} ({guide(profile)})"
    names, read = named(files.ignored), f"what is read: {READ_TYPES} ({guide(profile)})"
    if len(files.ignored) == 1:
        return f"the only file in {where} ({names}) is not read; {read}"
    return f"none of the {len(files.ignored)} files in {where} ({names}) is read; {read}"


def named(files: Iterable[Path]) -> str:
    """The names of a few files, and how many more there are."""
    return listed([plain(file.name) for file in files], MAX_NAMED)


def find(solutions: tuple[str, ...], base: Path) -> SolutionFiles:
    """The files that `solutions` names below `base`: each entry is a file, a folder, an archive or a glob."""
    files: dict[Source, None] = {}
    ignored: dict[Path, None] = {}
    seen: set[tuple[int, int]] = set()
    for entry in solutions:
        for place in sorted(_named(entry, base), key=_natural):
            inside = sorted(_below(place, base), key=lambda source: _natural(source.place))
            siblings = {source.place for source in inside}
            for source in inside:
                by_name = not source.member and source.path == place and _is_selected(place, entry)
                selected = by_name or (not source.member and is_archive(source.path))
                if selected or (holds_solutions(source.place) and not _is_derived(source, place, siblings)):
                    if source.member or _is_new(source.path, seen):
                        files[source] = None
                else:
                    ignored[source.place] = None
    read = {source.place for source in files}
    return SolutionFiles(tuple(files), tuple(file for file in ignored if file not in read))


def holds_solutions(file: PurePath) -> bool:
    """Whether the name of a file in a folder is JSON, compressed or not, or Python that is named after a problem."""
    suffix = _suffix(file)
    if suffix == ".py":
        return bool(FILE_NAME.fullmatch(file.stem) or FOLDER_NAME.fullmatch(file.parent.name))
    return suffix in TABLES


def is_python(file: PurePath) -> bool:
    """Whether a file is one solution."""
    return _suffix(file) == ".py"


def sample_info(source: Source) -> dict[tuple[str, int], SampleInfo]:
    """The records that a run of this program has of the samples in a file, by problem and number, with answers."""
    if source.member:
        lines = jsonl.parse(sibling(source, SAMPLE_INFO), dict[str, Any])
        return parse_sample_info(line.record for line in lines if line.record)
    run = RunFiles.around(source.path)
    records = read_sample_info(run.sample_info)
    texts = answers(run.journal, records.values())
    for sample_id, record in records.items():
        if text := texts.get((record.task_id, record.sample)):
            records[sample_id] = replace(record, answer=text[0], reasoning=text[1])
    return records


def exported_run(profile: Profile, config: Config, dataset: str) -> dict[str, Any]:
    """The run.json of a profile's solutions, where they are from an export that has one; else {}."""
    with contextlib.suppress(BenchError, ValueError):
        for source in imported_by(profile, config).files if profile.imported else ():
            if source.place.parent.name == dataset and (text := sibling(source, PROVENANCE)):
                return table(json.loads(text))
    return {}


def relative(file: Path, base: Path) -> str:
    """The path relative to the folder of profiles.toml, where it lies below it."""
    return os.path.relpath(file, base) if file.is_relative_to(base) else str(file)


def _suffix(file: PurePath) -> str:
    name = file.name.casefold()
    packed = next((end for end in PACKED if name.endswith(end)), "")
    return PurePath(name.removesuffix(packed)).suffix


def _is_selected(file: Path, entry: str) -> bool:
    """Whether `entry` names a file, so that it is read whatever its type (except Python), or matches it as a glob."""
    if file.suffix == ".py":
        return False
    return file.name == Path(entry).name or not _is_derived(Source(file), file.parent, {file})


def _is_derived(source: Source, root: Path, siblings: set[Path]) -> bool:
    """Whether other files beside this one hold its solutions in the form that is graded."""
    file = source.place
    name = file.name.casefold()

    def exists(other: Path) -> bool:
        return other in siblings or (not source.member and other.exists())

    for pattern in (COPY, TEST):
        match = pattern.fullmatch(file.name)
        if match and exists(file.with_name("".join(filter(None, match.groups())))):
            return True
    if name.endswith(PROMPTS):  # what `doit prompts` writes
        return True
    for end, others in DERIVED.items():
        if name.endswith(end) and len(name) > len(end):
            stem = file.name[: -len(end)]
            if any(exists(file.with_name(f"{stem}{other}")) for other in others):
                return True
    if file.name == "eval_results.json":
        return any(other != file and file.parent in other.parents and holds_solutions(other) for other in siblings)
    if any(exists(folder.with_name(f"{folder.name}-sanitized")) for folder in file.parents if root in folder.parents):
        return True
    run = RunFiles.around(file)
    return file == run.sample_info or (file == run.journal and exists(run.samples) and exists(run.sample_info))


def _is_new(file: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether a file is not a link to one in `seen`, to which it is added."""
    try:
        status = file.stat()
    except OSError:
        return True
    number = status.st_dev, status.st_ino
    is_new = number not in seen
    seen.add(number)
    return is_new


def _named(entry: str, base: Path) -> list[Path]:
    """The path of an entry, or the paths that it matches; none where it cannot be a path."""
    path = base / user_path(entry)
    try:
        if path.exists() or archive_of(path):
            return [path]
        return list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (OSError, ValueError, NotImplementedError):
        return []


def _below(place: Path, base: Path) -> Iterator[Source]:
    """A file, or all files in a folder or archive except hidden ones; archives in a folder are folders.

    An unreadable archive is yielded as a file, so that reading it raises the error.
    """
    if archive := None if place.exists() else archive_of(place):
        sources = (Source(archive, name) for name in members(archive, relative(archive, base)))
        yield from (source for source in sources if source.place.is_relative_to(place))
        return
    inside = place.rglob("*") if place.is_dir() else [place]
    for path in inside:
        if not path.is_file() or (path != place and _is_hidden(path.relative_to(place))):
            continue
        if not is_archive(path):
            yield Source(path)
        elif path == place or not _is_derived(Source(path), place, set()):
            with contextlib.suppress(SamplesError):
                names = members(path, relative(path, base))
                yield from (Source(path, name) for name in names if not _is_hidden(PurePath(name)))
                continue
            yield Source(path)


def _is_hidden(path: PurePath) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(piece), "") if piece.isdecimal() and len(piece) < 1000 else (0, piece)
            for piece in re.split(r"([0-9]+)", str(path))]  # fmt: skip
