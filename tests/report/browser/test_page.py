import json
from pathlib import Path

import pytest

from bench.report import html
from bench.report.render import gather
from tests.report import made, nights
from tests.report.browser.chrome import Page

pytestmark = pytest.mark.slow

PLACES = (
    "[...document.querySelectorAll('.listing tbody tr')].map(row => [row.cells[0].innerText, row.cells[2].innerText])"
)
VIEW = "!document.getElementById('view').hidden && document.querySelector('#view h1') !== null"


def press(page: Page, kind: str) -> None:
    """Press the filter of an outcome."""
    page.run(f"document.querySelector('.chip[data-kind={kind}]').click()")


def choose(page: Page, selector: str, value: str) -> None:
    """Choose in a select, or type into a field."""
    page.run(
        f"{{const node = document.querySelector({json.dumps(selector)}); node.value = {json.dumps(value)}; "
        "node.dispatchEvent(new Event('input', {bubbles: true})); null}"
    )


def go(page: Page, fragment: str) -> None:
    """Follow an address on the page, and wait for its sample."""
    page.run(f"location.hash = {json.dumps(fragment)}")
    page.wait(f"{VIEW} && location.hash === {json.dumps(fragment)}")
    page.wait("document.activeElement === document.querySelector('#view h1')")


@pytest.mark.parametrize(
    ("kind", "actual"),
    [
        ("plus", [["Demo/2", "Alpha Q8_0"], ["Demo/2", "Alpha Q4_K_M"]]),
        ("wrong", [["Demo/3", "Alpha Q8_0"], ["Demo/3", "Gamma"], ["Demo/0", "Alpha Q4_K_M"]]),
        ("test-timeout", [["Demo/4", "Alpha Q8_0"]]),
        ("truncated", [["Demo/5", "Alpha Q8_0"], ["Demo/10", "Alpha Q8_0"]]),
        ("empty", [["Demo/6", "Alpha Q8_0"]]),
        ("no-code", [["Demo/7", "Alpha Q8_0"]]),
        ("refused", [["Demo/8", "Alpha Q8_0"]]),
        ("request-timeout", [["Demo/9", "Alpha Q8_0"]]),
        ("crash", [["Demo/11", "Alpha Q8_0"]]),
        ("name", [["Demo/12", "Alpha Q8_0"]]),
        ("undefined", [["Demo/13", "Alpha Q8_0"]]),
        ("syntax", [["Demo/14", "Alpha Q8_0"]]),
        ("looping", [["Demo/15", "Alpha Q8_0"]]),
        ("missing", [[f"Demo/{at}", "Gamma"] for at in range(12, 18)]),
    ],
)
def test_filters_by_outcome(page: Page, kind: str, actual: list[list[str]]) -> None:
    """The filter of an outcome lists the samples that have it, those that passes though truncated among them."""
    press(page, kind)
    assert sorted(page.run(PLACES)) == sorted(actual)
    chip = f"document.querySelector('.chip[data-kind={kind}]')"
    assert page.run(f"{chip}.querySelector('input').checked")
    assert page.run(f"{chip}.querySelector('.n').innerText") == str(len(actual))


def test_filters_add_up_and_reset(page: Page) -> None:
    """Two outcomes show the samples of either; a search narrows them; a reset lists nothing."""
    press(page, "plus")
    press(page, "test-timeout")
    assert len(page.run(PLACES)) == 3
    choose(page, ".fields input[type=search]", "halving")
    assert page.run(PLACES) == [["Demo/4", "Alpha Q8_0"]]
    page.run("document.querySelector('.fields input[type=search]').focus()")
    page.press("Enter")
    assert page.run(PLACES) == [["Demo/4", "Alpha Q8_0"]]
    page.run("document.querySelector('.fields .quiet').click()")
    assert page.run(PLACES) == []
    assert page.run("document.querySelectorAll('.chip :checked').length") == 0


