"""The results folder → one Entry for each profile on each dataset, in the order of profiles.toml.

Result files may be of another version, damaged, or of a profile that is gone: that is shown, and never an error.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from bench import problems
from bench.files import read_table
from bench.infos import read_infos
from bench.layout import FAILURE, INFOS, PROVENANCE, RESULTS, RunFiles
from bench.problems import SOURCES
from bench.profiles import Config, Profile
from bench.records import SampleInfo, Status
from bench.report.records import Entry, Graded, State
from bench.report.runs import read_run
from bench.untrusted import items, positive, table

STATUSES = get_args(Status)

NAMES = (RESULTS, INFOS, PROVENANCE, FAILURE)
"""What an entry is made from, below results/<profile>/<dataset>/."""


def inputs(config: Config) -> list[Path]:
    """The files below results/ that the report shows, in a fixed order; the journals only change together with them."""
    layout = config.layout
    found = [run.root / name for name in NAMES for run in layout.runs(name)]
    return [*sorted(found), *filter(Path.is_file, (layout.selftests, layout.lesson))]


def datasets(config: Config) -> list[str]:
    """The known datasets that a profile names or a result is on, in the order of SOURCES."""
    declared = {dataset for profile in config.profiles for dataset in profile.sampling.datasets}
    graded = {run.dataset for run in config.layout.runs(RESULTS)}
    return [name for name in SOURCES if name in declared | graded]


def gather(config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str]) -> list[Entry]:
    """Everything there is to report, `skipped` and `outdated` being as for report.write."""
    declared = {(profile.id, dataset): profile for profile in config.profiles for dataset in profile.sampling.datasets}
    entries = [
        entry(config.layout.run(*which), profile, skipped.get(profile.id, ""), outdated.get(which, ""))
        for which, profile in declared.items()
    ]
    known = {profile.id: profile for profile in config.profiles}
    gone = (run for run in config.layout.runs(RESULTS) if (run.folder.name, run.dataset) not in declared)
    entries += [_gone(run, known.get(run.folder.name)) for run in gone]
    return entries


def entry(files: RunFiles, profile: Profile, lacking: str = "", outdated: str = "") -> Entry:
    """What became of a declared profile.

    `lacking` says what it needs and this machine has not, `outdated` why its result is not up to date.
    """
    found = _result(files)
    state, reason, remedy = _state(files, profile, found, lacking, outdated)
    return _made(files, found, profile.title, profile.note, profile.reference, state, reason, remedy)


def _gone(files: RunFiles, profile: Profile | None) -> Entry:
    what = f"asks {files.folder.name} for {files.dataset}" if profile else f"declares {files.folder.name}"
    reason = f"profiles.toml no longer {what}"
    remedy = f"declare it again, or remove {files.folder.name}/{files.dataset} from the results folder"
    title = profile.title if profile else files.folder.name
    return _made(files, _result(files), title, "", "", "gone", reason, remedy)


def _made(
    files: RunFiles,
    found: dict[str, Any],
    title: str,
    note: str,
    reference: str,
    state: State,
    reason: str,
    remedy: str,
) -> Entry:
    samples = tuple(_samples(found, files.infos))
    return Entry(
        id=files.folder.name,
        dataset=files.dataset,
        title=title,
        note=note,
        reference=reference,
        state=state,
        reason=reason,
        remedy=remedy,
        n_problems=_n_problems(found, files.dataset, samples),
        samples=samples,
        run=read_run(files.provenance),
        bench={key: value for key, value in table(found.get("bench")).items() if key != "samples"},
        date=str(found.get("date", "")),
    )


def _state(
    files: RunFiles, profile: Profile, found: dict[str, Any], lacking: str, outdated: str
) -> tuple[State, str, str]:
    """State, reason and remedy."""
    again = f"doit eval:{profile.id}"
    if lacking:
        put = "put solutions there" if profile.imported else "put the file there, or change model in profiles.toml"
        return "skipped", lacking, put
    if files.failure.is_file():
        failure = read_table(files.failure)
        sentence = str(failure.get("sentence") or "the last try failed, and its record cannot be read")
        sentence = sentence.removeprefix(f"{profile.id}: ")
        when = f" ({failure['stage']}, {failure['at']})" if {"stage", "at"} <= failure.keys() else ""
        state: State = "skipped" if failure.get("missing") is True else "failed"
        return state, f"{sentence.rstrip('.')}{when}", f"mend that, then {again}"
    if not found:
        if files.results.is_file():
            return "failed", f"{files.results.name} is damaged or of an unknown form", f"{again} makes it again"
        return "none", "not run yet", again
    if outdated:
        return "outdated", outdated, again
    attempted, total = len(found["eval"]), _n_problems(found, files.dataset, ())
    if attempted < total:
        allowed = ", as partial = true allows" if profile.partial else ""
        return "partial", f"{attempted} of {total} problems attempted{allowed}", f"solve the rest, then {again}"
    return "done", "", ""


def _result(files: RunFiles) -> dict[str, Any]:
    """eval_results.json where it has the form of EvalPlus's results, {} otherwise."""
    found = read_table(files.results)
    graded = found.get("eval")
    if not isinstance(graded, dict) or not graded:
        return {}
    rows = [row for rows in graded.values() for row in (rows if isinstance(rows, list) else [None])]
    return found if all(isinstance(row, dict) and row.get("base_status") in STATUSES for row in rows) else {}


def _samples(found: dict[str, Any], extraction: Path) -> Iterator[Graded]:
    infos = read_infos(extraction)
    about = table(table(found.get("bench")).get("samples"))
    for task_id, rows in found.get("eval", {}).items():
        known = items(about.get(task_id))
        for number, row in enumerate(rows):
            solution = str(row.get("solution") or "")
            info = infos.get((task_id, number)) or SampleInfo(
                task_id, number, rule="", lost="" if solution.strip() else "no code"
            )
            more = table(known[number] if number < len(known) else None)
            yield _graded(task_id, number, row, solution, info, more)


def _graded(
    task_id: str, number: int, row: dict[str, Any], solution: str, info: SampleInfo, more: dict[str, Any]
) -> Graded:
    """A result without plus verdicts (EvalPlus's base-only run) counts as failed there."""
    failure = more.get("failure")
    return Graded(
        task_id=task_id,
        number=number,
        base=row["base_status"],
        plus=row["plus_status"] if row.get("plus_status") in STATUSES else "fail",
        solution=solution,
        info=info,
        failure=failure if isinstance(failure, dict) else None,
        plus_run=bool(more.get("plus_run", True)),
        retried=bool(more.get("retried", False)),
    )


def _n_problems(found: dict[str, Any], dataset: str, samples: tuple[Graded, ...]) -> int:
    """How many problems the dataset has: as graded, as published, or as its file says."""
    counted = positive(table(found.get("bench")).get("n_problems"))
    if counted:
        return int(counted)
    source = SOURCES.get(dataset)
    if source and source.count:
        return source.count
    known = problems.at_hand(dataset)
    return len(known.problems if known else {sample.task_id for sample in samples})
