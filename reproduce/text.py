"""The result as plain text for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from reproduce.published import RULES, TABLES

Result = Mapping[str, Any]


def lines(result: Result) -> Iterator[str]:
    """Both tables, ours beside the paper's in brackets, then counts and the sensitivity table."""
    for table, title in TABLES.items():
        yield f"{table}: {title}; ours (paper)"
        yield _columns("", *RULES, "order")
        for row in result["rows"]:
            if row["table"] == table:
                yield from _row(row)
        yield ""
    yield from _counts(result)
    if result.get("sensitivity"):
        yield ""
        yield from sensitivity_lines(result["sensitivity"])


def _row(row: Result) -> Iterator[str]:
    cells = [row["cells"][rule] for rule in RULES]
    shown = [f"{cell['mean']:.2e} ({cell['published_mean']:.2e})" for cell in cells]
    name = f"{row['case']} {row['direction']}"
    yield _columns(name, *shown, f"{row['order']}: {verdict(row)}")


def verdict(row: Result) -> str:
    """Agreement in words."""
    if row["agrees"]:
        return "agrees"
    if not row["contradictions"]:
        return f"paper {row['published_order']}, undecided"
    return f"paper {row['published_order']}, disagrees on " + " and ".join(row["contradictions"])


def _columns(name: str, *cells: str) -> str:
    *numbers, last = cells
    return f"{name:<19}" + "".join(f"{cell:<22}" for cell in numbers) + last


def _counts(result: Result) -> Iterator[str]:
    rows, pairs = result["rows"], result["pairs_total"]
    undecided = sum(not row["agrees"] and not row["contradictions"] for row in rows)
    yield f"rows in the paper's order: {result['rows_agreeing']} of {result['rows_total']}"
    yield f"rows in another order that repetitions do not settle: {undecided}"
    yield f"pairs of rules that compare as in the paper: {result['pairs_agreeing']} of {pairs}"
    yield f"pairs that compare against it in 97.5 % of resamples: {result['pairs_contradicting']}"


def sensitivity_lines(variants: list[Result]) -> Iterator[str]:
    """One line a variant: its name, agreeing rows and pairs, contradicting pairs."""
    yield f"{'choices':<32}{'rows':>6}{'pairs':>7}{'against':>9}"
    for variant in variants:
        yield (
            f"{variant['protocol']:<32}{variant['rows_agreeing']:>6}"
            f"{variant['pairs_agreeing']:>7}{variant['pairs_contradicting']:>9}"
        )