def test_problems_that_all_pass_are_hidden_on_demand(page: Page) -> None:
    """Columns without a difference are left out until they are asked for."""
    assert page.run("document.querySelector('.status').innerText").startswith("16 problems of 18")
    page.run("document.querySelector('.fields input[type=checkbox]').click()")
    assert page.run("document.querySelector('.status').innerText").startswith("18 problems of 18")


def test_two_models_differ(page: Page) -> None:
    """Of two models, only the problems that one passes and the other does not are shown, with both outcomes."""
    choose(page, "select[aria-label='First model']", "alpha-q8")
    choose(page, "select[aria-label='Second model']", "gamma")
    rows = page.run(
        "[...document.querySelectorAll('.listing tbody tr')].map(row => [...row.cells].map(c => c.innerText))"
    )
    assert [row[0] for row in sorted(rows)] == sorted(["Demo/2", *[f"Demo/{at}" for at in range(4, 10)], "Demo/11"])
    assert all(row[3].endswith("passed") for row in rows)
    status = page.run("document.querySelector('.status').innerText")
    assert "They differ on 8 of 18 problems: Alpha Q8_0 is ahead on 0, Gamma on 8." in status
    page.run("document.querySelector('.listing a').click()")
    page.wait(VIEW)
    assert page.run("[...document.querySelectorAll('#view h2')].map(h => h.innerText)") == ["Alpha Q8_0", "Gamma"]


def test_ranked_models_are_tested(page: Page) -> None:
    """For two ranked models the report's own test stands beside their difference."""
    choose(page, "select[aria-label='First model']", "alpha-q4")
    choose(page, "select[aria-label='Second model']", "alpha-q8")
    status = page.run("document.querySelector('.status').innerText")
    assert "Alpha Q4_K_M is ahead on 12, Alpha Q8_0 on 1 (exact p = 0.003)." in status


def test_sample_page_says_why(page: Page) -> None:
    """A sample shows prompt, answer, folded thoughts, code with the rule that found it, verdict and first failure."""
    go(page, "#s/alpha-q8/demo/Demo%2F2/0")
    text = page.run("document.getElementById('view').innerText")
    parts = ["Demo/2", "is_leap_year", "Alpha Q8_0", "def is_leap_year", "Here is a solution"]
    verdict = [
        "wrong answer, plus only",
        "base passed, plus failed",
        "plus test 3",
        "is_leap_year([1, 2])",
        "[2, 1]",
        "None",
    ]
    for part in [*parts, *verdict, "found in a code fence"]:
        assert part in text, part
    assert page.run("document.querySelector('#view details summary').innerText").startswith("Reasoning, ")
    assert not page.run("document.querySelector('#view details').open")
    assert page.run("document.title") == "Demo/2 · Benchmark report"


def test_exception_is_marked_at_its_line(page: Page) -> None:
    """Where a sample raised, its line in the code is marked, with what was raised below it."""
    go(page, "#s/alpha-q8/demo/Demo%2F4/0")
    marked = "[...document.querySelectorAll('#view .line.bad')].map(line => [line.dataset.number, line.innerText])"
    assert page.run(marked) == [["3", "    return value"]]
    assert page.run("document.querySelector('#view .blame').innerText") == "ran out of time"


def test_a_missing_sample_is_said_to_be_missing(page: Page) -> None:
    """A problem that was not attempted shows its prompt; an address of nothing leads to all results."""
    go(page, "#s/gamma/demo/Demo%2F15/0")
    assert "not attempted" in page.run("document.getElementById('view').innerText")
    for wrong in (
        "#s/nobody/demo/Demo%2F1/0",
        "#s/gamma/demo/Demo%2F99/0",
        "#c/demo/Demo%2F1/gamma/nobody",
        "#s/%zz/1/2/3",
    ):
        page.run(f"location.hash = '{wrong}'")
        page.wait("!document.getElementById('overview').hidden")


