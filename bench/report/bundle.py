"""What `doit export` writes: results in one zip file for another machine, without its paths and hosts.

export.json                          what it is, and which profiles are in it
report.json                          the figures of these profiles
<profile>/<dataset>/run.json         what made the completions
<profile>/<dataset>/verdicts.jsonl   a sample a line: its statuses
<profile>/<dataset>/samples.jsonl    the solutions, to be graded again
<profile>/<dataset>/samples_info.jsonl   what is known of each; with the answers where they are asked for
"""

import getpass
import io
import json
import re
import socket
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import bench
from bench.imports.archives import EXPORTED
from bench.layout import INFOS, PROVENANCE, SAMPLES, RunFiles
from bench.profiles import Config
from bench.report import jsonfile
from bench.report.render import conclude
from bench.report.results import Result, read_run
from bench.sample_info import answers

FORMAT = 1
VERDICTS = "verdicts.jsonl"
LEFT_OUT = ("host", "hostname", "endpoint", "endpoints", "base_url", "scheduler")
"""Keys whose values name a machine."""
ADDRESS = re.compile(r"(?<=://)[^\s\"'<>/]+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b")
FOLDER = re.compile(r"(?<![\w.…/:])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\\"':;,=()]+)*[/\\](?=[^\s/\\])")
"""The folders of an absolute path, whose last part stays."""


def bundle(config: Config, results: Sequence[Result], *, with_answers: bool = False) -> bytes:
    """The zip file of some results; the same results give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _files(config, results, with_answers=with_answers):
            # Without a date of its own, an entry is of 1980.
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _files(config: Config, results: Sequence[Result], *, with_answers: bool) -> Iterator[tuple[str, str]]:
    profiles = [{"id": one.id, "dataset": one.dataset, "title": one.title} for one in results]
    yield EXPORTED, _json({"format": FORMAT, "bench": bench.__version__, "results": redacted(profiles)})
    public = [replace(one, run=redacted(one.run), bench=redacted(one.bench)) for one in results]
    yield "report.json", _json(redacted(json.loads(jsonfile.render(conclude(public)))))
    for one in results:
        files, folder = config.layout.run(one.id, one.dataset), f"{one.id}/{one.dataset}"
        if one.run:
            yield f"{folder}/{PROVENANCE}", _json(redacted(read_run(files.provenance)))
        yield f"{folder}/{VERDICTS}", _lines(_verdicts(one))
        yield (
            f"{folder}/{SAMPLES}",
            _lines({"task_id": each.task_id, "solution": each.solution} for each in one.samples),
        )
        yield f"{folder}/{INFOS}", _lines(_infos(files, one, with_answers=with_answers))


def _verdicts(result: Result) -> Iterator[dict[str, Any]]:
    for one in result.samples:
        yield {"task_id": one.task_id, "sample": one.number, **dict(zip(result.suites, one.statuses, strict=True))}


def _infos(files: RunFiles, result: Result, *, with_answers: bool) -> Iterator[dict[str, Any]]:
    known = answers(files.journal, [one.info for one in result.samples]) if with_answers else {}
    for one in result.samples:
        answer, reasoning = known.get((one.task_id, one.number), (one.info.answer, one.info.reasoning))
        kept = {"answer": answer, "reasoning": reasoning} if with_answers else {"answer": "", "reasoning": ""}
        yield asdict(one.info) | kept | {"origin": redacted(one.info.origin)}


def redacted(value: Any) -> Any:
    """A JSON value without folders, addresses, and names of machines and users; the last part of a path stays."""
    if isinstance(value, dict):
        return {redacted(key): redacted(one) for key, one in value.items() if key not in LEFT_OUT}
    if isinstance(value, list | tuple):
        return [redacted(one) for one in value]
    if not isinstance(value, str):
        return value
    text = FOLDER.sub("…/", ADDRESS.sub("…", value))
    for name in _own_names():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text


def _own_names() -> list[str]:
    """The names of this machine and its user, where they are long enough to be told from other words."""
    host = socket.gethostname()
    names = {host, host.partition(".")[0], Path.home().name, getpass.getuser()}
    return sorted((name for name in names if len(name) > 3 and name != "root"), key=len, reverse=True)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


def _lines(rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
