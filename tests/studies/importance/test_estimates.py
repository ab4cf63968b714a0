"""PED-ANOVA and fANOVA against Optuna's evaluators, and leaves against what trees predict."""

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.importance import (
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)
from optuna.trial import create_trial
from sklearn.tree import DecisionTreeRegressor

from gofau_studies.arrays import Floats
from gofau_studies.importance.fanova import Leaves, fanova
from gofau_studies.importance.ped_anova import ped_anova

SHAPES = {"paper": (11, 5), "line": (30,), "three axes": (6, 5, 4)}


def made(shape: tuple[int, ...], seed: int = 0) -> tuple[Floats, Floats]:
    """Cells of a grid and the costs of a noisy valley, capped as those of diverged cells are."""
    rng = np.random.default_rng(seed)
    axes = [np.linspace(-2 - k, 1.3 + k, n) for k, n in enumerate(shape)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(shape))
    costs = points @ np.arange(1.0, len(shape) + 1)
    return points, np.minimum(costs**2 + 0.3 * rng.standard_normal(len(points)), 6.0)


def by_optuna(points: Floats, costs: Floats, evaluator: object) -> list[float]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = [f"axis{k}" for k in range(points.shape[1])]
    ranges = {
        name: FloatDistribution(float(axis.min()), float(axis.max()))
        for name, axis in zip(names, points.T, strict=True)
    }
    study = optuna.create_study()
    for point, cost in zip(points, costs, strict=True):
        params = dict(zip(names, map(float, point), strict=True))
        study.add_trial(create_trial(value=float(cost), params=params, distributions=dict(ranges)))
    found = get_param_importances(study, evaluator=evaluator, params=names)  # type: ignore[arg-type]
    return [found[name] for name in names]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("seed", [0, 1])
def test_estimates_are_those_of_optuna(shape: tuple[int, ...], seed: int) -> None:
    points, costs = made(shape, seed)
    theirs = FanovaImportanceEvaluator(n_trees=8, max_depth=6, seed=seed)
    ours = fanova(points, costs, trees=8, depth=6, seed=seed)
    assert ours == pytest.approx(by_optuna(points, costs, theirs), abs=1e-12)
    expected = by_optuna(points, costs, PedAnovaImportanceEvaluator())
    assert ped_anova(points, costs) == pytest.approx(expected, abs=1e-12)


def test_leaves_fill_the_box_and_have_the_values_that_the_tree_predicts() -> None:
    points, costs = made((9, 7))
    bounds = np.stack([points.min(axis=0), points.max(axis=0)], axis=-1)
    tree = DecisionTreeRegressor(max_depth=5, random_state=0).fit(points, costs).tree_
    leaves = Leaves.of(tree, bounds)
    area = (leaves.high - leaves.low).prod(axis=1)
    assert area.sum() == pytest.approx(np.ptp(bounds, axis=1).prod())
    middle = ((leaves.low + leaves.high) / 2).astype(np.float32)
    assert tree.predict(middle).ravel() == pytest.approx(leaves.value)


def test_where_nothing_differs_axes_matter_alike() -> None:
    points, _ = made((4, 3))
    assert fanova(points, np.ones(12), trees=3, depth=2, seed=0) == [0.5, 0.5]
    assert ped_anova(points, np.ones(12)) == [0.5, 0.5]