def test_back_returns_to_the_place(page: Page) -> None:
    """Escape leads from a sample back to where the reader was, with what was chosen there."""
    press(page, "plus")
    page.run("document.querySelector('.listing a').focus(); scrollTo(0, 700)")
    page.press("Enter")
    page.wait(VIEW)
    page.press("Escape")
    page.wait("!document.getElementById('overview').hidden")
    assert page.run("scrollY") == 700
    assert page.run("document.activeElement.innerText") == "Demo/2"
    assert len(page.run(PLACES)) == 2


def test_links_lead_from_a_sample_to_a_place(page: Page) -> None:
    """From a sample, a link of the page's head leads to its place among all results."""
    go(page, "#s/alpha-q8/demo/Demo%2F2/0")
    page.run("document.querySelector('.top nav a').click()")
    page.wait("!document.getElementById('overview').hidden")
    assert 0 <= page.run("document.getElementById('ladder').getBoundingClientRect().top") < 100


def test_model_page(page: Page) -> None:
    """A model's name leads to its page: figures, how it was run, and its failures by kind, each with its problems."""
    page.run("document.querySelector('.headline tbody a[href*=alpha-q8]').click()")
    page.wait(VIEW)
    text = page.run("document.getElementById('view').innerText")
    for part in ("Alpha Q8_0", "50.0", "8.5", "llama.cpp b7123", "not valid Python", "looping"):
        assert part in text, part
    parts = page.run("[...document.querySelectorAll('#view .problems')].map(list => list.children.length)")
    assert sum(parts) == len(made.EVERY.replace("p", "")) + 1
    page.run("document.querySelector('#view .problems a').click()")
    page.wait("location.hash.startsWith('#s/alpha-q8/')")
    page.press("Escape")
    page.wait("location.hash.startsWith('#m/')")
    page.press("Escape")
    page.wait("!document.getElementById('overview').hidden")


def test_pair_page(page: Page) -> None:
    """A pair of samples shows the prompt once, and both codes line by line, with the lines that differ marked."""
    go(page, "#c/demo/Demo%2F2/alpha-q8/gamma")
    assert page.run("document.querySelectorAll('#view .code').length") == 1
    rows = page.run(
        "[...document.querySelectorAll('.diff tr')]"
        ".map(row => [row.className, row.cells[0].innerText, row.cells[1].innerText])"
    )
    assert [row[0] for row in rows] == ["", "", ""]
    assert all(left == right for _, left, right in rows)


@pytest.mark.parametrize(
    ("first", "second", "rows"),
    [
        ("a\nb\nc", "a\nc", [[0, 0], [1, None], [2, 1]]),
        ("a\nx\nc", "a\ny\nc", [[0, 0], [1, 1], [2, 2]]),
        ("a", "b\na", [[None, 0], [0, 1]]),
        ("a\nb", "c\nd\ne", [[0, 0], [1, 1], [None, 2]]),
    ],
)
def test_lines_are_aligned(page: Page, first: str, second: str, rows: list[list[int | None]]) -> None:
    """Equal lines stand beside each other, changed ones beside what they were, others alone."""
    assert page.run(f"align({json.dumps(first.split(chr(10)))}, {json.dumps(second.split(chr(10)))})") == rows


def test_filters_are_in_the_address(page: Page, few: Path) -> None:
    """Filters, search, pair and sort stand in the address; it leads a fresh page to the same view."""
    press(page, "wrong")
    choose(page, ".fields input[type=search]", "demo")
    choose(page, "select[aria-label='First model']", "alpha-q4")
    choose(page, "select[aria-label='Second model']", "alpha-q8")
    page.run("document.querySelector('.headline th[data-key=tokens_per_second] button').click()")
    names = "[...document.querySelectorAll('.headline tbody th bdi')].map(name => name.innerText)"
    state, order, hash_ = page.run(PLACES), page.run(names), page.run("location.hash")
    assert hash_.startswith("#v?")
    page.open(few, hash_)
    assert (page.run(PLACES), page.run(names)) == (state, order)
    assert page.run("document.querySelectorAll('.chip :checked').length") == 1
    page.run("document.querySelector('.fields .quiet').click()")
    assert "only" not in page.run("location.hash")


