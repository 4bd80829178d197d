"""report.json: the figures of REPORT.md for programs; docs/reference/report-json.md says what each key means."""

import json
from dataclasses import asdict
from typing import Any

from bench.report.budget import Budget
from bench.report.columns import columns
from bench.report.details import incomparable, machine_label
from bench.report.duels import Duel
from bench.report.format import as_json
from bench.report.ladder import Family, Rung
from bench.report.leaderboard import Leaderboard, Pair, Row
from bench.report.markdown import Report
from bench.report.references import Reference, references
from bench.report.results import Result

SCHEMA = 2


def render(report: Report) -> str:
    """report.json; the same input gives the same text."""
    value = {
        "schema": SCHEMA,
        "answer": asdict(report.answer) if report.answer else None,
        "all_sets": _dataset(report.pooled) if report.pooled else None,
        "datasets": [_dataset(board) | _budgets(report, board) for board in report.boards],
        "families": list(map(_family, report.families)),
        "duels": list(map(_duel, report.duels)),
        "selftests": dict(report.selftests),
    }
    return json.dumps(value, indent=1) + "\n"


def _dataset(board: Leaderboard) -> dict[str, Any]:
    return {
        "dataset": board.dataset,
        "title": board.title,
        "suites": list(board.suites),
        "tests_in_process": board.own_tests,
        "problems": board.problems,
        "models": [*(row_json(board, row) for row in board.rows), *map(_about, board.others)],
        "pairs": list(map(_pair, board.pairs)),
        "references": list(map(_reference, references(board.dataset))),
    }


def _budgets(report: Report, board: Leaderboard) -> dict[str, Any]:
    budgets = report.budgets.get(board.dataset, ())
    changes = report.changes.get(board.dataset, ())
    return {
        "budgets": list(map(_budget, budgets)),
        "changes": [
            {"id": one.row.result.id, "before": one.before, "won": one.won, "lost": one.lost, "reasons": one.reasons}
            for one in changes
        ],
    }


def _about(result: Result) -> dict[str, Any]:
    names = ("id", "title", "note", "state", "reason", "remedy")
    return {name: getattr(result, name) for name in names}


def row_json(board: Leaderboard, row: Row) -> dict[str, Any]:
    """A row with every column and what stands behind it."""
    result, figures = row.result, row.metrics
    return {
        **_about(result),
        **{column.key: as_json(column.value(row)) for column in columns(board)},
        "score": as_json(figures.score),
        "p_best": as_json(row.p_best),
        "corrected_p_best": as_json(row.corrected_best),
        "problems": figures.problems,
        "attempted": figures.attempted,
        "samples": figures.samples,
        "pass_at_k": {
            "k": figures.k, "problems": figures.k_problems,
            **{suite: as_json(one) for suite, one in figures.at_k.items()},
        },
        "outcomes": dict(figures.outcomes),
        "retried": figures.retried,
        "tokens_per_second_measured": figures.cost.measured,
        "reference": _versus(row),
        "machine": machine_label(result),
        "graded": result.date,
        "passed": [
            f"{one.task_id}#{one.number}" if figures.several else one.task_id for one in result.samples if one.passed
        ],
        "run": result.run,
        "bench": result.bench,
    }  # fmt: skip


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "problems": pair.common,
        "only_first": len(pair.first_wins),
        "only_second": len(pair.second_wins),
        "gain": as_json(pair.difference),
        "p": float(f"{pair.p:.6g}"),
        "p_holm": float(f"{pair.corrected:.6g}"),
        "apart": pair.significant,
    }


def _versus(row: Row) -> dict[str, Any] | None:
    if row.versus is None:
        return None
    against = incomparable(row)
    return {
        "model": row.versus.reference.model,
        "suite": row.versus.suite,
        "difference": round(row.versus.difference, 2),
        "comparable": not against,
        "why": against,
    }


def _reference(one: Reference) -> dict[str, Any]:
    source = one.source
    return {
        "model": one.model, "base": one.scores.get("base"), "plus": one.scores.get("plus"), "source": source.name,
        "url": source.url, "date": source.date, "comparable": source.comparable, "why": source.why, "note": one.note,
    }  # fmt: skip


def _budget(one: Budget) -> dict[str, Any]:
    points = [{key: as_json(value) for key, value in asdict(point).items()} for point in one.points]
    return {"id": one.row.result.id, "of_ended": as_json(one.of_ended), "points": points}


def _family(family: Family) -> dict[str, Any]:
    return {"name": family.name, "datasets": family.datasets, "members": list(map(_rung, family.rungs))}


def _duel(one: Duel) -> dict[str, Any]:
    now = one.state
    return {
        "id": one.results[0].id, "title": one.title, "against": one.results[0].duel, "asked": one.asked,
        "of": one.problems, **{name: as_json(value) for name, value in asdict(now).items()},
        "e_value": as_json(now.e_value), "verdict": one.verdict,
    }  # fmt: skip


def _rung(rung: Rung) -> dict[str, Any]:
    names = ("title", "quantization", "bytes", "problems", "won", "lost", "p", "corrected", "same_file", "speed_ratio")
    figures = {name: as_json(getattr(rung, name)) for name in (*names, "saved_bytes", "verdict")}
    return {"id": rung.rows[0].result.id, **figures, "difference": as_json(rung.difference)}
