import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bench.report import html, sample_pages
from bench.report.render import gather
from bench.report.results import Result
from bench.text import visible
from tests.report import made
from tests.report.made import HOSTILE, local, report, result, run, written

STATIC = Path(html.__file__).parent / "static"


class Tags(HTMLParser):
    """Every tag with its attributes, and every script with its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts.append((self.tags[-1][1], data))

    def handle_endtag(self, tag: str) -> None:
        self.inside = False


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> made.Made:
    """Three models on the demo's problems."""
    return made.few(tmp_path_factory.mktemp("few"))


@pytest.fixture(scope="module")
def page(few: made.Made) -> str:
    """The page over them."""
    return html.render(few.report, few.journals)


def index_of(page: str) -> dict[str, Any]:
    """The page's index, as its scripts read it."""
    actual: dict[str, Any] = json.loads(next(text for attrs, text in Tags(page).scripts if attrs.get("id") == "index"))
    return actual


def block_of(page: str, name: str) -> dict[str, Any]:
    """One problem's texts, as the page's scripts unpack them."""
    packed = next(text for attrs, text in Tags(page).scripts if attrs.get("id") == name)
    actual: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return actual


def test_same_input_same_bytes(few: made.Made, page: str) -> None:
    """The page depends on its results and journals alone."""
    assert html.render(few.report, few.journals) == page


def test_no_address_leads_out(page: str) -> None:
    """Nothing on the page has an address but places on it, and there is no image, frame, link or style sheet."""
    tags = Tags(page).tags
    addresses = [
        str(attrs[key]) for _, attrs in tags for key in ("href", "src", "action", "xlink:href") if key in attrs
    ]
    assert addresses
    assert all(address.startswith("#") for address in addresses)
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & {tag for tag, _ in tags}
    assert "url(" not in page.split("</style>", maxsplit=1)[0]


def test_policy_allows_its_scripts_alone(page: str) -> None:
    """The content security policy names the hashes of the page's scripts and forbids all else."""
    actual = Tags(page)
    policy = next(str(attrs["content"]) for _, attrs in actual.tags if attrs.get("http-equiv"))
    scripts = [text for attrs, text in actual.scripts if "type" not in attrs]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert policy.startswith("default-src 'none'; script-src " + " ".join(f"'sha256-{one}'" for one in hashes) + ";")


def test_scripts_never_make_markup() -> None:
    """No script turns a text into markup or code."""
    wrong = re.compile(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|setTimeout\(|srcdoc")
    for path in STATIC.glob("*.js"):
        assert not wrong.search(path.read_text()), path.name
        assert path.read_text().startswith('"use strict";')


def test_index_holds_every_outcome(page: str) -> None:
    """Each model has a letter a problem, and what was lost though it passes."""
    leaderboard = index_of(page)["leaderboards"][0]
    alpha = next(model for model in leaderboard["models"] if model["id"] == "alpha-q8")
    assert alpha["cells"] == made.EVERY
    assert alpha["lost"] == {"10/0": "x"}
    gamma = next(model for model in leaderboard["models"] if model["id"] == "gamma")
    assert gamma["cells"] == "pppbpppppppp------"
    assert index_of(page)["kinds"][0][:3] == ["p", "pass", "passed"]
    assert leaderboard["functions"][:2] == ["running_total", "longest_word"]


def test_hard_problems_come_first(page: str) -> None:
    """The order of the matrix begins with the problem that the fewest models pass."""
    leaderboard = index_of(page)["leaderboards"][0]
    passed = [sum(model["cells"][at] == "p" for model in leaderboard["models"]) for at in leaderboard["order"]]
    assert passed == sorted(passed)
    assert sorted(leaderboard["order"]) == list(range(18))


def test_block_has_answer_thoughts_and_failure(page: str) -> None:
    """A problem's block holds its prompt, and of each sample the answer around its code, thoughts, rule and failure."""
    block = block_of(page, "b-demo-2")
    at = next(i for i, sample in enumerate(block["samples"]) if sample["kind"] == "u" and "around" in sample)
    sample = block["samples"][at]
    assert block["prompt"].startswith("def is_leap_year")
    assert sample["around"][0].endswith("```python\n")
    assert sample["code"].startswith("def solve(value):\n    # Demo/2")
    assert sample["rule"] == "fence"
    assert sample["failure"]["expected"] == "[2, 1]"
    assert block["thoughts"][at].startswith("The task is Demo/2.")


def test_an_import_has_no_answer(page: str) -> None:
    """A sample without a journal has code and no answer, which is not the same as an empty one."""
    block = block_of(page, "b-demo-0")
    answers = {sample["model"]: sample.get("answer", "around") for sample in block["samples"]}
    assert sorted(answers.values(), key=str) == [None, None, "around"]


def test_a_journal_that_changed_gives_no_wrong_answer(tmp_path: Path) -> None:
    """Lines that are gone, damaged or of another sample leave their samples without an answer."""
    few = made.few(tmp_path)
    path = few.journals["alpha-q8", "demo"]
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[1], "{", *lines[2:4]]))
    page = html.render(few.report, few.journals)
    for at, known in enumerate([False, False, True, True, False]):
        samples = block_of(page, f"b-demo-{at}")["samples"]
        assert any("around" in s or s.get("answer") is not None for s in samples) == known


