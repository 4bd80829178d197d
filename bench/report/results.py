"""The results folder: one Result for each profile on each dataset, in the order of profiles.toml.

results/ ─▶ results.py ─▶ Result ─▶ metrics.py ─▶ leaderboard.py ─▶ REPORT.md, report.html, report.json, doit compare

Result files may be of another version, damaged, or of a removed profile: the report shows that; it is never an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from bench import datasets as data
from bench.files import read_table
from bench.imports.files import exported_run
from bench.layout import FAILURE, PROVENANCE, RESULTS, SAMPLE_INFO, RunFiles
from bench.profiles import Config, Profile
from bench.records import SampleInfo, Status
from bench.sample_info import read_sample_info
from bench.text import plain
from bench.untrusted import items, positive, table, word

State = Literal["done", "partial", "duel", "skipped", "failed", "outdated", "gone", "none"]
"""The state of a profile on a dataset.

`done` and `partial` (some problems were not attempted) have a result; so has `duel`, which left problems out as it was
settled. `skipped` and `failed` may still have an older one. The result of `outdated` was made from other inputs than
there are now. `gone` has a result, but profiles.toml no longer declares it; `none` was never run.
"""
STATE_NAMES = {"none": "not run", "gone": "not declared"}
"""Names of the states whose own word is unclear."""
STATUSES = get_args(Status)
SUITES = ("base", "plus")
"""EvalPlus's suites. A dataset with a single suite of another name says so in its result's `bench` block."""
POOLED = "all"
"""The name of several datasets taken together."""
NAMES = (RESULTS, SAMPLE_INFO, PROVENANCE, FAILURE)
"""The files of a result, below results/<profile>/<dataset>/."""
COMMAND = "command"
"""The kind of server that is a program."""
SENT_TO_COMMANDS = ("system_prompt", "prompt_version", "samples", "seed")
OVERRIDDEN = ("temperature", "top_p")
"""Settings that a field of the profile's own `request` replaces."""


@dataclass(frozen=True)
class GradedSample:
    """One sample as graded: a status for each suite of its result, in their order.

    `failure` is the bench block's (suite, index, input, expected, actual, or error, line). `all_run` is false where a
    later suite was not run, since an earlier one had failed; `retried` marks a sample that was re-run alone.
    """

    task_id: str
    number: int
    statuses: tuple[Status, ...]
    solution: str
    info: SampleInfo
    failure: dict[str, Any] | None = None
    all_run: bool = True
    retried: bool = False

    @property
    def passed(self) -> bool:
        """Whether it passed every suite."""
        return all(status == "pass" for status in self.statuses)


