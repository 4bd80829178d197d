"""The zip file of `doit export`: results for another machine, without this machine's paths and hosts.

export.json                          its format and its profiles
report.json                          the figures of these profiles
<profile>/<dataset>/run.json         the provenance of the completions
<profile>/<dataset>/verdicts.jsonl   a sample a line: its statuses
<profile>/<dataset>/samples.jsonl    the solutions, to be graded again
<profile>/<dataset>/samples_info.jsonl   the provenance of each sample; with the answers if requested
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
from bench.layout import PROVENANCE, SAMPLE_INFO, SAMPLES, RunFiles
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
    profiles = [{"id": result.id, "dataset": result.dataset, "title": result.title} for result in results]
    yield EXPORTED, _json({"format": FORMAT, "bench": bench.__version__, "results": redacted(profiles)})
    public = [replace(result, run=redacted(result.run), bench=redacted(result.bench)) for result in results]
    yield "report.json", _json(redacted(json.loads(jsonfile.render(conclude(public)))))
    for result in results:
        files, folder = config.layout.run(result.id, result.dataset), f"{result.id}/{result.dataset}"
        if result.run:
            yield f"{folder}/{PROVENANCE}", _json(redacted(read_run(files.provenance)))
        yield f"{folder}/{VERDICTS}", _lines(_verdicts(result))
        yield (
            f"{folder}/{SAMPLES}",
            _lines({"task_id": sample.task_id, "solution": sample.solution} for sample in result.samples),
        )
        yield f"{folder}/{SAMPLE_INFO}", _lines(_sample_info(files, result, with_answers=with_answers))


def _verdicts(result: Result) -> Iterator[dict[str, Any]]:
    for sample in result.samples:
        yield {
            "task_id": sample.task_id,
            "sample": sample.number,
            **dict(zip(result.suites, sample.statuses, strict=True)),
        }


def _sample_info(files: RunFiles, result: Result, *, with_answers: bool) -> Iterator[dict[str, Any]]:
    known = answers(files.journal, [sample.info for sample in result.samples]) if with_answers else {}
    for sample in result.samples:
        answer, reasoning = known.get((sample.task_id, sample.number), (sample.info.answer, sample.info.reasoning))
        kept = {"answer": answer, "reasoning": reasoning} if with_answers else {"answer": "", "reasoning": ""}
        yield asdict(sample.info) | kept | {"origin": redacted(sample.info.origin)}


def redacted(value: Any) -> Any:
    """A JSON value without folders, addresses, and names of machines and users; the last part of a path stays."""
    if isinstance(value, dict):
        return {redacted(key): redacted(item) for key, item in value.items() if key not in LEFT_OUT}
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    if not isinstance(value, str):
        return value
    text = FOLDER.sub("…/", ADDRESS.sub("…", value))
    for name in _own_names():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text


def _own_names() -> list[str]:
    """The names of this machine and its user, if they are long enough not to be parts of other words."""
    host = socket.gethostname()
    names = {host, host.partition(".")[0], Path.home().name, getpass.getuser()}
    return sorted((name for name in names if len(name) > 3 and name != "root"), key=len, reverse=True)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


def _lines(rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
