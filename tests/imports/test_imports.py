import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bench import datasets, samples
from bench.errors import MissingPrerequisite, ProfilesError, SamplesError
from bench.imports.collection import Imported, collect, ranges
from bench.profiles.file import load
from bench.sample_info import read_sample_info

DEMO = datasets.load("demo").problems
SOLUTIONS = {task_id: one.reference for task_id, one in DEMO.items()}
FIRST = "Demo/0"
OTHERS = [task_id for task_id in DEMO if task_id != FIRST]


class Place:
    """A folder with a profiles file, and what its profile imports."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: str | bytes | Iterable[dict[str, Any]]) -> Path:
        """A file of text, bytes, or one JSON object a line."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else "".join(json.dumps(row) + "\n" for row in content)
            path.write_text(text, encoding="utf-8")
        return path

    def rows(self, tasks: Iterable[str] = DEMO, key: str = "solution") -> list[dict[str, Any]]:
        """A row with the canonical solution of each task."""
        return [{"task_id": task_id, key: SOLUTIONS[task_id]} for task_id in tasks]

    def collect(self, *solutions: str, more: str = "", dataset: str = "demo") -> Imported:
        """What a profile with these `solutions` imports."""
        named = json.dumps(solutions or ["import/"])
        self.write("profiles.toml", f'[profiles.claude]\nsolutions = {named}\ndatasets = ["{dataset}"]\n{more}\n')
        config = load(self.root / "profiles.toml")
        return collect(config.profile("claude"), config, dataset)

    def error(self, *solutions: str, more: str = "") -> str:
        """The sentence of the error that an import raises."""
        with pytest.raises(SamplesError) as caught:
            self.collect(*solutions, more=more)
        assert "\n" not in caught.value.sentence
        return caught.value.sentence


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path)


def codes(imported: Imported) -> dict[str, str]:
    """The code of the one solution of each problem."""
    return {task_id: one.code for task_id, (one,) in imported.solutions.items()}


def test_parts_of_three_sittings(place: Place) -> None:
    """Parts are joined in problem order, whatever order they were written in, and each knows where it came from."""
    tasks = list(DEMO)
    place.write("import/part-02.jsonl", place.rows(tasks[5:9]))
    place.write("import/part-10.jsonl", place.rows(tasks[9:]))
    place.write("import/part-01.jsonl", place.rows(reversed(tasks[:5])))
    imported = place.collect()
    assert codes(imported) == SOLUTIONS
    assert list(imported.solutions) == tasks
    assert imported.solutions[tasks[6]][0].info.origin == "import/part-02.jsonl:2"
    assert imported.summary == "found 18 of 18 problems in 3 files"


def test_incomplete(place: Place) -> None:
    """A half-finished night says how many are missing, which comes next, and how to go on."""
    place.write("import/part-01.jsonl", place.rows(list(DEMO)[:7]))
    assert place.error() == (
        "claude: 7 of 18 problems are solved, 11 are missing, next is Demo/7; start the agent again, it continues "
        "there (or add them yourself, or set partial = true)."
    )


def test_incomplete_without_an_agent(place: Place) -> None:
    """The error for another tool's file does not mention an agent."""
    place.write("night.jsonl", place.rows(list(DEMO)[:7]))
    assert place.error("night.jsonl").endswith("next is Demo/7; add them (or set partial = true).")


def test_partial(place: Place) -> None:
    """With partial = true what is there is taken, and the rest is named as not attempted."""
    place.write("import/part-01.jsonl", place.rows(list(DEMO)[:7]))
    imported = place.collect(more="partial = true")
    assert len(imported.solutions) == 7
    assert imported.summary == "found 7 of 18 problems in 1 file, 11 missing: Demo/7 to 17"


INCOMPLETE = '{"task_id": "Demo/7", "solution": "def '


def first_seven(place: Place) -> str:
    """The lines of the first seven problems."""
    return "".join(json.dumps(row) + "\n" for row in place.rows(list(DEMO)[:7]))


def test_an_incomplete_line(place: Place) -> None:
    """A line that was cut off leaves its problem unsolved, and the error has its place."""
    place.write("import/part-01.jsonl", first_seven(place) + INCOMPLETE)
    assert "next is Demo/7 (incomplete in import/part-01.jsonl:8); start the agent again" in place.error()
    summary = place.collect(more="partial = true").summary
    assert summary.endswith("11 missing: Demo/7 to 17, Demo/7 is incomplete in import/part-01.jsonl:8")


