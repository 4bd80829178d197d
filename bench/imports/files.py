"""Which files hold the solutions that a profile imports."""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from bench import datasets, jsonl
from bench.errors import BenchError, ProfilesError, SamplesError
from bench.files import user_path
from bench.imports.archives import ARCHIVES, PACKED, Source, archive_of, beside, is_archive, members
from bench.layout import IMPORT, INFOS, PROMPTS, PROVENANCE, RunFiles
from bench.profiles import Config, Profile
from bench.records import SampleInfo
from bench.sample_info import answers, infos_of, read_infos
from bench.text import plain
from bench.untrusted import table

TABLES = (".jsonl", ".ndjson", ".jsonlines", ".json")
FILE_NAME, FOLDER_NAME = re.compile(r".*[0-9].*|[^_]+_[^_]+"), re.compile(r"[^0-9]{0,20}[0-9]+|[^_]+_[^_]+")
"""What a file and a folder may be called that are named after a problem."""
SHOWN = 3
"""Files that were not read and are named."""
READ = "*.jsonl, *.json, *.ndjson (also .gz, .bz2, .xz), .zip, .tar, and *.py named after a problem"
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
"""By how a name ends: what stands there instead in the name of a file that holds the same samples, as they are graded.

EvalPlus's codegen writes X.jsonl, sanitized, and X.raw.jsonl; its sanitizer makes X-sanitized.jsonl of X.jsonl, its
calibration X-calibrated.jsonl, and its grader X_eval_results.json; human-eval writes X.jsonl_results.jsonl, MultiPL-E
X.results.json. A packed file may lie beside what was unpacked.
"""
COPY = re.compile(r"(.+?)(?: ?\(\d+\)| - copy(?: \(\d+\))?| copy(?: \d+)?)(\.[^.]+)", re.IGNORECASE)
"""What file managers and browsers call the copy of a file."""

TEST = re.compile(r"(?:tests?_(.+)|(.+)_tests?)(\.py)", re.IGNORECASE)
"""What a file is called that tests a solution beside it."""


@dataclass(frozen=True)
class Found:
    """The files that hold solutions, in natural order (part-2 before part-10), and the others that lie beside them."""

    files: tuple[Source, ...]
    ignored: tuple[Path, ...]


def by_agent(profile: Profile) -> bool:
    """Whether an agent is thought to write the solutions: into a folder `import`, as those in .claude/agents do."""
    return any(Path(entry).name == IMPORT for entry in profile.solutions)


def guide(profile: Profile) -> str:
    """The README's section on making such solutions."""
    return "README: Claude" if by_agent(profile) else "README: Solutions from elsewhere"


def imported_by(profile: Profile, config: Config) -> Found:
    """The files that a profile imports: never those that doit writes for this very profile.

    Raises ProfilesError where there are no others.
    """
    found = find(profile.solutions, config.file.parent)
    written = config.layout.folder(profile.id).resolve()
    folders = {path.parent for path in (*(file.path for file in found.files), *found.ignored)}
    own = {folder for folder in folders if _is_written(folder.resolve(), written)}
    files = tuple(file for file in found.files if file.path.parent not in own)
    if found.files and not files:
        elsewhere = shown(config.layout.folder(profile.id) / IMPORT, config.file.parent)
        raise ProfilesError(
            f"{profile.id}: {', '.join(profile.solutions)} holds what doit writes for this very profile and nothing "
            f"else; put its solutions elsewhere, such as {elsewhere}/."
        )
    return Found(files, tuple(file for file in found.ignored if file.parent not in own))


def _is_written(folder: Path, written: Path) -> bool:
    """Whether doit writes a dataset's files in this folder, below the one of the profile."""
    return folder.parent == written and folder.name in datasets.known()


def absence(profile: Profile, config: Config) -> str:
    """The phrase for a profile without solutions: nothing is there, or nothing is read; "" where it has some."""
    found = imported_by(profile, config)
    if found.files:
        return ""
    where = ", ".join(profile.solutions)
    if not found.ignored:
        return f"no solutions yet in {where} ({guide(profile)})"
    names, read = named(found.ignored), f"what is read: {READ} ({guide(profile)})"
    if len(found.ignored) == 1:
        return f"the only file in {where} ({names}) is not read; {read}"
    return f"none of the {len(found.ignored)} files in {where} ({names}) is read; {read}"


def named(files: Iterable[Path]) -> str:
    """The names of a few files, and how many more there are."""
    names = [plain(file.name) for file in files]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def find(solutions: tuple[str, ...], base: Path) -> Found:
    """The files that `solutions` names below `base`: each a file, a folder or archive with all in it, or a glob."""
    files: dict[Source, None] = {}
    ignored: dict[Path, None] = {}
    seen: set[tuple[int, int]] = set()
    for entry in solutions:
        for place in sorted(_named(entry, base), key=_natural):
            inside = sorted(_below(place, base), key=lambda source: _natural(source.place))
            beside = {source.place for source in inside}
            for source in inside:
                meant = not source.member and (
                    is_archive(source.path) or (source.path == place and _is_meant(place, entry))
                )
                if meant or (holds_solutions(source.place) and not _is_derived(source, place, beside)):
                    if source.member or _is_new(source.path, seen):
                        files[source] = None
                else:
                    ignored[source.place] = None
    read = {source.place for source in files}
    return Found(tuple(files), tuple(file for file in ignored if file not in read))


