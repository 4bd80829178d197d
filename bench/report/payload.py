"""What the page's scripts read: an index of all outcomes, and one compressed block of texts for each problem.

A block holds one problem's prompt and what every entry answered: such texts are alike, so they compress well together,
and opening a sample unpacks no more than it and its neighbours. Long texts lose their middles until all fits.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.answers import Answers, answers
from bench.extract import split_thoughts
from bench.report.board import KINDS, LOST, Board, kind_of
from bench.report.records import Entry, Graded
from bench.report.standings import Standing

ROOM = 4_200_000
"""Characters that the blocks of a page may take, whatever the models wrote."""
ROOM_EACH = 1_200
"""Characters more for each sample beyond the first 4000, so that a page over a hundred models still says something."""
CAPS = (48_000, 24_000, 12_000, 6_000, 3_000, 1_500, 750)
"""Limits for one text, tried in this order; thoughts get a quarter of it."""
LEVEL = 6
"""Of zlib; 9 takes a third more time and saves a hundredth."""
PROBES = 16
"""Problems whose blocks are packed to see how large all will be."""

Text = str | list[str | int]
"""A text, or its beginning, how many characters and lines are left out, and its end."""


def to_script(value: Any) -> str:
    """`value` as JSON that may stand inside a script element, whatever texts are in it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def index(board: Board, standing: Standing) -> dict[str, Any]:
    """What the page needs at once: problems, entries, and every outcome as a letter of KINDS.

    `pairs` are p and corrected p of every pair of `ranked` rows, in the order of combinations of these.
    """
    return {
        "dataset": board.dataset,
        "title": standing.title,
        "tasks": board.tasks,
        "functions": [board.functions.get(task_id, "") for task_id in board.tasks],
        "order": board.hardest_first,
        "models": [_row(board, entry) for entry in board.entries],
        "ranked": [number for number, row in enumerate(standing.rows) if row.band],
        "pairs": [[float(f"{pair.p:.3g}"), float(f"{pair.corrected:.3g}")] for pair in standing.pairs],
    }


def kinds() -> dict[str, list[str]]:
    """The letters of an index."""
    return {letter: [kind.word, kind.label, kind.meaning] for letter, kind in KINDS.items()}


def _row(board: Board, entry: Entry) -> dict[str, Any]:
    places = board.places[entry.id]
    lost = {
        f"{position}/{at}": LOST.get(sample.info.lost, "r")
        for position, samples in enumerate(places)
        for at, sample in enumerate(samples)
        if sample.passed and sample.info.lost
    }
    cells = ["".join(map(kind_of, samples)) or "-" for samples in places]
    single = all(len(cell) == 1 for cell in cells)
    return {"id": entry.id, "cells": ("" if single else " ").join(cells), "lost": lost}


def blocks(page: Sequence[Board], journals: Mapping[tuple[str, str], Path]) -> dict[str, list[str]]:
    """By dataset, a block for each problem of each board: JSON, deflated, in base64."""
    known = {(entry.id, board.dataset): _answers(entry, journals) for board in page for entry in board.entries}
    samples = sum(len(entry.samples) for board in page for entry in board.entries)
    cap = _cap(page, known, ROOM + ROOM_EACH * max(0, samples - 4_000))
    # Compression runs beside the rest: zlib lets other threads go on.
    with ThreadPoolExecutor() as pool:
        packing = {
            board.dataset: [pool.submit(_packed, _block(board, at, known, cap)) for at in range(len(board.tasks))]
            for board in page
        }
        return {dataset: [one.result() for one in packed] for dataset, packed in packing.items()}


def _cap(page: Sequence[Board], known: Mapping[tuple[str, str], Answers], room: int) -> int:
    """The first limit with which a few problems, taken for all, leave room."""
    every = [(board, position) for board in page for position in range(len(board.tasks))]
    probes = every[:: max(1, len(every) // PROBES)]
    for cap in CAPS:
        size = sum(len(_packed(_block(board, position, known, cap))) for board, position in probes)
        if size * len(every) <= room * len(probes):
            return cap
    return CAPS[-1]


def _answers(entry: Entry, journals: Mapping[tuple[str, str], Path]) -> Answers:
    """What an entry's samples were found in, by their infos or the journal."""
    infos, journal = [sample.info for sample in entry.samples], journals.get((entry.id, entry.dataset))
    told = {(one.task_id, one.sample): (one.answer, one.reasoning) for one in infos if one.answer or one.reasoning}
    found = told | (answers(journal, infos) if journal else {})
    return {place: _split(*texts) for place, texts in found.items()}


def _split(answer: str, reasoning: str) -> tuple[str, str]:
    thoughts = split_thoughts(answer)
    return thoughts.answer.strip("\n"), "\n".join(filter(None, [reasoning, thoughts.reasoning]))


def _block(board: Board, position: int, known: Mapping[tuple[str, str], Answers], cap: int) -> dict[str, Any]:
    """Thoughts come last, so that they do not stand between texts that are alike."""
    task_id = board.tasks[position]
    samples: list[dict[str, Any]] = []
    thoughts: list[Text] = []
    for row, entry in enumerate(board.entries):
        of_entry = known[entry.id, board.dataset]
        for at, sample in enumerate(board.places[entry.id][position]):
            answer, thought = of_entry.get((task_id, sample.info.sample), (None, ""))
            samples.append(_sample(sample, answer, cap) | {"model": row, "number": at})
            thoughts.append(clip(thought, cap // 4))
    return {"prompt": clip(board.prompts.get(task_id, "").strip("\n"), cap), "samples": samples, "thoughts": thoughts}


def _sample(sample: Graded, answer: str | None, cap: int) -> dict[str, Any]:
    about: dict[str, Any] = {
        "kind": kind_of(sample), "base": sample.base, "plus": sample.plus,
        "plus_run": sample.plus_run, "rule": sample.info.rule, "lost": sample.info.lost, "retried": sample.retried,
        "tokens": sample.info.completion_tokens, "seconds": round(sample.info.seconds, 2),
        "origin": sample.info.origin, "code": clip(sample.solution, cap), "failure": _failure(sample),
    }  # fmt: skip
    before, code, after = (answer or "").partition(sample.solution) if sample.solution else (answer or "", "", "")
    if code:
        return about | {"around": [clip(before, cap), clip(after, cap)]}
    return about | {"answer": None if answer is None else clip(answer, cap)}


def _failure(sample: Graded) -> dict[str, Any] | None:
    """A failure's texts are short already, but for those of an older or another grader."""
    if sample.failure is None:
        return None
    return {key: clip(value, 2_000) if isinstance(value, str) else value for key, value in sample.failure.items()}


def clip(text: str, cap: int) -> Text:
    """`text`, without its middle where it is longer than `cap`; cut between lines where lines are short."""
    if len(text) <= cap:
        return text
    head, tail = text[: cap * 2 // 3], text[len(text) - cap // 3 :]
    whole, last = head.rpartition("\n")[0], tail.partition("\n")[2]
    head = whole + "\n" if len(whole) > len(head) // 2 else head
    tail = last if len(last) > len(tail) // 2 else tail
    left = text[len(head) : len(text) - len(tail)]
    return [head, len(left), left.count("\n"), tail]


def _packed(block: dict[str, Any]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(block, separators=(",", ":")).encode(), LEVEL)).decode()