def test_an_incomplete_line_that_is_repeated(place: Place) -> None:
    """An incomplete line whose problem is solved in another part is reported, and does no harm."""
    part = place.write("import/part-01.jsonl", first_seven(place) + INCOMPLETE)
    before = part.read_bytes()
    place.write("import/part-02.jsonl", place.rows(list(DEMO)[7:]))
    imported = place.collect()
    assert codes(imported) == SOLUTIONS
    assert imported.summary == "found 18 of 18 problems in 2 files, Demo/7 is incomplete in import/part-01.jsonl:8"
    assert part.read_bytes() == before


def test_the_same_text_twice(place: Place) -> None:
    """A problem that was solved twice with the same text is solved."""
    place.write("import/part-01.jsonl", place.rows())
    place.write("import/part-02.jsonl", place.rows([FIRST]))
    assert codes(place.collect()) == SOLUTIONS


def test_two_different_texts(place: Place) -> None:
    """Nobody can know which of two solutions counts: the error names both places."""
    place.write("import/part-01.jsonl", place.rows())
    place.write("import/part-02.jsonl", [{"task_id": FIRST, "solution": "def other():\n    pass\n"}])
    assert place.error() == (
        "Demo/0 has two different solutions, in import/part-01.jsonl:1 and in import/part-02.jsonl:1; "
        "remove one of them, or let samples say how many there are of each problem."
    )


def test_an_unknown_problem(place: Place) -> None:
    """A problem that no dataset has is an error with its place and what there is."""
    place.write("import/part-01.jsonl", [*place.rows(), {"task_id": "Demo/18", "solution": "x = 1"}])
    assert place.error() == (
        'import/part-01.jsonl:19 solves the unknown problem "Demo/18"; Demo has Demo/0 to Demo/17, so correct or '
        "delete that line."
    )


def test_problems_of_another_dataset(place: Place) -> None:
    """A file may hold several datasets; each takes its own, and says how many were not."""
    other = datasets.load("demo-mbpp").problems
    rows = [{"task_id": task_id, "solution": one.reference.removeprefix(one.prompt)} for task_id, one in other.items()]
    place.write("import/all.jsonl", [*rows, *place.rows()])
    assert place.collect().summary == "found 18 of 18 problems in 1 file, 6 of other datasets left out"
    assert (
        place.collect(dataset="demo-mbpp").summary == "found 6 of 6 problems in 1 file, 18 of other datasets left out"
    )


