from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.report import html
from tests.report import made
from tests.report.browser import chrome


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chrome.Page]:
    """A tab of a real browser; skips where there is none."""
    if chrome.executable() is None:
        pytest.skip("no Chromium here (apt install chromium)")
    with chrome.browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page over three models on the demo's problems."""
    folder = tmp_path_factory.mktemp("few")
    demo = made.few(folder)
    path = folder / "report.html"
    path.write_text(html.render(demo.report, demo.journals))
    return path


@pytest.fixture
def page(tab: chrome.Page, few: Path) -> Iterator[chrome.Page]:
    """The tab with that page at a desk in the light; afterwards nothing went wrong, and nothing was asked for."""
    tab.size(1280, 900)
    tab.theme("light")
    tab.open(few)
    yield tab
    assert tab.complaints == []
    assert tab.requests == []
