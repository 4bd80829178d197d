"""report.json: the figures of REPORT.md for programs; docs/reference/report-json.md explains each key."""

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
    budgets = report.budgets.get(leaderboard.dataset, ())
    changes = report.changes.get(leaderboard.dataset, ())
    return {
        "budgets": list(map(_budget, budgets)),
        "changes": [
            {
                "id": change.row.result.id,
                "before": change.before,
                "won": change.won,
                "lost": change.lost,
                "reasons": change.reasons,
            }
            for change in changes
        ],
    }


def _about(result: Result) -> dict[str, Any]:
    names = ("id", "title", "note", "state", "reason", "remedy")
    return {name: getattr(result, name) for name in names}


def row_json(leaderboard: Leaderboard, row: Row) -> dict[str, Any]:
    """A row with every column and what stands behind it."""
    result, figures = row.result, row.metrics
    return {
        **_about(result),
        **{column.key: as_json(column.value(row)) for column in columns(leaderboard)},
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
    return {
        "model": reference.model, **scores, "source": source.name, "url": source.url, "date": source.date,
        "comparable": source.comparable, "why": source.why, "note": reference.note,
    }  # fmt: skip


def _budget(budget: Budget) -> dict[str, Any]:
    points = [{key: as_json(value) for key, value in asdict(point).items()} for point in budget.points]
    return {"id": budget.row.result.id, "of_ended": as_json(budget.of_ended), "points": points}


def _family(family: Family) -> dict[str, Any]:
    return {"name": family.name, "datasets": family.datasets, "members": list(map(_rung, family.rungs))}


def _duel(duel: Duel) -> dict[str, Any]:
    now = duel.state
    return {
        "id": duel.results[0].id, "title": duel.title, "against": duel.results[0].duel, "asked": duel.attempted,
        "of": duel.problems, **{name: as_json(value) for name, value in asdict(now).items()},
        "e_value": as_json(now.e_value), "verdict": duel.verdict,
    }  # fmt: skip


def _rung(rung: Rung) -> dict[str, Any]:
    names = ("title", "quantization", "bytes", "problems", "won", "lost", "p", "corrected", "same_file", "speed_ratio")
    figures = {name: as_json(getattr(rung, name)) for name in (*names, "saved_bytes", "verdict")}
    return {"id": rung.rows[0].result.id, **figures, "difference": as_json(rung.difference)}
