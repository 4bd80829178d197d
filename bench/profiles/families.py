"""One section of profiles.toml for several files: a profile for each quantization, or each match of a pattern.

[profiles.qwen]   model = "hf:org/Qwen3-8B-GGUF"   quants = ["Q4_K_M", "Q8_0"]     qwen-q4_k_m, qwen-q8_0
model = "Qwen3-8B-*.gguf"                                        qwen-<the match of *>, …
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import gguf, hub
from bench.profiles import Profile
from bench.profiles.keys import keys
from bench.profiles.sentence import converted, require

WILD = re.compile(r"\*\*/|\*|\?")
FORM = 'write model = "hf:<org>/<repo>", or a pattern such as "Qwen3-8B-*.gguf"'


def expanded(profile_id: str, table: dict[str, Any], models: Path, where: str) -> dict[str, dict[str, Any]]:
    """The tables of the profiles that a section declares, by id: itself, or one for each of its model's files.

    These have the section's keys, ids and titles that end in the quantization or the match of the pattern, and its
    title as their family. Raises ProfilesError.
    """
    declared = keys(Profile)
    quants = converted(declared["quants"], table.get("quants", []), where)
    model = converted(declared["model"], table.get("model", ""), where)
    pattern = model.endswith(".gguf") and bool(WILD.search(model)) and not model.startswith(hub.PREFIX)
    if not quants and not pattern:
        return {profile_id: table}
    require("host" not in table or not pattern, where, "model", model, "a pattern is for files on this machine")
    files = list(_matches(model, models)) if pattern else []
    if quants:
        repository = re.fullmatch(r"hf:[\w.-]+/[\w.-]+", model)
        require(pattern or repository, where, "quants", quants, FORM)
        files_by_name = [
            (quant, _of(quant, files, model, where) if pattern else f"{model}:{quant}") for quant in quants
        ]
    else:
        files_by_name = files
    title = converted(declared["title"], table.get("title", profile_id), where)
    own = {name: value for name, value in table.items() if name != "quants"}
    tables = {
        f"{profile_id}-{slug(name)}": {"family": title, **own, "title": f"{title} {name}", "model": file}
        for name, file in files_by_name
    }
    for expanded_id, settings in tables.items():
        if settings.get("duel") == expanded_id:
            del settings["duel"]  # the others are against this one
    require(len(tables) == len(files_by_name), where, "quants" if quants else "model", quants or model,
            "its profiles would have the same ids; name each of them apart")  # fmt: skip
    return tables or {profile_id: own}


def slug(name: str) -> str:
    """A name as the end of an id."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")


def _of(quant: str, files: Sequence[tuple[str, str]], model: str, where: str) -> str:
    """The file of a quantization; the pattern itself where there is none, which is then reported as missing."""
    matches = [file for _, file in files if hub.quantization(file).lower() == quant.lower()]
    require(len(matches) < 2, where, "model", model, f"it has {len(matches)} files of {quant}: {', '.join(matches)}")
    return matches[0] if matches else model


def _matches(pattern: str, models: Path) -> Iterator[tuple[str, str]]:
    """The match of the wildcards, and the (first) file, of each model that matches a pattern."""
    root = Path(Path(pattern).anchor or models)
    relative = pattern.removeprefix(Path(pattern).anchor)
    expression = _expression(relative)
    for path in sorted(root.glob(relative.replace("[", "[[]"))):
        below = path.relative_to(root).as_posix()
        match = expression.fullmatch(gguf.PART.sub("", below)) or expression.fullmatch(below)
        if match is None or gguf.expected(path)[0] != path or path.name.startswith(hub.NO_MODEL):
            continue
        parts = [text.strip("/-") for text in match.groups()]
        parts = [
            part for position, part in enumerate(parts) if part and part != "".join(parts[position - 1 : position])
        ]
        yield "-".join(parts) or path.stem, below if root == models else str(path)


def _expression(pattern: str) -> re.Pattern[str]:
    signs = {"**/": "((?:.*/)?)", "*": "([^/]*)", "?": "([^/])"}
    pieces = re.split(f"({WILD.pattern})", pattern)
    return re.compile("".join(signs.get(piece) or re.escape(piece) for piece in pieces))