@pytest.mark.parametrize("hash_", ["#v?", "#v?d=nobody&only=x", "#v?d=demo&only=none&a=nobody&b=&sort=x.y", "#v?%zz"])
def test_addresses_of_nothing(page: Page, few: Path, hash_: str) -> None:
    """An address with filters that nobody knows leads to all results as they are."""
    page.open(few, hash_)
    assert not page.run("document.getElementById('overview').hidden")
    assert page.run(PLACES) == []


def test_escape_goes_back_once(page: Page) -> None:
    """After a walk through neighbours, one Escape leads back to where the first sample was opened from."""
    press(page, "plus")
    before = page.run("location.hash")
    page.run("document.querySelector('.listing a').click()")
    page.wait(VIEW)
    for _ in range(3):
        page.press("ArrowRight")
    page.wait("document.activeElement === document.querySelector('#view h1')")
    page.press("Escape")
    page.wait("!document.getElementById('overview').hidden")
    assert page.run("location.hash") == before


def test_the_first_screen(page: Page) -> None:
    """On a laptop of 720 pixels the answer and the first rows of the table are seen; its head stays when scrolling."""
    page.size(1280, 720)
    bottom = "document.querySelector('.headline tbody tr').getBoundingClientRect().bottom"
    assert page.run(bottom) < 720
    page.run("document.querySelector('.headline tbody tr:last-child').scrollIntoView({block: 'start'})")
    top = page.run("document.querySelector('.headline thead th').getBoundingClientRect().top")
    assert 0 < top < 80


def test_printing_loses_no_column(page: Page) -> None:
    """On A4 the table fits: every column ends inside the page."""
    page.call("Emulation.setEmulatedMedia", media="print")
    page.size(1032, 700)
    try:
        edges = page.run(
            "[...document.querySelectorAll('.headline thead th')].map(h => h.getBoundingClientRect().right)"
        )
        assert len(edges) >= 8
        assert max(edges) <= 1032
    finally:
        page.call("Emulation.setEmulatedMedia", media="")


def test_arrows_walk_through_problems(page: Page) -> None:
    """On a sample, the arrow keys lead to the harder and the easier neighbour."""
    go(page, "#s/alpha-q8/demo/Demo%2F2/0")
    order = page.run("leaderboards.get('demo').order")
    state = "document.querySelector('#view h1').firstChild.textContent"
    page.press("ArrowRight")
    page.wait(f"{state} === 'Demo/{order[order.index(2) + 1]}'")
    page.press("ArrowLeft")
    page.wait(f"{state} === 'Demo/2'")


def test_matrix_by_keyboard(page: Page) -> None:
    """In the matrix arrow keys move, the place is read out, and Enter opens the sample."""
    page.run("document.querySelector('canvas').focus()")
    page.press("ArrowDown")
    page.press("ArrowRight")
    place = page.run("({row: explorers[0].matrix.at.row, column: explorers[0].matrix.at.column})")
    assert place == {"row": 1, "column": 1}
    left, top = page.run("(({offsetLeft, offsetTop}) => [offsetLeft, offsetTop])(document.querySelector('.cursor'))")
    assert (left, top) == (page.run("explorers[0].matrix.width"), 26 + 20)
    demo = "leaderboards.get('demo')"
    cell = page.run(f"({{task: {demo}.tasks[{demo}.order[1]], model: {demo}.models[1].title}})")
    readout = page.run("document.querySelector('.readout').innerText")
    assert cell["task"] in readout
    assert cell["model"] in readout
    page.press("Enter")
    page.wait(VIEW)
    assert page.run("document.querySelector('#view h1').innerText").startswith(cell["task"])


