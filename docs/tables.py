"""Writes what is derived from the keys of profiles.toml and from the commands: `python -m docs.tables`.

In Markdown, a block from `<!-- keys: NAME -->` to `<!-- end -->` holds the table of that section, or, for the name
`commands`, that of the commands; the schema for editors lies beside profiles.toml.
"""

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path

from bench.profiles import Evaluation, Host, OwnDataset, Paths, Profile, Reporting, Sampling, Sandbox, Server, schema
from bench.profiles.keys import Key, keys

ROOT = Path(__file__).parents[1]
TABLES: dict[str, tuple[str, tuple[type, ...]]] = {
    "profile": ("key", (Profile, Sampling)),
    "server": ("key of `[server]`", (Server,)),
    "sandbox": ("key of `[sandbox]`", (Sandbox,)),
    "evaluate": ("key of `[evaluate]`", (Evaluation,)),
    "report": ("key of `[report]`", (Reporting,)),
    "paths": ("key of `[paths]`", (Paths,)),
    "datasets": ("key of `[datasets.<name>]`", (OwnDataset,)),
    "hosts": ("key of `[hosts.<name>]`", (Host,)),
}
BLOCK = re.compile(r"(<!-- keys: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(name: str) -> str:
    """The Markdown table of a section: each key with its default, what a change affects, and its sentence."""
    if name == "commands":
        return commands()
    title, records = TABLES[name]
    declared = [key for record in records for key in keys(record).values()]
    rows = [f"| `{key.name}` | {_default(key)} | {key.affects} | {key.about} |" for key in declared]
    return "\n".join([f"| {title} | default | a change affects | |", "| --- | --- | --- | --- |", *rows, ""])


def commands() -> str:
    """The Markdown table of this project's commands, as `doit help` has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rows = ["| command | | options |", "| --- | --- | --- |"]
    for name, place in project["tool"]["doit"]["plugins"]["command"].items():
        if name == "run":
            continue  # doit's own, which doit documents
        module, _, kind = place.partition(":")
        command = getattr(import_module(module), kind)
        usage = f"doit {name} {command.doc_usage}".strip().replace("|", "\\|")
        options = [f"`--{option['long']}`: {option['help']}" for option in command.cmd_options]
        rows.append(f"| `{usage}` | {command.doc_purpose} | {'; '.join(options)} |")
    return "\n".join([*rows, ""])


def rewritten(text: str) -> str:
    """A Markdown text with its tables as the keys are now."""
    return BLOCK.sub(lambda block: f"{block[1]}{table(block[2])}{block[3]}", text)


def files() -> dict[Path, str]:
    """All files that are derived from the keys, as they should be."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {page: rewritten(page.read_text(encoding="utf-8")) for page in pages} | {ROOT / schema.NAME: schema.schema()}


def _default(key: Key) -> str:
    if key.default_about:
        return key.default_about
    if key.default in ("", None, ()) or key.default == {}:
        return "none"
    shown = f"{key.default:g}" if isinstance(key.default, float) else json.dumps(key.default)
    return f"`{shown}`".replace('`"', "`").replace('"`', "`")


if __name__ == "__main__":
    for file, content in files().items():
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            file.write_text(content, encoding="utf-8")
            print(f"{file.relative_to(ROOT)} written")
