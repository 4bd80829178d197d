"""The data of the page's scripts: an index of all outcomes, and one compressed block of texts for each problem.

A block holds one problem's prompt and what every entry answered: such texts are alike, so they compress well together,
and opening a sample unpacks no more than it and its neighbours. Long texts lose their middles until all fits.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bench import datasets
from bench.extract import split_thoughts
from bench.report.leaderboard import Leaderboard, Row
from bench.report.outcomes import TABLE, loss_of, outcome_of
from bench.report.results import GradedSample, Result
from bench.sample_info import Answers, answers

LIMIT = 4_200_000
"""Characters for the blocks of a page, whatever the models wrote."""
LIMIT_EACH = 1_200
"""Further characters for each sample beyond the first 4000, so that a page over a hundred models still has texts."""
CAPS = (48_000, 24_000, 12_000, 6_000, 3_000, 1_500, 750)
"""Limits for one text, tried in this order; thoughts get a quarter of it."""
LEVEL = 6
"""Of zlib; 9 takes a third more time and saves a hundredth."""
PROBES = 16
"""Problems whose blocks are packed to estimate the size of all."""

Text = str | list[str | int]
"""A text, or its beginning, how many characters and lines are left out, and its end."""


@dataclass(frozen=True)
class Matrix:
    """One dataset's outcomes: a row for each result, best first, then those of duels; a column for each of the `tasks`.

    `prompts` are by problem; there are none where the dataset cannot be read on this machine.
    """

    leaderboard: Leaderboard
    tasks: tuple[str, ...]
    prompts: dict[str, str]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows that have samples."""
        return self.leaderboard.rows + self.leaderboard.stopped

    @cached_property
    def places(self) -> dict[str, tuple[tuple[GradedSample, ...], ...]]:
        """By the id of a result, its samples of each problem, in the order of `tasks`."""
        return {
            row.result.id: tuple(row.result.by_problem.get(task_id, ()) for task_id in self.tasks) for row in self.rows
        }

    @cached_property
    def hardest_first(self) -> list[int]:
        """Positions in `tasks`, those that the fewest pass first, otherwise in the dataset's order."""
        passed = [0.0] * len(self.tasks)
        for row in self.leaderboard.rows:
            for position, samples in enumerate(self.places[row.result.id]):
                passed[position] += sum(sample.passed for sample in samples) / len(samples) if samples else 0
        return sorted(range(len(self.tasks)), key=lambda position: (passed[position], position))


def matrix(leaderboard: Leaderboard) -> Matrix:
    """A leaderboard's outcomes; problems that only results name come last."""
    # A report is rendered where its dataset is not: it then shows the problems that results name.
    dataset = datasets.at_hand(leaderboard.dataset)
    known = dataset.problems if dataset else {}
    attempted = (sample.task_id for row in (*leaderboard.rows, *leaderboard.stopped) for sample in row.result.samples)
    prompts = {task_id: problem.prompt for task_id, problem in known.items()}
    return Matrix(leaderboard, tuple(dict.fromkeys([*known, *attempted])), prompts)


def kinds() -> list[list[str]]:
    """The outcomes by the letters of an index, in the order of their table."""
    return [[outcome.letter, outcome.key, outcome.label, outcome.about, outcome.sign] for outcome in TABLE]


def index(matrix: Matrix) -> dict[str, Any]:
    """The data that the page needs at once: problems, models, and every outcome as a letter.

    `pairs` are p and corrected p of every pair of `ranked` rows, in the order of combinations of these.
    """
    leaderboard = matrix.leaderboard
    return {
        "dataset": leaderboard.dataset,
        "title": leaderboard.title,
        "suites": leaderboard.suites,
        "tasks": matrix.tasks,
        "functions": [leaderboard.functions.get(task_id, "") for task_id in matrix.tasks],
        "order": matrix.hardest_first,
        "models": [_model(matrix, row) for row in matrix.rows],
        "ranked": [number for number, row in enumerate(leaderboard.rows) if row.rank],
        "pairs": [[float(f"{pair.p:.3g}"), float(f"{pair.corrected:.3g}")] for pair in leaderboard.pairs],
    }


