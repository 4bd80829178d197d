"""The three reports; after a change that is meant, run this with UPDATE_GOLDEN=1 set, and read the difference."""

import base64
import json
import os
import re
import zlib
from pathlib import Path

import pytest
from bench.report.standings import standings

from bench.report import html, jsonfile, markdown
from tests.report.small import SELFTESTS, night

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(autouse=True)
def no_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A report is rendered where the datasets are not."""
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))


def golden(name: str, text: str) -> str:
    """The golden file of that name; it becomes `text` where that is asked for."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")


def test_markdown() -> None:
    """REPORT.md over a night of every kind of row is the golden file, byte for byte."""
    entries = night()
    text = markdown.render(standings(entries), entries, markdown.Context(SELFTESTS, "NOTES_max_tokens.md"))
    assert text == golden("REPORT.md", text)


def test_json() -> None:
    """report.json over the same night is the golden file, byte for byte."""
    text = jsonfile.render(standings(night()), SELFTESTS)
    assert text == golden("report.json", text)


def test_page() -> None:
    """What report.html says without its scripts is the golden file; styles and drawings have tests of their own."""
    text = static(html.render(standings(night()), {}))
    assert text == golden("report.html", text)


def test_payload() -> None:
    """What the scripts of report.html read is the golden file, unpacked."""
    text = payload(html.render(standings(night()), {}))
    assert text == golden("payload.json", text)


def static(page: str) -> str:
    """The page without styles, scripts, their policy, and drawings, whose bytes are those of other programs."""
    for tag in ("style", "script", "svg"):
        page = re.sub(rf"<{tag}\b[^>]*>.*?</{tag}>", f"<{tag}>…</{tag}>", page, flags=re.DOTALL)
    page = re.sub(r'(http-equiv="Content-Security-Policy" content=)"[^"]*"', r'\1"…"', page)
    return re.sub(r"(<script>…</script>\n)+", r"\1", page)


def payload(page: str) -> str:
    """The index, and by problem the block of texts."""
    index = re.search(r'<script type="application/json" id="index">(.*?)</script>', page, re.DOTALL)
    assert index
    blocks = re.findall(r'<script type="text/plain" id="(b-[^"]+)">([^<]*)</script>', page)
    texts = {name: json.loads(zlib.decompress(base64.b64decode(packed))) for name, packed in blocks}
    return json.dumps({"index": json.loads(index.group(1)), "blocks": texts}, indent=1) + "\n"