def test_a_dataset_that_is_not_here(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Problems of a dataset that this machine does not have are no mistake."""
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(place.root / "none.jsonl"))
    place.write("import/all.jsonl", [*place.rows(), {"task_id": "Mbpp/2", "solution": "x = 1"}])
    assert place.collect().summary.endswith("1 of other datasets left out")


FENCED = "Here it is:\n\n```python\n{}\n```\n\nIt works."


@pytest.mark.parametrize("text", ["```python\n{}\n```", "```python\n{}", FENCED, "~~~\n{}\n~~~\n"])
def test_markdown_fences(place: Place, text: str) -> None:
    """A solution in a fence is taken out of it, and counted as extracted."""
    row = {"task_id": FIRST, "solution": text.format(SOLUTIONS[FIRST])}
    place.write("import/part-01.jsonl", [row, *place.rows(OTHERS)])
    imported = place.collect()
    assert imported.solutions[FIRST][0].info.rule == "fence"
    assert "```" not in imported.solutions[FIRST][0].code
    assert imported.summary == "found 18 of 18 problems in 1 file, 1 by extraction"


@pytest.mark.parametrize(
    "text",
    [
        "def f(:\n",
        "",
        "x = '```'\n",
        '"""\n```python\nf(1)\n```\n"""\ndef f(x):\n    return x\n\n\nprint(f(1))\n',
        "a\r\nb\t\0",
    ],
)
def test_code_is_taken_as_it_is(place: Place, text: str) -> None:
    """What is no fenced answer is not touched, right or wrong, so that everybody grades the same bytes."""
    place.write("import/part-01.jsonl", [{"task_id": FIRST, "solution": text}, *place.rows(OTHERS)])
    solution = place.collect().solutions[FIRST][0]
    assert (solution.code, solution.info.rule) == (text, "verbatim")


def test_completions(place: Place) -> None:
    """A completion follows its prompt, as human-eval and EvalPlus have it."""
    rows = [{"task_id": task_id, "completion": one.reference.removeprefix(one.prompt)} for task_id, one in DEMO.items()]
    place.write("samples.jsonl", rows)
    assert codes(place.collect("samples.jsonl")) == SOLUTIONS


def test_a_solution_beats_a_completion(place: Place) -> None:
    """Where a row has both, the solution counts, as in EvalPlus."""
    rows = [{**row, "completion": "    nonsense", "answer": "no"} for row in place.rows()]
    place.write("samples.jsonl", rows)
    assert codes(place.collect("samples.jsonl")) == SOLUTIONS


def test_chat_answers(place: Place) -> None:
    """Answers go through the extraction; one without code is a sample without code."""
    rows = [{"task_id": task_id, "answer": FENCED.format(SOLUTIONS[task_id])} for task_id in OTHERS]
    place.write("answers.jsonl", [{"task_id": FIRST, "answer": "I can't."}, *rows])
    imported = place.collect("answers.jsonl")
    assert (imported.solutions[FIRST][0].code, imported.solutions[FIRST][0].info.rule) == ("", "none")
    assert {one.info.rule for task_id in OTHERS for one in imported.solutions[task_id]} == {"fence"}
    assert imported.summary == "found 18 of 18 problems in 1 file, 17 by extraction, 1 without code"


def test_origins(place: Place) -> None:
    """Of each sample whose code was extracted, the answer and its thoughts are kept for the report's page."""
    answer = FENCED.format(SOLUTIONS[FIRST])
    rows = [
        {"task_id": FIRST, "answer": answer, "reasoning": "Let me see."},
        {"task_id": OTHERS[0], "solution": FENCED.format(SOLUTIONS[OTHERS[0]])},
        {"task_id": OTHERS[1], "answer": "I can't.", "reasoning": ["odd"]},
        *place.rows(OTHERS[2:]),
    ]
    place.write("import/part-01.jsonl", rows)
    place.collect()
    config = load(place.root / "profiles.toml")
    samples.from_imports(config.profile("claude"), config, "demo")
    infos = list(read_sample_info(config.layout.run("claude", "demo").sample_info).values())
    assert (infos[0].answer, infos[0].reasoning) == (answer, "Let me see.")
    assert infos[1].answer == rows[1]["solution"]
    assert (infos[2].answer, infos[2].reasoning) == ("I can't.", "")
    assert {info.answer + info.reasoning for info in infos[3:]} == {""}


def journal_line(task_id: str, **fields: Any) -> dict[str, Any]:
    """A line of a journal of ours."""
    answer = f"```python\n{SOLUTIONS[task_id]}\n```"
    return {"v": 1, "key": "k", "task_id": task_id, "sample": 0, "outcome": "stop", "answer": answer} | fields


def test_a_journal(place: Place) -> None:
    """Of a journal the last usable completion of each sample counts, with its outcome, tokens and seconds."""
    rows = [journal_line(task_id) for task_id in OTHERS]
    early = [
        journal_line(FIRST, outcome="truncated", answer="```python\ndef ", completion_tokens=64),
        journal_line(FIRST, completion_tokens=99, seconds=1.5),
        journal_line(FIRST, outcome="error", answer=""),
    ]
    place.write("raw.jsonl", [*early, *rows])
    solution = place.collect("raw.jsonl").solutions[FIRST][0]
    assert (solution.info.outcome, solution.info.completion_tokens, solution.info.seconds) == ("stop", 99, 1.5)
    assert solution.info.origin == "raw.jsonl:2"


def test_a_journal_with_nothing_better_than_an_error(place: Place) -> None:
    """A problem whose request failed is a lost sample, not a missing one."""
    place.write("raw.jsonl", [journal_line(FIRST, outcome="error", answer=""), *map(journal_line, OTHERS)])
    solution = place.collect("raw.jsonl").solutions[FIRST][0]
    assert (solution.info.outcome, solution.code) == ("error", "")


def test_strange_numbers_and_outcomes(place: Place) -> None:
    """Fields of the same names in a stranger's file do no harm."""
    odd = {
        "outcome": ["good"],
        "seconds": float("nan"),
        "completion_tokens": "many",
        "sample": float("inf"),
        "answer": "",
    }
    place.write("all.jsonl", [row | odd for row in place.rows()])
    solution = place.collect("all.jsonl").solutions[FIRST][0]
    assert (solution.code, solution.info.outcome, solution.info.seconds) == (SOLUTIONS[FIRST], "stop", 0)


def test_folders_of_files(place: Place) -> None:
    """EvalPlus's folders (HumanEval_0/0.py) and single files (HumanEval_0.py) name their problem."""
    for task_id in DEMO:
        place.write(f"folders/{task_id.replace('/', '_')}/0.py", SOLUTIONS[task_id])
        place.write(f"files/{task_id.replace('/', '_')}.py", SOLUTIONS[task_id])
    assert codes(place.collect("folders")) == codes(place.collect("files/")) == SOLUTIONS
    assert place.collect("files/*_?.py", "folders/Demo_1?").summary == "found 18 of 18 problems in 18 files"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("run_1/check.py", "1 file, not read: check.py"),
        ("notes_2/Demo_0.py", "2 files"),
        ("Demo_0/try_1.py", "2 files"),
        ("helper_2.py", "1 file, not read: helper_2.py"),
        ("DemoMbpp_1001.py", "2 files, 1 of other datasets left out"),
    ],
)
def test_python_of_no_problem(place: Place, name: str, message: str) -> None:
    """Only what is called as a problem is taken for a solution, whatever else has a number in its name."""
    place.write("import/part-01.jsonl", place.rows())
    place.write(f"import/{name}", SOLUTIONS[FIRST])
    imported = place.collect()
    assert codes(imported) == SOLUTIONS
    assert imported.summary == f"found 18 of 18 problems in {message}"