def test_filters_by_keyboard(page: Page) -> None:
    """The Space key chooses an outcome, and takes it back."""
    page.run("document.querySelector('.chip[data-kind=plus] input').focus()")
    for places in (2, 0):
        page.press(" ")
        assert len(page.run(PLACES)) == places


def test_the_cursor_stays_in_sight(page: Page) -> None:
    """In a low window the page scrolls along with the arrow keys."""
    page.size(1280, 200)
    page.run("document.querySelector('canvas').focus({preventScroll: true}); scrollTo(0, 0)")
    for _ in range(2):
        page.press("ArrowDown")
    assert page.run("document.querySelector('.cursor').getBoundingClientRect().bottom") <= 200


def test_matrix_by_mouse(page: Page) -> None:
    """A click into the matrix opens the sample of that problem and model."""
    page.run("document.querySelector('canvas').scrollIntoView({block: 'center'})")
    box = page.run("(({left, top}) => ({left, top}))(document.querySelector('canvas').getBoundingClientRect())")
    width = page.run("explorers[0].matrix.width")
    page.click(box["left"] + 2.5 * width, box["top"] + 26 + 10)
    page.wait(VIEW)
    assert page.run("location.hash") == page.run(
        "'#' + address.sample(leaderboards.get('demo'), leaderboards.get('demo').order[2], 0, 0)"
    )


def test_matrix_as_a_table(page: Page) -> None:
    """Behind the matrix a table says in words what each model did on each problem, and follows the filters."""
    rows = "[...document.querySelectorAll('.grid tr')].map(row => [...row.cells].map(cell => cell.innerText))"
    assert page.run(rows) == []
    page.run("document.querySelector('.grid summary').click()")
    page.wait("document.querySelectorAll('.grid tr').length > 0")
    heads, *actual = page.run(rows)
    assert heads == ["Problem", "Function", "Alpha Q4_K_M", "Gamma", "Alpha Q8_0"]
    assert len(actual) == 16
    page.run("document.querySelector('.fields input[type=checkbox]').click()")
    actual = page.run(rows)[1:]
    cells = {row[0]: row[2:] for row in actual}
    assert cells["Demo/10"] == ["passed", "passed", "passed, truncated"]
    assert cells["Demo/15"] == ["passed", "not attempted", "looping"]
    assert page.run("document.querySelectorAll('.grid tbody th[scope=row]').length") == len(cells) == 18
    press(page, "test-timeout")
    assert [row[0] for row in page.run(rows)[1:]] == ["Demo/4"]
    assert page.run("document.documentElement.scrollWidth") == 1280
    page.run("document.querySelector('.grid td a[href*=alpha-q8]').click()")
    page.wait(VIEW)
    assert page.run("location.hash") == "#s/alpha-q8/demo/Demo%2F4/0"


def test_table_sorts_and_searches(page: Page) -> None:
    """A head's button sorts, best first, and again the other way; what is not known stays last; a search hides rows."""
    names = "[...document.querySelectorAll('.headline tbody tr:not([hidden]) th bdi')].map(name => name.innerText)"
    sort = "[...document.querySelectorAll('.headline thead button')].find(b => b.innerText === 'tok/s').click()"
    page.run(sort)
    assert page.run(names) == ["Alpha Q4_K_M", "Alpha Q8_0", "Gamma"]
    page.run(sort)
    assert page.run(names) == ["Alpha Q8_0", "Alpha Q4_K_M", "Gamma"]
    assert page.run("document.querySelectorAll('.headline [aria-sort=ascending]').length") == 1
    choose(page, "input[data-searches]", "gam")
    assert len(page.run(names)) == 1
    assert page.run("document.querySelector('output').innerText") == "1 of 3 models"


def test_theme(page: Page) -> None:
    """The page follows the system's theme until the reader chooses the other one."""
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.run(ground)
    page.theme("dark")
    dark = page.run(ground)
    assert dark != light
    page.run("document.getElementById('theme').click()")
    assert page.run(ground) == light
    page.run("localStorage.clear()")


