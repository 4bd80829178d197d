import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from bench.report.board import board, kind_of
from bench.report.records import Entry
from bench.report.standings import standings

from bench.report import html, payload
from bench.report.escape import unmarked
from bench.text import visible
from tests.report import made, small

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
    return html.render(standings(few.entries), few.journals)


def index_of(page: str) -> dict[str, Any]:
    """The page's index, as its scripts read it."""
    found: dict[str, Any] = json.loads(next(text for attrs, text in Tags(page).scripts if attrs.get("id") == "index"))
    return found


def block_of(page: str, name: str) -> dict[str, Any]:
    """One problem's texts, as the page's scripts unpack them."""
    packed = next(text for attrs, text in Tags(page).scripts if attrs.get("id") == name)
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return found


def test_same_input_same_bytes(few: made.Made, page: str) -> None:
    """The page depends on its entries and journals alone."""
    assert html.render(standings(few.entries), few.journals) == page


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
    found = Tags(page)
    policy = next(str(attrs["content"]) for _, attrs in found.tags if attrs.get("http-equiv"))
    scripts = [text for attrs, text in found.scripts if "type" not in attrs]
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
    board = index_of(page)["boards"][0]
    alpha = next(model for model in board["models"] if model["id"] == "alpha-q8")
    assert alpha["cells"] == made.EVERY
    assert alpha["lost"] == {"10/0": "x"}
    gamma = next(model for model in board["models"] if model["id"] == "gamma")
    assert gamma["cells"] == "pppbpppppppp------"
    assert board["functions"][:2] == ["running_total", "longest_word"]


def test_hard_problems_come_first(page: str) -> None:
    """The order of the matrix begins with the problem that the fewest models pass."""
    board = index_of(page)["boards"][0]
    passed = [sum(model["cells"][at] == "p" for model in board["models"]) for at in board["order"]]
    assert passed == sorted(passed)
    assert sorted(board["order"]) == list(range(18))


def test_block_has_answer_thoughts_and_failure(page: str) -> None:
    """A problem's block holds its prompt, and of each sample the answer around its code, thoughts, rule and failure."""
    block = block_of(page, "b-demo-2")
    at = next(i for i, sample in enumerate(block["samples"]) if sample["kind"] == "u" and "around" in sample)
    sample = block["samples"][at]
    assert block["prompt"].startswith("def is_leap_year")
    assert sample["around"][0].endswith("```python\n")
    assert sample["code"].startswith("def solve_2")
    assert sample["rule"] == "fence"
    assert sample["failure"]["expected"] == "[2, 1]"
    assert block["thoughts"][at].startswith("The task is Demo/2.")


def test_an_import_has_no_answer(page: str) -> None:
    """A sample without a journal has code and no answer, which is not the same as an empty one."""
    block = block_of(page, "b-demo-0")
    answers = {sample["model"]: sample.get("answer", "around") for sample in block["samples"]}
    assert sorted(answers.values(), key=str) == [None, None, "around"]


def test_an_imported_answer() -> None:
    """An import whose code was found in an answer shows that answer around the code, and its thoughts."""
    about = {
        "origin": "answers.jsonl:1",
        "answer": "<think>Hm.</think>Here:\ndef f(): ...\nDone.",
        "reasoning": "First.",
    }
    entry = small.entry("chat", "p", samples=(small.graded("HumanEval/0", "p", **about),))
    block = block_of(html.render(standings([entry]), {}), "b-humaneval-0")
    assert block["samples"][0]["around"] == ["Here:\n", "\nDone."]
    assert block["thoughts"] == ["First.\nHm."]


def test_a_journal_that_changed_gives_no_wrong_answer(tmp_path: Path) -> None:
    """Lines that are gone, damaged or of another sample leave their samples without an answer."""
    few = made.few(tmp_path)
    path = few.journals["alpha-q8", "demo"]
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[1], "{", *lines[2:4]]))
    page = html.render(standings(few.entries), few.journals)
    for at, known in enumerate([False, False, True, True, False]):
        samples = block_of(page, f"b-demo-{at}")["samples"]
        assert any("around" in s or s.get("answer") is not None for s in samples) == known