def test_python_of_a_problem_that_there_is_not(place: Place) -> None:
    """A file that is called as the dataset's problems are, and is none, is an error with its name."""
    place.write("import/part-01.jsonl", place.rows())
    place.write("import/Demo_18.py", "x = 1\n")
    assert place.error() == (
        'import/Demo_18.py solves the unknown problem "Demo_18"; Demo has Demo/0 to Demo/17, so correct or delete '
        "that file."
    )


def our_run(place: Place, folder: str) -> None:
    """What a run of ours leaves: a journal with a second answer to the first problem, the samples, what is known."""
    place.write(
        f"{folder}/raw.jsonl", [*map(journal_line, DEMO), journal_line(FIRST, answer="def another():\n    pass\n")]
    )
    place.write(f"{folder}/samples.jsonl", place.rows())
    infos = [
        {"task_id": task_id, "sample": 0, "rule": "fence", "lost": "", "outcome": "stop", "completion_tokens": 7}
        for task_id in DEMO
    ]
    place.write(f"{folder}/samples_info.jsonl", [infos[0] | {"outcome": "truncated", "lost": "truncated"}, *infos[1:]])
    for name in ("raw.jsonl.1", "eval_results.json", ".stamps/samples.json", "run.json"):
        place.write(f"{folder}/{name}", "{}\n")


@pytest.mark.parametrize("solutions", ["results/x", "results/x/demo/*.jsonl", "results/x/demo/samples.jsonl"])
def test_results_of_another_profile(place: Place, solutions: str) -> None:
    """Of a folder of our own results the samples that were graded count, with what is known of them, once."""
    our_run(place, "results/x/demo")
    imported = place.collect(solutions)
    assert codes(imported) == SOLUTIONS
    first, *others = [one for (one,) in imported.solutions.values()]
    assert (first.info.outcome, first.info.rule, first.info.completion_tokens) == ("truncated", "fence", 7)
    assert {one.info.outcome for one in others} == {"stop"}
    assert imported.summary.startswith("found 18 of 18 problems in 1 file, 18 by extraction")


def test_answers_of_another_profile(place: Place) -> None:
    """The journal beside imported samples of ours says what each was found in, but for a line that is another's."""
    our_run(place, "results/x/demo")
    lines = {FIRST: 1, OTHERS[0]: 2, OTHERS[1]: 4, OTHERS[2]: 99}
    infos = [
        {"task_id": task_id, "sample": 0, "rule": "fence", "lost": "", "origin": f"raw.jsonl:{lines.get(task_id, 0)}"}
        for task_id in DEMO
    ]
    journal = [journal_line(FIRST, reasoning="Let me see."), *map(journal_line, OTHERS)]
    place.write("results/x/demo/samples_info.jsonl", infos)
    place.write("results/x/demo/raw.jsonl", journal)
    collected = {
        task_id: (one.info.answer, one.info.reasoning)
        for task_id, (one,) in place.collect("results/x").solutions.items()
    }
    assert collected[FIRST] == (journal[0]["answer"], "Let me see.")
    assert collected[OTHERS[0]] == (journal[1]["answer"], "")
    assert {collected[task_id] for task_id in OTHERS[1:]} == {("", "")}


