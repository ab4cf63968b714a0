"""Refinement on toys trained for real, against a grid of the same budget and a dense one."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[3] / "bench" / "refine.py"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """What the benchmark prints."""
    spec = spec_from_file_location("refine_bench", BENCH)
    assert spec is not None
    assert spec.loader is not None
    bench = module_from_spec(spec)
    # A dataclass looks its module up.
    sys.modules[spec.name] = bench
    spec.loader.exec_module(bench)
    return [bench.one(name, rule, bench.TRUTH) for name in bench.TOYS for rule in bench.HOW]


@pytest.mark.slow
def test_the_same_budget_leaves_half_of_the_bracket(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == 8
    halved = [row for row in rows if row["bracket_ratio"] <= 0.5]
    assert len(halved) >= 7, rows


@pytest.mark.slow
def test_the_bracket_holds_the_truth_and_the_estimate_is_nearer(
    rows: list[dict[str, Any]],
) -> None:
    for row in rows:
        low, high = row["refined"]
        assert low - 0.01 <= row["truth"] <= high + 0.01, row
        assert row["error_ratio"] < 1, row