def holds_solutions(file: PurePath) -> bool:
    """Whether a file in a folder is read by its name: JSON, packed or not, or Python that is named after a problem."""
    suffix = _suffix(file)
    if suffix == ".py":
        return bool(FILE_NAME.fullmatch(file.stem) or FOLDER_NAME.fullmatch(file.parent.name))
    return suffix in TABLES


def is_python(file: PurePath) -> bool:
    """Whether a file is one solution as a whole."""
    return _suffix(file) == ".py"


def info_of(file: Path) -> Path:
    """What a run of ours says of the samples in `file`, where such a file is there."""
    return RunFiles.around(file).infos


def known_of(source: Source) -> dict[tuple[str, int], SampleInfo]:
    """What a run of ours says of the samples in a file, by problem and number, with the answers that it kept."""
    if source.member:
        return infos_of(line.record for line in jsonl.parse(beside(source, INFOS), dict[str, Any]) if line.record)
    run = RunFiles.around(source.path)
    infos = read_infos(run.infos)
    kept = answers(run.journal, infos.values())
    return {
        place: replace(info, answer=kept[told][0], reasoning=kept[told][1])
        if (told := (info.task_id, info.sample)) in kept
        else info
        for place, info in infos.items()
    }


def exported_run(profile: Profile, config: Config, dataset: str) -> dict[str, Any]:
    """What made a profile's solutions, where they are from an exported file that says so; else {}."""
    with contextlib.suppress(BenchError, ValueError):
        for source in imported_by(profile, config).files if profile.imported else ():
            if source.place.parent.name == dataset and (text := beside(source, PROVENANCE)):
                return table(json.loads(text))
    return {}


def shown(file: Path, base: Path) -> str:
    """The path as a person would write it, from the folder of profiles.toml."""
    return os.path.relpath(file, base) if file.is_relative_to(base) else str(file)


def _suffix(file: PurePath) -> str:
    name = file.name.casefold()
    packed = next((end for end in PACKED if name.endswith(end)), "")
    return PurePath(name.removesuffix(packed)).suffix


def _is_meant(file: Path, entry: str) -> bool:
    """Whether a file that `entry` names, or as a glob matches, is read whatever its name; not so Python."""
    if file.suffix == ".py":
        return False
    return file.name == Path(entry).name or not _is_derived(Source(file), file.parent, {file})


def _is_derived(source: Source, root: Path, beside: set[Path]) -> bool:
    """Whether others beside a file hold its solutions as they are graded."""
    file = source.place
    name = file.name.casefold()

    def is_there(other: Path) -> bool:
        return other in beside or (not source.member and other.exists())

    for twin in (COPY, TEST):
        of = twin.fullmatch(file.name)
        if of and is_there(file.with_name("".join(filter(None, of.groups())))):
            return True
    if name.endswith(PROMPTS):  # what `doit prompts` writes
        return True
    for end, others in DERIVED.items():
        if name.endswith(end) and len(name) > len(end):
            stem = file.name[: -len(end)]
            if any(is_there(file.with_name(f"{stem}{other}")) for other in others):
                return True
    if file.name == "eval_results.json":
        return any(other != file and file.parent in other.parents and holds_solutions(other) for other in beside)
    if any(is_there(folder.with_name(f"{folder.name}-sanitized")) for folder in file.parents if root in folder.parents):
        return True
    run = RunFiles.around(file)
    return file == run.infos or (file == run.journal and is_there(run.samples) and is_there(run.infos))


def _is_new(file: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether no other name of the same file was met before, be it a link."""
    try:
        status = file.stat()
    except OSError:
        return True
    number = status.st_dev, status.st_ino
    new = number not in seen
    seen.add(number)
    return new


def _named(entry: str, base: Path) -> list[Path]:
    """The path that an entry is, or those that it matches; none where it cannot be a path."""
    path = base / user_path(entry)
    try:
        if path.exists() or archive_of(path):
            return [path]
        return list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (OSError, ValueError, NotImplementedError):
        return []


def _below(place: Path, base: Path) -> Iterator[Source]:
    """A file, or all files in a folder or archive but hidden ones; archives in a folder are folders.

    One that cannot be read stands for itself, so that its reader finds out why.
    """
    if archive := None if place.exists() else archive_of(place):
        every = (Source(archive, name) for name in members(archive, shown(archive, base)))
        yield from (source for source in every if source.place.is_relative_to(place))
        return
    inside = place.rglob("*") if place.is_dir() else [place]
    for path in inside:
        if not path.is_file() or (path != place and _is_hidden(path.relative_to(place))):
            continue
        if not is_archive(path):
            yield Source(path)
        elif path == place or not _is_derived(Source(path), place, set()):
            with contextlib.suppress(SamplesError):
                names = members(path, shown(path, base))
                yield from (Source(path, name) for name in names if not _is_hidden(PurePath(name)))
                continue
            yield Source(path)


def _is_hidden(path: PurePath) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(piece), "") if piece.isdecimal() and len(piece) < 1000 else (0, piece)
            for piece in re.split(r"([0-9]+)", str(path))]  # fmt: skip