def test_hostile_titles_are_seen_for_what_they_are() -> None:
    """Control and direction characters become signs; what is only white space stays a space."""
    assert visible("a\x1b[31mb\u202ec\nd\u2028e\ud800") == "a␛[31mb⟨U+202E⟩c d e⟨U+D800⟩"


@pytest.mark.parametrize(("text", "kept"), [("x" * 10, 10), ("x" * 100, 30), ("ab\n" * 40, 30), ("", 0)])
def test_long_texts_lose_their_middles(text: str, kept: int) -> None:
    """What is left out is counted in characters and in lines; short texts stay whole."""
    clipped = sample_pages.clip(text, 30)
    if isinstance(clipped, str):
        assert clipped == text
        return
    head, left, lines, tail = clipped
    assert len(str(head)) + len(str(tail)) <= kept
    assert text == f"{head}{text[len(str(head)) : len(str(head)) + int(left)]}{tail}"
    assert str(head).count("\n") + int(lines) + str(tail).count("\n") == text.count("\n")


def test_enormous_answers_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the answers are, their blocks fit into the limit."""
    few = made.few(tmp_path)
    path = few.journals["alpha-q8", "demo"]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    noise = hashlib.shake_256(b"noise").hexdigest(100_000)
    path.write_text("".join(json.dumps(row | {"answer": noise[at * 100 :]}) + "\n" for at, row in enumerate(rows)))
    monkeypatch.setattr(sample_pages, "LIMIT", 300_000)
    matrices = [sample_pages.matrix(leaderboard) for leaderboard in few.report.leaderboards]
    blocks = sample_pages.blocks(matrices, few.journals)["demo"]
    assert 100_000 < sum(map(len, blocks)) < 330_000


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text(tmp_path: Path, text: str) -> None:
    """Titles, reasons, names, solutions and failures that are markup make no tag, and end no script."""
    failure = {"suite": text, "index": 0, "input": f"[{text}]", "expected": text, "actual": text, "error": text}
    nasty = {"name": text, "build": text, text: text}
    about = {"rule": text, "failure": failure, "origin": f"{text}:1", "code": f"# {text}"}
    samples = (made.graded("Demo/0", "b", **about), made.graded(f"Demo/{text}", "p", lost=text, **about))
    texts = {"title": text, "note": text, "reference": text, "date": text}
    rows = [
        result("m", "", "demo", **texts, samples=samples, run=run(server=nasty)),
        result("o", "pb", "demo", "Demo", title="Plain", run=local(9.0, 8.0)),
    ]  # fmt: skip
    actual = gather(written(tmp_path / "results", rows), {"o": text}, {("m", "demo"): text}, keep=True)
    page = html.render(actual, {})
    tags = Tags(page).tags
    assert len([1 for tag, _ in tags if tag == "script"]) == 3 + len(index_of(page)["leaderboards"][0]["tasks"])
    assert not [1 for tag, attrs in tags if tag == "img" or any(key.startswith("on") for key in attrs)]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\u2028]", page)
    assert page.encode()


@pytest.mark.parametrize("results", [[], [result("a", "")], [result("a", "b" * 18)], [result("a", "p")]], ids=len)
def test_little_to_show(results: list[Result]) -> None:
    """No result, one without samples, and one that passes nothing make a page."""
    assert "<main" in html.render(report(*results), {})


def test_an_unknown_dataset_is_shown() -> None:
    """Results on a dataset that this machine does not have show the problems that they name."""
    page = html.render(report(result("a", "pub", "humaneval-x", "X", n_problems=4)), {})
    assert index_of(page)["leaderboards"][0]["tasks"] == ["X/0", "X/1", "X/2"]
    assert block_of(page, "b-humaneval-x-0")["prompt"] == ""


def test_all_sets_come_first() -> None:
    """Over several datasets, all of them together have the first table, without a matrix of their own."""
    rows = [result(name, "ppb", dataset) for name in "ab" for dataset in ("humaneval", "mbpp")]
    page = html.render(report(*rows), {})
    assert page.index('id="d-all"') < page.index('id="d-humaneval"') < page.index('id="d-mbpp"')
    assert [leaderboard["dataset"] for leaderboard in index_of(page)["leaderboards"]] == ["humaneval", "mbpp"]


def test_several_samples_share_a_place() -> None:
    """Several samples of a problem are several letters in its place, and a pass@k curve is drawn."""
    page = html.render(report(result("a", "ppb pub bbb"), result("b", "ppp ppp ppp")), {})
    cells = [model["cells"].split(" ") for model in index_of(page)["leaderboards"][0]["models"]]
    assert cells == [["ppp", "ppp", "ppp"], ["ppb", "pub", "bbb"]]
    assert "chart-curves" in page


def test_an_imported_answer() -> None:
    """An import whose code was found in an answer shows that answer around the code, and its thoughts."""
    code = "def f(): ..."
    about = {"answer": f"<think>Hm.</think>Here:\n{code}\nDone.", "reasoning": "First.", "code": code}
    sample = made.graded("HumanEval/0", "p", origin="answers.jsonl:1", **about)
    block = block_of(html.render(report(result("chat", "", samples=(sample,))), {}), "b-humaneval-0")
    assert block["samples"][0]["around"] == ["Here:\n", "\nDone."]
    assert block["thoughts"] == ["First.\nHm."]


@pytest.mark.slow
def test_a_night_of_twenty_models_is_small(tmp_path: Path, shared: Path, real_datasets: dict[str, Path]) -> None:
    """The page over 20 models on 164 problems stays below 6 MB, though every other one thinks for 1500 words."""
    actual = made.many(shared, tmp_path, 20, answer_words=1500)
    assert len(html.render(actual.report, actual.journals).encode()) < 6_000_000


def themes() -> dict[str, dict[str, str]]:
    """The colours of the style sheet by theme."""
    actual = re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", (STATIC / "colors.css").read_text()
    )
    return {theme: {one[0]: one[at] for one in actual} for at, theme in enumerate(("light", "dark"), 1)}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2 defines it."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast(theme: str) -> None:
    """Text has a contrast of 4.5 at least on every ground that it stands on, and marks of charts one of 3."""
    colors = themes()[theme]
    grounds = [colors[name] for name in ("bg", "surface", "sunken")]
    for name in ("text", "muted", "accent", "t-comment", "t-string", "t-number", "t-keyword", "t-defined"):
        assert all(contrast(colors[name], ground) >= 4.5 for ground in grounds), name
    for name in ("hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "warm"):
        assert contrast(colors[name], colors["surface"]) >= 3, name
    for kind in [name for name in colors if name.startswith("k-") and not name.endswith("-ink")]:
        assert contrast(colors[kind], colors[f"{kind}-ink"]) >= 4.5, kind
    for ground in ("bad", "taken"):
        assert contrast(colors["text"], colors[ground]) >= 4.5, ground


def test_ours_stand_among_published_scores() -> None:
    """Published scores are listed with ours, with what speaks against comparing them."""
    page = html.render(report(result("a", "pb", title="Ours 9B", reference="Claude Opus 4.5")), {})
    listed = page.split("Compared with published scores")[1].split("</details>")[0]
    assert "Ours 9B" in listed
    assert "not comparable" in listed


def test_what_is_not_done_has_its_remedy() -> None:
    """Profiles without a (newer) result stand with reason and remedy."""
    old = result("old", "ppp", title="Old", state="failed", reason="out of memory", remedy="a smaller one")
    page = html.render(report(old, result("new", "", title="New", state="skipped", reason="no file")), {})
    table = page.split("Skipped, failed, partial, outdated")[1]
    for text in ("Old", "out of memory", "a smaller one", "New", "no file"):
        assert text in table


def test_the_table_is_above_the_charts() -> None:
    """The answer comes first, then the table, then the charts, then the matrix."""
    page = html.render(report(*made.night()), {})
    places = [page.index(text) for text in ('class="answer"', 'id="table-humaneval"', "<figure", 'class="explorer"')]
    assert places == sorted(places)