def test_hostile_texts_stay_text(tmp_path: Path) -> None:
    """Titles, reasons, names, solutions and failures that are markup make no tag, and end no script."""
    hostile, plain = made.hostile(tmp_path), made.demo("plain", "Plain", "p")
    page = html.render(standings(hostile.entries), hostile.journals)
    tags = Tags(page).tags
    assert len([1 for tag, _ in tags if tag == "script"]) == 2 + 1 + 19
    assert not [1 for tag, attrs in tags if tag == "img" or any(key.startswith("on") for key in attrs)]
    assert page.count("{{7*7}}") > 5
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\u2028]", page)
    assert page.encode()
    assert html.render(standings([plain]), {})


def test_hostile_titles_are_seen_for_what_they_are() -> None:
    """Control and direction characters become signs; what is only white space stays a space."""
    assert visible("a\x1b[31mb\u202ec\nd\u2028e\ud800") == "a␛[31mb⟨U+202E⟩c d e⟨U+D800⟩"


def test_sentences_lose_their_markdown() -> None:
    """The report's own sentences are shown as text: no backslash, no entity, no stars."""
    assert unmarked(r"**1** · A\_B &lt;i&gt; p < 0.001") == "1 · A_B <i> p < 0.001"


@pytest.mark.parametrize("entries", [[], [made.demo("a", "A", "")], [made.demo("a", "A", "b" * 18)]], ids=len)
def test_little_to_show(entries: list[Entry]) -> None:
    """No entry, one without samples, and one that passes nothing make a page."""
    assert "<main" in html.render(standings(entries), {})


def test_an_unknown_dataset_is_shown() -> None:
    """Results on a dataset that this machine does not have show the problems that they name."""
    entry = replace(made.demo("a", "A", "pub"), dataset="humaneval-x", n_problems=4)
    page = html.render(standings([entry]), {})
    assert index_of(page)["boards"][0]["tasks"] == ["Demo/0", "Demo/1", "Demo/2"]
    assert block_of(page, "b-humaneval-x-0")["prompt"] == ""


def test_how_models_were_asked(page: str) -> None:
    """Below the table stands which models answered greedily, and of which that is not known."""
    said = "Answers: one greedy answer a problem (temperature 0): Alpha Q4_K_M, Alpha Q8_0; not known how: Gamma."
    assert said in page


def test_equal_titles_are_told_apart() -> None:
    """Two models of the same title bear their profiles' names."""
    page = html.render(standings([made.demo("one", "Same", "p" * 18), made.demo("two", "Same", "p" * 18)]), {})
    assert [model["title"] for model in index_of(page)["boards"][0]["models"]] == ["Same (one)", "Same (two)"]


def test_several_samples_share_a_place(tmp_path: Path, shared: Path, real_datasets: dict[str, Path]) -> None:
    """Several samples of a problem are several letters in its place, and a pass@k curve is drawn."""
    few = made.many(shared, tmp_path, 2, k=3)
    page = html.render(standings(few.entries), few.journals)
    cells = index_of(page)["boards"][0]["models"][0]["cells"].split(" ")
    assert {len(cell) for cell in cells} == {3}
    assert "chart-curves" in page


def test_unequal_samples_have_a_curve() -> None:
    """A model of which one problem has a single sample has a pass@k curve over the others."""
    samples = [s for number in range(3) for s in made.demo("a", "A", "pubp").samples[: 4 if number == 0 else 3]]
    entry = replace(made.demo("a", "A", "p"), samples=tuple(samples), n_problems=4)
    page = html.render(standings([entry]), {})
    assert "chart-curves" in page
    row = re.search(
        r"<th scope=\"row\"><bdi>A</bdi></th>((?:<td class=\"num\">[^<]*</td>)+)</tr>", page.split("chart-curves")[1]
    )
    assert row
    assert re.findall(r">([\d.]+)<", row.group(1)) == ["50.0", "33.3", "33.3"]