def test_tooltips(page: Page) -> None:
    """Pointing at a mark of a chart shows what it is."""
    page.run("scrollTo(0, 0)")
    box = page.run(
        "(({left, top, width, height}) => ({x: left + width / 2, y: top + height / 2}))"
        "(document.querySelector('.chart-quality .at-desk a path').getBoundingClientRect())"
    )
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=box["x"], y=box["y"])
    page.wait("!document.querySelector('.tip').hidden")
    assert page.run("document.querySelector('.tip').innerText").startswith("Alpha Q4_K_M\n88.9 (67.2")


def test_every_control_is_reachable_by_tab(page: Page) -> None:
    """The Tab key reaches the table's heads, the search, the filters, both pickers and the matrix."""
    page.run("document.body.tabIndex = -1; document.body.focus()")
    reached = []
    for _ in range(80):
        page.press("Tab")
        reached.append(page.run("document.activeElement.tagName + ' ' + (document.activeElement.className || '')"))
        if reached[-1].startswith("CANVAS"):
            break
    assert reached[0] == "A skip"
    assert any(one.startswith("CANVAS") for one in reached)
    for expected in ("INPUT ", "SELECT ", "SUMMARY ", "BUTTON "):
        assert expected in reached, expected


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 800)], ids=["desk", "phone"])
def test_nothing_is_wider_than_the_window(page: Page, width: int, height: int, theme: str) -> None:
    """At a desk and on a phone, in both themes, the page scrolls in one direction only."""
    page.size(width, height, phone=width < 500)
    page.theme(theme)
    assert page.run("document.documentElement.scrollWidth") == width
    go(page, "#s/alpha-q8/demo/Demo%2F2/0")
    assert page.run("document.documentElement.scrollWidth") == width
    assert page.run("[...document.querySelectorAll('.at-phone')].some(one => one.offsetParent)") is False


def test_several_datasets_on_a_phone(tab: Page, tmp_path: Path) -> None:
    """The links to several datasets are no wider than a phone."""
    path = tmp_path / "report.html"
    path.write_text(html.render(made.report(*nights.two()), {}))
    tab.size(390, 800, phone=True)
    tab.open(path)
    assert tab.run("document.documentElement.scrollWidth") == 390


def test_hostile_texts_do_nothing(tab: Page, tmp_path: Path) -> None:
    """Markup, addresses and escapes in titles, code, answers and failures are shown, and do nothing."""
    text = made.HOSTILE[0]
    failure = {"suite": text, "index": 0, "input": f"[{text}]", "expected": text, "actual": text}
    about = {"rule": text, "failure": failure, "origin": f"{text}:1", "code": f"# {text}", "answer": text}
    samples = (made.graded("Demo/0", "b", **about), made.graded(f"Demo/{text}", "b", **about))
    rows = [made.result("m", "", "demo", title=text, note=text, samples=samples, run=made.run(server={"kind": text}))]
    path = tmp_path / "report.html"
    path.write_text(html.render(gather(made.written(tmp_path / "results", rows), {}, {}), {}))
    tab.size(1280, 900)
    tab.open(path)
    addresses = (
        "leaderboards.get('demo').tasks.map((_, at) => '#' + address.sample(leaderboards.get('demo'), at, 0, 0))"
    )
    for fragment in [*tab.run(addresses)[:1], *tab.run(addresses)[-1:], "#m/demo/m"]:
        go(tab, fragment)
        assert tab.run("window.pwned") is None
        assert tab.run("document.querySelectorAll('img, script[src], iframe').length") == 0
    tab.run("location.hash = ''")
    tab.wait("!document.getElementById('overview').hidden")
    tab.run("document.querySelector('.chip[data-kind=wrong]').click()")
    assert "{{7*7}}" in tab.run("document.querySelector('.listing').innerText")
    assert tab.run("window.pwned") is None
    assert tab.complaints == []
    assert tab.requests == []