@dataclass(frozen=True)
class Result:
    """One profile on one dataset; its texts are plain, one line each, whatever people wrote.

    `reason` says in a phrase why there is no (newer) result, `remedy` what to do about it. `family` is the profile's
    own name for the model that it is a quantization of, `duel` the id of the profile that it is compared with. `run` is
    run.json with only those settings that reached the model ({} for imports), `elsewhere` that of another machine whose
    exported solutions were imported, `bench` the bench block of
    eval_results.json without its samples. `n_problems` counts all problems of the dataset; `samples` are in problem
    order. `date` is when it was graded.
    """

    id: str
    dataset: str
    title: str
    note: str = ""
    reference: str = ""
    state: State = "done"
    reason: str = ""
    remedy: str = ""
    family: str = ""
    duel: str = ""
    n_problems: int = 0
    suites: tuple[str, ...] = SUITES
    samples: tuple[GradedSample, ...] = ()
    run: dict[str, Any] = field(default_factory=dict)
    elsewhere: dict[str, Any] = field(default_factory=dict)
    bench: dict[str, Any] = field(default_factory=dict)
    date: str = ""

    @property
    def state_name(self) -> str:
        """The name of its state for people."""
        return STATE_NAMES.get(self.state, self.state)

    @property
    def stopped_early(self) -> bool:
        """Whether a duel left problems out, so that there is neither score nor rank."""
        return bool(self.duel) and len(self.by_problem) < self.n_problems

    @cached_property
    def by_problem(self) -> dict[str, tuple[GradedSample, ...]]:
        """The samples of each problem that was attempted, in problem order."""
        groups: dict[str, list[GradedSample]] = {}
        for sample in self.samples:
            groups.setdefault(sample.task_id, []).append(sample)
        return {task: tuple(group) for task, group in groups.items()}

    @cached_property
    def rates(self) -> dict[str, tuple[int, int]]:
        """For each problem that was attempted: how many samples passed, and how many there are."""
        return {task: (sum(sample.passed for sample in group), len(group)) for task, group in self.by_problem.items()}

    @cached_property
    def solves(self) -> dict[str, bool]:
        """For each problem that was attempted: whether at least half of its samples passed."""
        return {task: 2 * passed >= n for task, (passed, n) in self.rates.items()}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the run, {} for imports."""
        return table(self.run.get("settings"))

    @property
    def max_tokens(self) -> int | None:
        """The run's token limit, of a ladder the last one; None where it is not known."""
        limits = self.settings.get("max_tokens")
        last = limits[-1] if isinstance(limits, list) and limits else limits
        return last if isinstance(last, int) and last > 0 else None

    @property
    def server(self) -> dict[str, Any]:
        """The server that answered, {} for imports."""
        return table(self.run.get("server"))

    @property
    def model(self) -> dict[str, Any]:
        """The metadata of the model's file."""
        return table(self.run.get("model"))

    @property
    def fingerprint(self) -> str:
        """A hash of the model's file, on whichever machine it ran; "" where it is not known."""
        return word(self.model.get("fingerprint")) or word(table(self.elsewhere.get("model")).get("fingerprint"))

    @property
    def answered_by(self) -> dict[str, Any]:
        """The number of completions of each model, by the name in its answers."""
        return table(self.run.get("models"))

    @property
    def by_command(self) -> bool:
        """Whether a program with its own settings answered."""
        return self.server.get("kind") == COMMAND


def inputs(config: Config) -> list[Path]:
    """The files below results/ that the report shows, in a fixed order; the journals only change together with them."""
    layout = config.layout
    files = [run.root / name for name in NAMES for run in layout.runs(name)]
    return [*sorted(files), *filter(Path.is_file, (layout.selftests, layout.lesson))]


def datasets(config: Config) -> list[str]:
    """The known datasets that a profile names or a result is on, in the order in which they are declared."""
    names = {*config.datasets, *(run.dataset for run in config.layout.runs(RESULTS))}
    return [name for name in data.known() if name in names]


def read_all(config: Config, skipped: Mapping[str, str], outdated: Mapping[tuple[str, str], str]) -> list[Result]:
    """Every result there is to report, `skipped` and `outdated` being as for report.write."""
    declared = {(profile.id, dataset): profile for profile in config.profiles for dataset in profile.sampling.datasets}
    declared_results = [
        replace(
            read(
                config.layout.run(*which),
                profile,
                skipped.get(profile.id) or skipped.get(":".join(which), ""),
                outdated.get(which, ""),
                config=config,
            ),
            elsewhere=exported_run(profile, config, which[1]),
        )
        for which, profile in declared.items()
    ]
    known = {profile.id: profile for profile in config.profiles}
    gone = (run for run in config.layout.runs(RESULTS) if (run.folder.name, run.dataset) not in declared)
    return declared_results + [_gone(run, known.get(run.folder.name)) for run in gone]


def read(
    files: RunFiles, profile: Profile, missing: str = "", outdated: str = "", *, config: Config | None = None
) -> Result:
    """The result of a declared profile.

    `missing` names what this machine lacks for it, `outdated` is the reason why its result is not up to date. With
    `config`, completions without a result are counted.
    """
    graded = _eval_results(files)
    state, reason, remedy = _state(files, profile, graded, missing, outdated)
    if config and not graded and state in ("none", "failed") and (begun := _begun(profile, config, files.dataset)):
        state, reason = ("partial", begun) if state == "none" else (state, f"{reason}; {begun}")
    about: dict[str, Any] = {
        "title": profile.title, "note": profile.note, "reference": profile.reference,
        "family": profile.family, "duel": profile.duel,
    }  # fmt: skip
    return _result(files, graded, state=state, reason=reason, remedy=remedy, **about)


