"""Tuning, rows and their verdicts."""

from dataclasses import replace

import numpy as np
import pytest

from reproduce.protocol import CellKey, Protocol, Reading
from reproduce.published import DIRECTIONS, RULES, RowKey
from reproduce.tables import Cell, Row, cells, order, rows, summary
from reproduce.tuning import mean_score, relative_distance, relative_loss, tune, tuning_starts

SMALL = Protocol(
    iterations=20, draws=12, rounds=2, tuning_starts=3, repetitions=3, configurations=6
)
KEY = RowKey("T1", "convex", "sgd")  # printed: hybrid < multiplicative < additive


def row(*means: float, spread: float = 0.0) -> Row:
    wobble = np.linspace(-spread, spread, 10)[:, None]
    first, second, third = (Cell(mean + wobble * i, 0.0, {}) for i, mean in enumerate(means))
    return Row(KEY, (first, second, third))


@pytest.mark.parametrize(
    ("means", "text"),
    [
        ((3.0, 2.0, 1.0), "hybrid < multiplicative < additive"),
        ((1.0, 2.0, 3.0), "additive < multiplicative < hybrid"),
        ((0.0, 2.0, 0.0), "additive = hybrid < multiplicative"),
    ],
)
def test_order(means: tuple[float, float, float], text: str) -> None:
    assert order(means) == text


@pytest.mark.parametrize(
    ("means", "agrees", "pairs", "contradictions"),
    [
        ((3.0, 2.0, 1.0), True, 3, ()),
        ((3.0, 1.0, 2.0), False, 2, ("multiplicative < hybrid",)),
        (
            (1.0, 2.0, 3.0),
            False,
            0,
            ("additive < multiplicative", "additive < hybrid", "multiplicative < hybrid"),
        ),
    ],
)
def test_verdict_of_clear_rows(
    means: tuple[float, ...], agrees: bool, pairs: int, contradictions: tuple[str, ...]
) -> None:
    made = row(*means)
    assert made.agrees is agrees
    assert made.pairs_agreeing == pairs
    assert made.contradictions == contradictions
    assert made.support == float(agrees)


def test_a_difference_within_the_noise_contradicts_nothing() -> None:
    made = row(3.0, 1.0, 1.01, spread=1.0)
    assert not made.agrees
    assert made.contradictions == ()
    assert 0.2 < made.support < 0.8


def test_relative_measures_count_a_nan_as_infinite() -> None:
    case = SMALL.rosenbrock
    starts = np.array([[2.0, 1.0], [2.0, 1.0]])
    reached = np.array([[1.5, 1.0], [np.nan, 1.0]])
    np.testing.assert_allclose(relative_distance(case, starts, reached), [0.5, np.inf])
    assert relative_loss(case, starts, reached)[1] == np.inf


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("case", ["convex", "rosenbrock"])
def test_a_nested_hybrid_is_tuned_no_worse_than_its_special_cases(
    case: str, direction: str
) -> None:
    """With every rule at the budget that the hybrid rule gives its special cases."""
    chosen = SMALL.convex if case == "convex" else SMALL.rosenbrock
    scores = {}
    for rule in RULES:
        protocol = SMALL if rule == "hybrid" else replace(SMALL, draws=SMALL.draws // 3)
        key = CellKey(chosen, direction, rule)
        tuned = {name: value[:, None] for name, value in tune(protocol, key).items()}
        scores[rule] = mean_score(SMALL, key, tuning_starts(SMALL, key), tuned)
    best = np.minimum(scores["additive"], scores["multiplicative"])
    assert (scores["hybrid"] <= best * (1 + 1e-9)).all()


def test_more_rounds_never_tune_worse() -> None:
    key = CellKey(SMALL.convex, "adam", "multiplicative")
    starts = tuning_starts(SMALL, key)
    found = []
    for rounds in (1, 2, 4):
        tuned = tune(replace(SMALL, rounds=rounds), key)
        column = {name: value[:, None] for name, value in tuned.items()}
        found.append(mean_score(SMALL, key, starts, column))
    assert (np.diff(np.stack(found), axis=0) <= 0).all()


@pytest.mark.parametrize("reading", ["starts", "near", "window"])
def test_cells_are_capped_at_no_progress(reading: Reading) -> None:
    key = CellKey(SMALL.rosenbrock, "sgd", "additive")
    first, second = cells(replace(SMALL, reading=reading), key)
    assert first.values.shape == (3, 1)
    assert second.values.shape == (3, 6)
    assert first.values.max() <= key.case.distance
    assert second.values.max() <= 1.0
    assert 0 <= second.capped <= 1


def test_the_summary_holds_every_cell_of_both_tables() -> None:
    made = rows(SMALL)
    result = summary(SMALL, made)
    assert result["rows_total"] == 16
    assert result["rows_agreeing"] == sum(r["agrees"] for r in result["rows"])
    assert result["pairs_total"] == 48
    assert [r["table"] for r in result["rows"]] == ["T1"] * 8 + ["T2"] * 8
    for r in result["rows"]:
        assert set(r["cells"]) == set(RULES)
        assert all(np.isfinite(cell["mean"]) for cell in r["cells"].values())


def test_a_run_repeats() -> None:
    key = CellKey(SMALL.rosenbrock, "rmsprop", "hybrid")
    first, again = cells(SMALL, key), cells(SMALL, key)
    np.testing.assert_array_equal(first[1].values, again[1].values)