def test_corpus_page(tab: Page, shared: Path, tmp_path: Path, real_datasets: dict[str, Path]) -> None:
    """Over real models' solutions, every sample of a hard problem opens, and nothing is complained about."""
    actual = made.many(shared, tmp_path, 6)
    path = tmp_path / "report.html"
    path.write_text(html.render(actual.report, actual.journals))
    tab.size(1280, 900)
    tab.open(path)
    position = tab.run("leaderboards.get('humaneval').order[0]")
    for row in range(len(actual.results)):
        go(tab, tab.run(f"'#' + address.sample(leaderboards.get('humaneval'), {position}, {row}, 0)"))
        assert tab.run("document.querySelectorAll('#view .code').length") >= 1
    assert tab.complaints == []
    assert tab.requests == []


def test_the_tab_sees_what_goes_wrong(tab: Page, tmp_path: Path) -> None:
    """A page that asks for something and raises is caught, or the other tests here would show nothing."""
    path = tmp_path / "wrong.html"
    path.write_text("<img src='http://127.0.0.1:9/x.png'><script>nothing.at.all</script>")
    tab.open(path)
    assert tab.requests == ["http://127.0.0.1:9/x.png"]
    assert any("nothing is not defined" in complaint for complaint in tab.complaints)


def test_the_table_is_copied(page: Page) -> None:
    """The rows on show can be copied as CSV and as Markdown, with nothing that a spreadsheet runs."""
    forms = "FORMS.{}([['#', 'Model'], ['=1', 'A, \"B\"'], ['=1', '=SUM(A1)'], ['2', 'a|b_c']])"
    assert page.run(forms.format("csv")) == '#,Model\n=1,"A, ""B"""\n=1,\'=SUM(A1)\n2,a|b_c'
    assert page.run(forms.format("md")).splitlines()[-1] == "| 2 | a\\|b\\_c |"
    texts = page.run("textsOf(document.querySelector('.headline'))")
    assert texts[0][:3] == ["#", "Model", "Demo"]
    assert len(texts) == 4


def test_a_wide_table_fits(tab: Page, tmp_path: Path) -> None:
    """With every column of the first table in use and long names, nothing is wider than a laptop's window."""
    rows = [
        made.result(
            f"m{at}", "pppx" + "po"[at % 2] + "b" * at, title=f"Qwen3-Coder-Next UD-Q{at}_K_XL", state="outdated",
            n_problems=40, run=made.local(21.4 + at, 69.0 - at, str(at)), reference="Qwen2.5-Coder-32B-Instruct",
        )
        for at in range(6)
    ]  # fmt: skip
    path = tmp_path / "report.html"
    path.write_text(html.render(made.report(*rows), {}))
    tab.size(1280, 720)
    tab.open(path)
    assert tab.run("document.documentElement.scrollWidth") == 1280


def test_every_kind_of_row_fits(tab: Page, tmp_path: Path) -> None:
    """With every kind of row and column, the first table ends where its page does, at a laptop's width and on paper."""
    path = tmp_path / "report.html"
    path.write_text(html.render(made.report(*nights.seventeen()), {}))
    edges = "[document.querySelector('.headline').getBoundingClientRect().right, overview.parentElement.offsetWidth]"
    try:
        for media, width in (("", 1366), ("print", 1032)):
            tab.call("Emulation.setEmulatedMedia", media=media)
            tab.size(width, 720)
            tab.open(path)
            right, page_width = tab.run(edges)
            assert right <= (width + page_width) / 2
            assert tab.run("document.documentElement.scrollWidth") == width
        tab.call("Emulation.setEmulatedMedia", media="")
        go(tab, "#m/demo/flash-q2")
        assert "worse: decided after" in tab.run("document.getElementById('view').innerText")
        tab.run("document.querySelector('#view .problems a').click()")
        tab.wait("location.hash.startsWith('#s/flash-q2/demo/')")
    finally:
        tab.call("Emulation.setEmulatedMedia", media="")
    assert tab.complaints == []
