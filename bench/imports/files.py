"""Which files hold the solutions that a profile imports."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.answers import answers
from bench.errors import ProfilesError
from bench.infos import read_infos
from bench.layout import IMPORT, RunFiles
from bench.problems import SOURCES
from bench.profiles import Config, Profile
from bench.records import SampleInfo

TASK_NAME = re.compile("[^_]+_[^_]+")
"""What a problem is called in names of files: its task_id with _ for /."""

RAW = ".raw.jsonl"
"""How EvalPlus ends the name of a file of answers that it has not sanitized."""


@dataclass(frozen=True)
class Found:
    """The files that hold solutions, in natural order (part-2 before part-10), and the others that lie beside them."""

    files: tuple[Path, ...]
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
    own = {config.layout.run(profile.id, dataset).root.resolve() for dataset in SOURCES}
    files = tuple(file for file in found.files if file.parent.resolve() not in own)
    if found.files and not files:
        elsewhere = shown(config.layout.folder(profile.id) / IMPORT, config.file.parent)
        raise ProfilesError(
            f"{profile.id}: {', '.join(profile.solutions)} holds what doit writes for this very profile and nothing "
            f"else; put its solutions elsewhere, such as {elsewhere}/."
        )
    return Found(files, tuple(file for file in found.ignored if file.parent.resolve() not in own))


def find(solutions: tuple[str, ...], base: Path) -> Found:
    """The files that `solutions` names below `base`: each entry a file, a folder with all below it, or a glob."""
    files: dict[Path, None] = {}
    ignored: dict[Path, None] = {}
    for entry in solutions:
        for place in sorted(_named(entry, base), key=_natural):
            for file in sorted(_below(place), key=_natural) if place.is_dir() else [place]:
                read = holds_solutions(file) or (file == place and _is_meant(file, entry))
                (files if read else ignored)[file] = None
    return Found(tuple(files), tuple(file for file in ignored if file not in files))


def holds_solutions(file: Path) -> bool:
    """Whether a file in a folder is read: JSON lines, gzipped or not, or Python that may be named after a problem."""
    if file.suffix == ".py":
        return any(map(TASK_NAME.fullmatch, (file.stem, file.parent.name)))
    return file.name.endswith((".jsonl", ".jsonl.gz")) and not _is_told_elsewhere(file)


def info_of(file: Path) -> Path:
    """What a run of ours says of the samples in `file`, where such a file is there."""
    return RunFiles.around(file).infos


def known_of(file: Path) -> dict[tuple[str, int], SampleInfo]:
    """What a run of ours says of the samples in `file`, by problem and number, with the answers that it kept."""
    run = RunFiles.around(file)
    infos = read_infos(run.infos)
    kept = answers(run.journal, infos.values())
    return {
        place: replace(info, answer=kept[told][0], reasoning=kept[told][1])
        if (told := (info.task_id, info.sample)) in kept
        else info
        for place, info in infos.items()
    }


def _is_meant(file: Path, entry: str) -> bool:
    """Whether a file that `entry` names, or as a glob matches, is read whatever its name; not so Python."""
    return file.suffix != ".py" and (file.name == Path(entry).name or not _is_told_elsewhere(file))


def _is_told_elsewhere(file: Path) -> bool:
    """Whether others beside it hold its solutions as they are graded: a run's samples.jsonl, or EvalPlus's samples.

    EvalPlus's codegen writes X.jsonl, sanitized, and X.raw.jsonl.
    """
    if file.name.endswith(RAW) and file.with_name(file.name.removesuffix(RAW) + ".jsonl").is_file():
        return True
    run = RunFiles.around(file)
    return file == run.infos or (file == run.journal and run.samples.is_file() and run.infos.is_file())


def shown(file: Path, base: Path) -> str:
    """The path as a person would write it, from the folder of profiles.toml."""
    return os.path.relpath(file, base) if file.is_relative_to(base) else str(file)


def _named(entry: str, base: Path) -> list[Path]:
    """The path that an entry is, or those that it matches; none where it cannot be a path."""
    path = base / os.path.expanduser(entry)  # noqa: PTH111 - pathlib's raises for a user that there is not
    try:
        if path.exists():
            return [path]
        return list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (OSError, ValueError, NotImplementedError):
        return []


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(piece), "") if piece.isdigit() else (0, piece) for piece in re.split(r"([0-9]+)", str(path))]