def test_results_of_another_profile_at_a_temperature(place: Place) -> None:
    """No sample of a run of ours is counted twice."""
    our_run(place, "results/x/demo")
    assert "0 of 18 problems are solved with 3 samples each" in place.error("results/x", more=SAMPLED)
    assert len(place.collect("results/x", more=SAMPLED + "partial = true").solutions[FIRST]) == 1


def test_a_run_that_did_not_come_to_samples(place: Place) -> None:
    """Where a run of ours left no samples, its journal counts; who names a journal means it."""
    our_run(place, "results/x/demo")
    assert codes(place.collect("results/x/demo/raw.jsonl"))[FIRST].startswith("def another")
    (place.root / "results/x/demo/samples.jsonl").unlink()
    assert codes(place.collect("results/x"))[FIRST].startswith("def another")


def test_own_results_are_not_imported(place: Place) -> None:
    """What doit writes for a profile is never its import: it would be read as a solution, and overwritten."""
    place.write("results/claude/import/part-01.jsonl", [{"task_id": FIRST, "solution": "new"}, *place.rows(OTHERS)])
    our_run(place, "results/claude/demo")
    assert codes(place.collect("results/claude"))[FIRST] == "new"
    with pytest.raises(ProfilesError) as caught:
        place.collect("results/claude/demo/samples.jsonl")
    assert caught.value.sentence == (
        "claude: results/claude/demo/samples.jsonl holds what doit writes for this very profile and nothing else; put "
        "its solutions elsewhere, such as results/claude/import/."
    )


def test_what_was_not_read(place: Place) -> None:
    """Files of other kinds beside the solutions are named, hidden ones are not there."""
    place.write("import/part-01.jsonl", place.rows())
    for name in ("README.md", "notes.txt", ".part-02.jsonl.swp", "helpers.py", ".git/x.jsonl"):
        place.write(f"import/{name}", "x = 1\n")
    assert place.collect().summary == "found 18 of 18 problems in 1 file, not read: README.md, helpers.py, notes.txt"
    place.write("import/zoo.txt", "")
    assert place.collect().summary.endswith("not read: README.md, helpers.py, notes.txt, zoo.txt")
    place.write("import/zoom.txt", "")
    assert place.collect().summary.endswith("not read: README.md, helpers.py, notes.txt and 2 more")


def test_gzip(place: Place) -> None:
    """Gzipped files are read, whatever their name says."""
    data = "".join(json.dumps(row) + "\n" for row in place.rows()).encode()
    place.write("import/all.jsonl.gz", gzip.compress(data))
    place.write("disguised.jsonl", gzip.compress(data))
    assert codes(place.collect()) == codes(place.collect("disguised.jsonl")) == SOLUTIONS


def test_several_places(place: Place) -> None:
    """A profile may name files, folders and globs together; a file that several name is read once."""
    tasks = list(DEMO)
    place.write("a/one.jsonl", place.rows(tasks[:9]))
    place.write("b/two.jsonl", place.rows(tasks[9:]))
    assert place.collect("a/*.jsonl", "a/one.jsonl", "b").summary == "found 18 of 18 problems in 2 files"
    assert codes(place.collect(str(place.root / "a"), "**/two.jsonl")) == SOLUTIONS


@pytest.mark.parametrize(
    ("solutions", "section"),
    [("import/", "Claude"), ("none.jsonl", "Solutions from elsewhere"), ("none/*.jsonl", "Solutions from elsewhere")],
)
def test_nothing_yet(place: Place, solutions: str, section: str) -> None:
    """Without any solution the profile lacks a prerequisite, which is where they would be."""
    with pytest.raises(MissingPrerequisite, match=rf"claude: no solutions yet in .* \(README: {section}\)\."):
        place.collect(solutions)


def test_nothing_of_this_dataset(place: Place) -> None:
    """Solutions of another dataset alone are none of this one."""
    place.write("import/part-01.jsonl", place.rows())
    with pytest.raises(MissingPrerequisite, match="no solutions of Demo MBPP yet in import/"):
        place.collect(dataset="demo-mbpp")


SAMPLED = "samples = 3\n"


def test_several_samples(place: Place) -> None:
    """Each problem has as many solutions as `samples` says, at no temperature, in their order, also two alike ones."""
    rows = [{"task_id": task_id, "solution": f"x = {number // 2}"} for number in range(3) for task_id in DEMO]
    place.write("import/all.jsonl", rows)
    imported = place.collect(more=SAMPLED)
    assert [one.code for one in imported.solutions[FIRST]] == ["x = 0", "x = 0", "x = 1"]
    assert imported.summary.startswith("found 18 of 18 problems in 1 file, 54 samples, 54 without their function")