@pytest.mark.parametrize(("text", "kept"), [("x" * 10, 10), ("x" * 100, 30), ("ab\n" * 40, 30), ("", 0)])
def test_long_texts_lose_their_middles(text: str, kept: int) -> None:
    """What is left out is counted in characters and in lines; short texts stay whole."""
    clipped = payload.clip(text, 30)
    if isinstance(clipped, str):
        assert clipped == text
        return
    head, left, lines, tail = clipped
    assert len(str(head)) + len(str(tail)) <= kept
    assert text == f"{head}{text[len(str(head)) : len(str(head)) + int(left)]}{tail}"
    assert str(head).count("\n") + int(lines) + str(tail).count("\n") == text.count("\n")


def test_enormous_answers_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the answers are, their blocks fit into the room that there is."""
    few = made.few(tmp_path)
    path = few.journals["alpha-q8", "demo"]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    noise = hashlib.shake_256(b"noise").hexdigest(100_000)
    path.write_text("".join(json.dumps(row | {"answer": noise[at * 100 :]}) + "\n" for at, row in enumerate(rows)))
    monkeypatch.setattr(payload, "ROOM", 300_000)
    page = [board(standing) for standing in standings(few.entries)]
    blocks = payload.blocks(page, few.journals)["demo"]
    assert 100_000 < sum(map(len, blocks)) < 330_000


@pytest.mark.slow
def test_a_night_of_twenty_models_is_small(tmp_path: Path, shared: Path, real_datasets: dict[str, Path]) -> None:
    """The page over 20 models on 164 problems stays below 6 MB, though every other one thinks for 1500 words."""
    found = made.many(shared, tmp_path, 20, words=1500)
    assert len(html.render(standings(found.entries), found.journals).encode()) < 6_000_000


def test_lost_comes_before_a_verdict() -> None:
    """A truncated sample that fails counts as truncated; one that passes, as passed."""
    failed = made.graded("Demo/0", "fail", "fail", "code", lost="truncated")
    assert kind_of(failed) == "x"
    assert kind_of(replace(failed, base="pass", plus="pass")) == "p"


def themes() -> dict[str, dict[str, str]]:
    """The colours of the style sheet by theme."""
    css = (STATIC / "colors.css").read_text()
    found = {}
    for name, start in (
        ("light", ":root {"),
        ("dark", ':root:not([data-theme="light"]) {'),
        ("chosen", ':root[data-theme="dark"] {'),
    ):
        body = css.split(start)[1].split("}")[0]
        found[name] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", body))
    return found


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


def test_chosen_and_preferred_dark_are_the_same() -> None:
    """The dark theme is one, whether the system or the reader asks for it, and names every colour of the light one."""
    found = themes()
    assert found["dark"] == found["chosen"]
    assert found["dark"].keys() == found["light"].keys()


def test_ours_stand_among_published_scores(shared: Path) -> None:
    """Published scores are listed with ours, best plus first, with what speaks against comparing them."""
    page = html.render(standings([made.imported(shared, "gpt4")]), {})
    names = re.findall(r"<bdi>([^<]*)</bdi></th>\n<td", page)
    ours = names.index("GPT-4 (May 2023)", 1)
    assert names.index("O1 Preview (Sept 2024)") < ours < names.index("Codestral 25.01")
    assert "not comparable: secondary source" in page


def test_what_is_not_done_is_said_with_its_remedy() -> None:
    """Profiles without a (newer) result stand with reason and remedy; datasets without any come last."""
    old = replace(made.demo("old", "Old", "p" * 18), state="failed", reason="out of memory", remedy="a smaller one")
    new = Entry("new", "humaneval", "New", "", "", "none", "not run yet", 164, remedy="doit eval:new")
    page = html.render(standings([new, old]), {})
    cells = re.findall(
        r"<tr><th scope=\"row\"><bdi>(\w+)</bdi></th>" + 3 * r"<td>(?:<bdi>)?([^<]*)(?:</bdi>)?</td>", page
    )
    assert cells == [
        ("Old", "failed", "out of memory", "a smaller one"),
        ("New", "not run", "not run yet", "doit eval:new"),
    ]
    assert page.index("<h1>Demo+</h1>") < page.index("<h1>HumanEval+</h1>")