def _gone(files: RunFiles, profile: Profile | None) -> Result:
    declaration = f"asks {files.folder.name} for {files.dataset}" if profile else f"declares {files.folder.name}"
    return _result(
        files,
        _eval_results(files),
        title=profile.title if profile else files.folder.name,
        state="gone",
        reason=f"profiles.toml no longer {declaration}",
        remedy=f"declare it again, or remove {files.folder.name}/{files.dataset} from the results folder",
    )


def _result(files: RunFiles, graded: dict[str, Any], **about: Any) -> Result:
    bench = table(graded.get("bench"))
    declaration = data.known().get(files.dataset)
    suites = tuple(map(word, items(bench.get("suites")))) or (declaration.suites if declaration else SUITES)
    samples = tuple(_samples(graded, files.sample_info, suites))
    about |= {name: plain(text) for name, text in about.items() if name != "state"}
    return Result(
        id=files.folder.name,
        dataset=files.dataset,
        n_problems=_n_problems(graded, files.dataset, samples),
        suites=suites,
        samples=samples,
        run=read_run(files.provenance),
        bench={key: value for key, value in bench.items() if key != "samples"},
        date=word(graded.get("date")),
        **about | {"title": about["title"] or plain(files.folder.name)},
    )


def pool(results: Sequence[Result]) -> Result:
    """One profile's results on several datasets as one, with a single suite: whether a sample passed all of its own.

    Problems are named `<dataset>:<task_id>`; of the run only what adds up over datasets is left.
    """
    first = results[0]
    samples = tuple(
        replace(sample, task_id=f"{result.dataset}:{sample.task_id}", statuses=("pass" if sample.passed else "fail",))
        for result in results
        for sample in result.samples
    )
    return replace(
        first,
        dataset=POOLED,
        n_problems=sum(result.n_problems for result in results),
        suites=("all",),
        samples=samples,
        run=_pooled_run(results),
    )


def _pooled_run(results: Sequence[Result]) -> dict[str, Any]:
    totals = [table(result.run.get("totals")) for result in results]
    tokens, seconds = ([positive(total.get(name)) for total in totals] for name in ("completion_tokens", "seconds"))
    speeds = [positive(table(total.get("speed")).get("generation")) for total in totals]
    added: dict[str, Any] = {}
    if all(tokens) and all(seconds):
        added = {"completion_tokens": sum(filter(None, tokens)), "seconds": sum(filter(None, seconds))}
        if all(speeds):
            spent = sum(count / speed for count, speed in zip(tokens, speeds, strict=True) if count and speed)
            added["speed"] = {"generation": added["completion_tokens"] / spent}
    return {key: results[0].run[key] for key in ("model", "server") if key in results[0].run} | {"totals": added}


def _state(
    files: RunFiles, profile: Profile, graded: dict[str, Any], missing: str, outdated: str
) -> tuple[State, str, str]:
    """State, reason and remedy."""
    again = f"doit eval:{profile.id}"
    if missing:
        put = "put solutions there" if profile.imported else "put the file there, or change model in profiles.toml"
        return "skipped", missing, "install it" if profile.packaged or " install " in missing else put
    if files.failure.is_file():
        failure = read_table(files.failure)
        sentence = str(failure.get("sentence") or "the last try failed, and its record cannot be read")
        sentence = sentence.removeprefix(f"{profile.id}: ")
        when = f" ({failure['stage']}, {failure['at']})" if {"stage", "at"} <= failure.keys() else ""
        state: State = "skipped" if failure.get("missing") is True else "failed"
        return state, f"{sentence.rstrip('.')}{when}", f"fix that, then {again}"
    if not graded:
        if files.results.is_file():
            return "failed", f"{files.results.name} is damaged or of an unknown form", f"{again} grades it again"
        return "none", "not run yet", again
    attempted, total = len(graded["eval"]), _n_problems(graded, files.dataset, ())
    samples, expected = sum(map(len, graded["eval"].values())), total * profile.sampling.samples
    if outdated:
        return "outdated", outdated, again
    if samples < expected and not profile.imported and not profile.duel:
        many = f", {samples} of {expected} samples" if profile.sampling.samples > 1 else ""
        return "partial", f"{attempted} of {total} problems{many} so far", again
    if attempted < total and profile.duel:
        return "duel", f"its duel with {profile.duel} asked {attempted} of {total} problems", ""
    if attempted < total:
        allowed = ", as partial = true allows" if profile.partial else ""
        return "partial", f"{attempted} of {total} problems attempted{allowed}", f"solve the rest, then {again}"
    return "done", "", ""


