"""The result as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from reproduce.published import RULES, TABLES
from reproduce.text import verdict

Result = Mapping[str, Any]

FIGURES = {
    "cells": "Every cell, ours against the paper's.",
    "convex": "The convex function: the first repetition's tuned rules from the declared start.",
    "rosenbrock": "Rosenbrock's function, likewise.",
}


def markdown(result: Result) -> str:
    """The whole report; figures are linked as files beside it."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Result) -> Iterator[str]:
    yield "# Toy tables: ours beside the paper's"
    yield ""
    yield (
        f"{result['iterations']} iterations, {result['configurations']} random configurations, "
        f"{result['repetitions']} repetitions, fp64. Means, the paper's in brackets. Support: "
        "share of bootstrap resamples of the repetitions with the paper's order."
    )
    for table, title in TABLES.items():
        yield from ("", f"## {table}: {title}", "")
        yield f"| | {' | '.join(RULES)} | our order | support | verdict |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_row(row) for row in result["rows"] if row["table"] == table)
    yield from ("", "## Agreement", "")
    yield f"- rows in the paper's order: {result['rows_agreeing']} of {result['rows_total']}"
    yield f"- pairs of rules as in the paper: {result['pairs_agreeing']} of {result['pairs_total']}"
    yield f"- pairs against it in 97.5 % of the resamples: {result['pairs_contradicting']}"
    if result.get("sensitivity"):
        yield from ("", "## One choice changed at a time", "")
        yield "| choices | rows of 16 | pairs of 48 | pairs against |"
        yield "|---|---|---|---|"
        yield from (_variant(variant) for variant in result["sensitivity"])
    yield from ("", "## Figures", "")
    yield from (f"![{text}]({name}.svg)" for name, text in FIGURES.items())


def _row(row: Result) -> str:
    cells = [row["cells"][rule] for rule in RULES]
    shown = [f"{c['mean']:.2e} ± {c['sd']:.1e} ({c['published_mean']:.2e})" for c in cells]
    name = f"{row['case']} {row['direction']}"
    columns = (name, *shown, row["order"], f"{row['support']:.2f}", verdict(row))
    return f"| {' | '.join(columns)} |"


def _variant(variant: Result) -> str:
    counts = (variant[name] for name in ("rows_agreeing", "pairs_agreeing"))
    against = variant["pairs_contradicting"]
    return f"| {variant['protocol']} | {' | '.join(map(str, counts))} | {against} |"
