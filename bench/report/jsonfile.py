"""report.json: the figures of REPORT.md for programs; docs/reference/report-json.md explains each key."""

import json
from dataclasses import asdict, fields
from typing import Any

from bench.report.budget import Budget
from bench.report.columns import columns
from bench.report.details import incomparable, machine_label
from bench.report.duels import Duel
from bench.report.format import as_json
from bench.report.history import Change
from bench.report.ladder import Family, Rung
from bench.report.leaderboard import Leaderboard, Pair, Row
from bench.report.markdown import Report
from bench.report.references import Reference, references
from bench.report.results import SUITES, Result

SCHEMA = 2


def render(report: Report) -> str:
    """report.json; the same input gives the same text."""
    value = {
        "schema": SCHEMA,
        "answer": asdict(report.answer) if report.answer else None,
        "all_sets": _dataset(report.pooled) if report.pooled else None,
        "datasets": [_dataset(leaderboard) | _budgets(report, leaderboard) for leaderboard in report.leaderboards],
        "families": list(map(_family, report.families)),
        "duels": list(map(_duel, report.duels)),
        "selftests": dict(report.selftests),
    }
    return json.dumps(value, indent=1) + "\n"


def _dataset(leaderboard: Leaderboard) -> dict[str, Any]:
    return {
        "dataset": leaderboard.dataset,
        "title": leaderboard.title,
        "suites": list(leaderboard.suites),
        "tests_in_process": leaderboard.own_tests,
        "problems": leaderboard.problems,
        "models": [*(row_json(leaderboard, row) for row in leaderboard.rows), *map(_about, leaderboard.others)],
        "pairs": list(map(_pair, leaderboard.pairs)),
        "references": list(map(_reference, references(leaderboard.dataset))),
    }


def _budgets(report: Report, leaderboard: Leaderboard) -> dict[str, Any]:
    return {
        "budgets": list(map(_budget, report.budgets.get(leaderboard.dataset, ()))),
        "changes": list(map(_change, report.changes.get(leaderboard.dataset, ()))),
    }


def _fields(value: Any, *names: str) -> dict[str, Any]:
    return {name: as_json(getattr(value, name)) for name in names}


def _about(result: Result) -> dict[str, Any]:
    return _fields(result, "id", "title", "note", "state", "reason", "remedy")


def _change(change: Change) -> dict[str, Any]:
    return {"id": change.row.result.id, **_fields(change, "before", "won", "lost", "reasons")}


def row_json(leaderboard: Leaderboard, row: Row) -> dict[str, Any]:
    """A row with every column and what stands behind it."""
    result, figures = row.result, row.metrics
    return {
        **_about(result),
        **{column.key: as_json(column.value(row)) for column in columns(leaderboard)},
        "score": as_json(figures.score),
        "p_best": as_json(row.p_best),
        "corrected_p_best": as_json(row.corrected_best),
        **_fields(figures, "problems", "attempted", "samples"),
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
            f"{sample.task_id}#{sample.number}" if figures.several else sample.task_id
            for sample in result.samples
            if sample.passed
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


def _reference(reference: Reference) -> dict[str, Any]:
    source, scores = reference.source, {suite: reference.scores.get(suite) for suite in SUITES}
    about = _fields(source, "url", "date", "comparable", "why")
    return {"model": reference.model, **scores, "source": source.name, **about, "note": reference.note}


def _budget(budget: Budget) -> dict[str, Any]:
    points = [_fields(point, "limit", "score", "ended", "minutes") for point in budget.points]
    return {"id": budget.row.result.id, "of_ended": as_json(budget.of_ended), "points": points}


def _family(family: Family) -> dict[str, Any]:
    return {"name": family.name, "datasets": family.datasets, "members": list(map(_rung, family.rungs))}


def _duel(duel: Duel) -> dict[str, Any]:
    state = _fields(duel.state, *(field.name for field in fields(duel.state)), "e_value")
    return {
        "id": duel.results[0].id, "title": duel.title, "against": duel.results[0].duel, "asked": duel.attempted,
        "of": duel.problems, **state, "verdict": duel.verdict,
    }  # fmt: skip


def _rung(rung: Rung) -> dict[str, Any]:
    figures = _fields(
        rung, "title", "quantization", "bytes", "problems", "won", "lost", "p", "corrected", "same_file", "speed_ratio",
        "saved_bytes", "verdict", "difference",
    )  # fmt: skip
    return {"id": rung.rows[0].result.id, **figures}