def _model(matrix: Matrix, row: Row) -> dict[str, Any]:
    places = matrix.places[row.result.id]
    lost = {
        f"{position}/{at}": loss.letter
        for position, samples in enumerate(places)
        for at, sample in enumerate(samples)
        if sample.passed and (loss := loss_of(sample))
    }
    cells = ["".join(outcome_of(sample).letter for sample in samples) or "-" for samples in places]
    single = all(len(cell) == 1 for cell in cells)
    model = {"id": row.result.id, "title": row.title, "cells": ("" if single else " ").join(cells), "lost": lost}
    return model | ({"duel": True} if row.result.stopped_early else {})


def blocks(page: Sequence[Matrix], journals: Mapping[tuple[str, str], Path]) -> dict[str, list[str]]:
    """By dataset, a block for each problem of each matrix: JSON, deflated, in base64."""
    results = [row.result for matrix in page for row in matrix.rows]
    known = {(result.id, result.dataset): _answers(result, journals) for result in results}
    samples = sum(len(result.samples) for result in results)
    cap = _cap(page, known, LIMIT + LIMIT_EACH * max(0, samples - 4_000))
    # Compression runs beside the rest: zlib lets other threads go on.
    with ThreadPoolExecutor() as pool:
        packing = {
            matrix.leaderboard.dataset: [
                pool.submit(_packed, _block(matrix, at, known, cap)) for at in range(len(matrix.tasks))
            ]
            for matrix in page
        }
        return {dataset: [future.result() for future in packed] for dataset, packed in packing.items()}


def _cap(page: Sequence[Matrix], known: Mapping[tuple[str, str], Answers], limit: int) -> int:
    """The first cap with which a few problems, extrapolated to all, stay below the limit."""
    every = [(matrix, position) for matrix in page for position in range(len(matrix.tasks))]
    probes = every[:: max(1, len(every) // PROBES)]
    for cap in CAPS:
        size = sum(len(_packed(_block(matrix, position, known, cap))) for matrix, position in probes)
        if size * len(every) <= limit * len(probes):
            return cap
    return CAPS[-1]


def _answers(result: Result, journals: Mapping[tuple[str, str], Path]) -> Answers:
    """The answers that a result's samples were extracted from, by their own records or the journal."""
    sample_info, journal = [sample.info for sample in result.samples], journals.get((result.id, result.dataset))
    imported = {
        (info.task_id, info.sample): (info.answer, info.reasoning)
        for info in sample_info
        if info.answer or info.reasoning
    }
    known = imported | (answers(journal, sample_info) if journal else {})
    return {place: _split(*texts) for place, texts in known.items()}


def _split(answer: str, reasoning: str) -> tuple[str, str]:
    thoughts = split_thoughts(answer)
    return thoughts.answer.strip("\n"), "\n".join(filter(None, [reasoning, thoughts.reasoning]))


def _block(matrix: Matrix, position: int, known: Mapping[tuple[str, str], Answers], cap: int) -> dict[str, Any]:
    """Thoughts come last, so that they do not stand between texts that are alike."""
    task_id = matrix.tasks[position]
    samples: list[dict[str, Any]] = []
    thoughts: list[Text] = []
    for number, row in enumerate(matrix.rows):
        of_row = known[row.result.id, row.result.dataset]
        for at, sample in enumerate(matrix.places[row.result.id][position]):
            answer, thought = of_row.get((task_id, sample.info.sample), (None, ""))
            samples.append(_sample(sample, answer, cap) | {"model": number, "number": at})
            thoughts.append(clip(thought, cap // 4))
    return {"prompt": clip(matrix.prompts.get(task_id, "").strip("\n"), cap), "samples": samples, "thoughts": thoughts}


def _sample(sample: GradedSample, answer: str | None, cap: int) -> dict[str, Any]:
    loss = loss_of(sample)
    about: dict[str, Any] = {
        "kind": outcome_of(sample).letter, "statuses": sample.statuses, "all_run": sample.all_run,
        "rule": sample.info.rule, "lost": loss.letter if loss else "", "retried": sample.retried,
        "tokens": sample.info.completion_tokens, "seconds": round(sample.info.seconds, 2),
        "origin": sample.info.origin, "code": clip(sample.solution, cap), "failure": _failure(sample),
    }  # fmt: skip
    before, code, after = (answer or "").partition(sample.solution) if sample.solution else (answer or "", "", "")
    if code:
        return about | {"around": [clip(before, cap), clip(after, cap)]}
    return about | {"answer": None if answer is None else clip(answer, cap)}


def _failure(sample: GradedSample) -> dict[str, Any] | None:
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