def test_what_evalplus_left_raw(place: Place) -> None:
    """Of the samples that EvalPlus's codegen leaves twice the sanitized ones are read, and the others named."""
    raw = [row | {"solution": f"Sure!\n{row['solution']}"} for row in place.rows()]
    place.write("import/m_temp_0.0.jsonl", place.rows())
    place.write("import/m_temp_0.0.raw.jsonl", raw)
    imported = place.collect()
    assert codes(imported) == SOLUTIONS
    assert imported.summary == "found 18 of 18 problems in 1 file, not read: m_temp_0.0.raw.jsonl"
    assert place.collect("import/*.jsonl") == imported
    assert codes(place.collect("import/m_temp_0.0.raw.jsonl")) != SOLUTIONS
    (place.root / "import/m_temp_0.0.jsonl").unlink()
    assert place.collect().summary.startswith(
        "found 18 of 18 problems in 1 file, 18 by extraction, solution read as chat"
    )


def test_more_samples_than_requested(place: Place) -> None:
    """Samples beyond those that the profile asks for are left out, and counted."""
    place.write("import/all.jsonl", place.rows([*DEMO, *DEMO, *DEMO, FIRST, FIRST]))
    imported = place.collect(more=SAMPLED)
    assert len(imported.solutions[FIRST]) == 3
    assert imported.summary.endswith("54 samples, 2 beyond the samples asked for left out")


def test_fewer_samples_than_requested(place: Place) -> None:
    """A problem with fewer samples than the profile asks for is not solved, unless partial."""
    place.write("import/all.jsonl", place.rows([*DEMO, *DEMO, *OTHERS]))
    assert "17 of 18 problems are solved with 3 samples each, 1 is missing, next is Demo/0" in place.error(more=SAMPLED)
    assert len(place.collect(more=SAMPLED + "partial = true").solutions[FIRST]) == 2


def test_samples_in_folders(place: Place) -> None:
    """EvalPlus numbers the samples of a problem in its folder: 10.py comes after 2.py."""
    for number in (0, 2, 10):
        for task_id in DEMO:
            place.write(f"import/{task_id.replace('/', '_')}/{number}.py", f"x = {number}\n")
    assert [one.code for one in place.collect(more=SAMPLED).solutions[FIRST]] == ["x = 0\n", "x = 2\n", "x = 10\n"]


def test_a_journal_with_samples(place: Place) -> None:
    """A journal's samples are in the order of their numbers."""
    rows = [journal_line(task_id, sample=n, answer=f"def f():\n    return {n}") for n in (2, 0, 1) for task_id in DEMO]
    place.write("raw.jsonl", rows)
    assert [one.code[-1] for one in place.collect("raw.jsonl", more=SAMPLED).solutions[FIRST]] == ["0", "1", "2"]


def test_nothing_is_written(place: Place) -> None:
    """An import changes no file and makes none."""
    place.write("import/part-01.jsonl", place.rows())
    place.collect()
    before = {path: path.stat().st_mtime_ns for path in place.root.rglob("*")}
    place.collect()
    changed = {path for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert changed == {place.root / "profiles.toml"}
    assert set(before) == set(place.root.rglob("*"))


def test_a_damaged_dataset_elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown problem is named even where another dataset that might have it cannot be read."""
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(place.write("mbpp.jsonl", "{")))
    place.write("import/part-01.jsonl", [*place.rows(), {"task_id": "Nobody/1", "solution": "x = 1"}])
    assert 'solves the unknown problem "Nobody/1"' in place.error()


def test_a_task_id_with_a_terminals_commands(place: Place) -> None:
    """A task id is shown as a text of one line, whatever is in it."""
    place.write("import/part-01.jsonl", [{"task_id": "No\x1b[31m\nbody/1", "solution": "x"}])
    assert not set("\x1b\n") & set(place.error())


def test_missing_problems_are_ranges() -> None:
    """Neighbours that are missing are one range; of many ranges a few are named, and how many more there are."""
    order = [f"Demo/{number}" for number in range(20)]
    assert ranges(order[7:], order) == "Demo/7 to 19"
    assert ranges([order[0], *order[3:5], order[9]], order) == "Demo/0, Demo/3 to 4, Demo/9"
    assert ranges(order[::2], order) == "Demo/0, Demo/2, Demo/4 and 7 more"
