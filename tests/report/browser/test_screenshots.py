"""Pictures of the page, for people to look at: BENCH_SCREENSHOTS names the folder that keeps them."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tests.report.browser.chrome import Page

pytestmark = pytest.mark.slow

WINDOWS = {"desk": (1280, 900), "phone": (390, 844)}
VIEWS = {"overview": "", "matrix": "#matrix-demo", "sample": "#s/alpha-q8/demo/Demo%2F2/0",
         "pair": "#c/demo/Demo%2F2/alpha-q8/alpha-q4"}  # fmt: skip
DECODE = """(async () => {
  const bytes = Uint8Array.from(atob("%s"), (character) => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]));
  const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const dots = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
  const light = (dot) => ((dot & 255) + ((dot >> 8) & 255) + ((dot >> 16) & 255)) / 765;
  const colors = new Map();
  for (const dot of dots) colors.set(dot, (colors.get(dot) ?? 0) + 1);
  const brightness = dots.reduce((sum, dot) => sum + light(dot), 0) / dots.length;
  return {width: image.width, height: image.height, colors: colors.size, brightness,
          ground: Math.max(...colors.values()) / dots.length};
})()"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pictures are kept."""
    kept = os.environ.get("BENCH_SCREENSHOTS")
    path = Path(kept).resolve() if kept else tmp_path
    path.mkdir(parents=True, exist_ok=True)
    return path


def seen(tab: Page, path: Path) -> dict[str, Any]:
    """A picture's size, how many colours it has, how bright it is (0 to 1), and the share of its commonest colour."""
    actual: dict[str, Any] = tab.run(DECODE % base64.b64encode(path.read_bytes()).decode())
    return actual


def picture(tab: Page, page: Path, view: str, window: str, theme: str, path: Path) -> None:
    """Take a view of a page in a window and a theme."""
    width, height = WINDOWS[window]
    tab.size(width, height, phone=window == "phone")
    tab.theme(theme)
    tab.open(page, VIEWS[view])
    if view in ("sample", "pair"):
        tab.wait("document.activeElement === document.querySelector('#view h1')")
    tab.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    tab.screenshot(path)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("view", VIEWS)
def test_both_themes(tab: Page, few: Path, folder: Path, view: str, window: str) -> None:
    """Each view shows something at a desk and on a phone, bright in the light theme and dark in the dark one."""
    bright = {}
    for theme in ("light", "dark"):
        path = folder / f"{view}-{window}-{theme}.png"
        picture(tab, few, view, window, theme, path)
        assert tab.complaints == []
        actual = seen(tab, path)
        assert (actual["width"], actual["height"]) == WINDOWS[window]
        assert actual["colors"] > 50
        assert actual["ground"] < 0.97
        bright[theme] = actual["brightness"]
    assert bright["light"] > 0.7
    assert bright["dark"] < 0.3
