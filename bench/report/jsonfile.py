"""report.json: the figures of REPORT.md for programs; docs/report-json.md says what each key means."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.asked import why
from bench.report.pairs import Pair
from bench.report.records import Entry
from bench.report.references import Comparison, Reference, references
from bench.report.scores import Score
from bench.report.standings import Row, Standing
from bench.stats import Estimate

SCHEMA = 1
PLACES = 6
"""Decimals of a fraction."""


def render(standings: Sequence[Standing], selftests: Mapping[str, Any]) -> str:
    """report.json; the same input gives the same text."""
    value = {"schema": SCHEMA, "datasets": list(map(_dataset, standings)), "selftests": dict(selftests)}
    return json.dumps(value, indent=1) + "\n"


def _dataset(standing: Standing) -> dict[str, Any]:
    return {
        "dataset": standing.dataset,
        "title": standing.title,
        "problems": standing.problems,
        "models": [*map(_row, standing.rows), *map(_about, standing.others)],
        "pairs": list(map(_pair, standing.pairs)),
        "references": list(map(_reference, references(standing.dataset))),
    }


def _about(entry: Entry) -> dict[str, Any]:
    names = ("id", "title", "note", "state", "reason", "remedy")
    return {name: getattr(entry, name) for name in names}


def _row(row: Row) -> dict[str, Any]:
    entry, score = row.entry, row.score
    return {
        **_about(entry),
        "rank": row.band,
        **_score(score),
        "reference": _versus(row, row.versus) if row.versus else None,
        "graded": entry.date,
        "passed": [
            f"{one.task_id}#{one.number}" if score.several else one.task_id for one in entry.samples if one.passed
        ],
        "run": entry.run,
        "bench": entry.bench,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "problems": score.problems,
        "attempted": score.attempted,
        "samples": score.samples,
        "base": _estimate(score.base),
        "plus": _estimate(score.plus),
        "pass_at_k": {
            "k": score.k,
            "problems": score.k_problems,
            "base": _estimate(score.base_k),
            "plus": _estimate(score.plus_k),
        },
        "lost": dict(score.lost),
        "failures": dict(score.failures),
        "retried": score.retried,
        "tokens": score.tokens,
        "seconds": score.seconds,
        "tokens_per_second": None if score.speed is None else round(score.speed, 2),
        "tokens_per_second_measured": score.timed,
    }


def _estimate(estimate: Estimate) -> list[float]:
    return [round(value, PLACES) for value in (estimate.value, estimate.low, estimate.high)]


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "problems": pair.common,
        "only_first": len(pair.ahead),
        "only_second": len(pair.behind),
        "gain": round(pair.gain, PLACES),
        "p": float(f"{pair.p:.6g}"),
        "p_holm": float(f"{pair.corrected:.6g}"),
        "apart": pair.apart,
    }


def _versus(row: Row, versus: Comparison) -> dict[str, Any]:
    against = why(row)
    return {
        "model": versus.reference.model,
        "suite": versus.suite,
        "difference": round(versus.difference, 2),
        "comparable": not against,
        "why": against,
    }


def _reference(one: Reference) -> dict[str, Any]:
    source = one.source
    return {
        "model": one.model, "base": one.base, "plus": one.plus, "source": source.name, "url": source.url,
        "date": source.date, "comparable": source.comparable, "why": source.why, "note": one.note,
    }  # fmt: skip