def _begun(profile: Profile, config: Config, dataset: str) -> str:
    """The number of completions of an unfinished generation, in words; "" for none."""
    if profile.imported or not config.layout.run(profile.id, dataset).journal.is_file():
        return ""
    from bench.generate.requests import count  # noqa: PLC0415 - only where there is such a generation

    missing, total, _ = count(profile, config, dataset) or (0, 0, 0)
    return f"{total - missing} of {total} completions so far, not graded" if missing < total else ""


def _eval_results(files: RunFiles) -> dict[str, Any]:
    """eval_results.json where it has the form of EvalPlus's results, {} otherwise."""
    content = read_table(files.results)
    graded = content.get("eval")
    if not isinstance(graded, dict) or not graded:
        return {}
    rows = [row for rows in graded.values() for row in (rows if isinstance(rows, list) else [None])]
    return content if all(isinstance(row, dict) and row.get("base_status") in STATUSES for row in rows) else {}


def _samples(graded: dict[str, Any], extraction: Path, suites: tuple[str, ...]) -> Iterator[GradedSample]:
    sample_info = read_sample_info(extraction)
    about = table(table(graded.get("bench")).get("samples"))
    for task_id, rows in graded.get("eval", {}).items():
        known = items(about.get(task_id))
        for number, row in enumerate(rows):
            solution = str(row.get("solution") or "")
            info = sample_info.get((task_id, number)) or SampleInfo(
                task_id, number, rule="", lost="" if solution.strip() else "no code"
            )
            more = table(known[number] if number < len(known) else None)
            failure = more.get("failure")
            yield GradedSample(
                task_id=task_id,
                number=number,
                statuses=_statuses(row, suites),
                solution=solution,
                info=info,
                failure=failure if isinstance(failure, dict) else None,
                all_run=bool(more.get("plus_run", True)),
                retried=bool(more.get("retried", False)),
            )


def _statuses(row: dict[str, Any], suites: tuple[str, ...]) -> tuple[Status, ...]:
    """EvalPlus's schema has two suites; a result without plus verdicts (its base-only run) counts as failed there."""
    plus: Status = row["plus_status"] if row.get("plus_status") in STATUSES else "fail"
    return (row["base_status"], plus)[: len(suites)]


def _n_problems(graded: dict[str, Any], dataset: str, samples: tuple[GradedSample, ...]) -> int:
    """The number of problems of the dataset: as graded, as published, or by its file."""
    counted = positive(table(graded.get("bench")).get("n_problems"))
    if counted:
        return int(counted)
    declaration = data.known().get(dataset)
    if declaration and declaration.count:
        return declaration.count
    loaded = data.at_hand(dataset)
    return len(loaded.problems if loaded else {sample.task_id for sample in samples})


def read_run(path: Path) -> dict[str, Any]:
    """run.json, {} where there is none; of its settings only those that reached the model, as they did."""
    run = read_table(path)
    if not isinstance(run.get("settings"), dict):
        return run
    return run | {"settings": _sent(run["settings"], table(run.get("server")).get("kind"))}


def _sent(settings: dict[str, Any], kind: Any) -> dict[str, Any]:
    # Greedy completions have no seed.
    unsent = {"seed"} if settings.get("temperature") == 0 else set()
    if kind == COMMAND:
        unsent |= settings.keys() - set(SENT_TO_COMMANDS)
    fields = table(settings.get("request"))
    sent = settings | {name: fields[name] for name in OVERRIDDEN if name in fields}
    return {name: value for name, value in sent.items() if name not in unsent}
