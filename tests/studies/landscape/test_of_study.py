"""From a study's trials to its maps: grids, further axes, refinements, searches."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gofau_studies.landscape.landscape import Landscape, LandscapeKey
from gofau_studies.landscape.of_study import study_maps
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.sensitivity import windowed_lr_sensitivity
from gofau_studies.metrics.stability import share
from gofau_studies.spec import StudySpec

AXES = {"lr": {"log": [0.01, 1.0], "points": 3}, "init_scale": {"log": [0.1, 10.0], "points": 3}}


def spec(**changes: Any) -> StudySpec:
    given = {
        "name": "n",
        "problem": "digits-mlp",
        "epochs": 1,
        "directions": ["sgd"],
        "rules": [{"name": "hybrid", "gamma": 0.5}],
        "axes": AXES,
        "seeds": 2,
        "goal": {"metric": "val_loss"},
    }
    return StudySpec.model_validate({**given, **changes})


def trials(points: list[dict[str, float]]) -> pd.DataFrame:
    labels = {"problem": "digits-mlp", "direction": "sgd", "rule": "hybrid"}
    done = {"state": "completed", "outcome": "budget_exhausted"}
    rows = [
        {**labels, **done, **point, "seed": seed, "value": point["lr"] + seed}
        for point in points
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows).reset_index()


def grid(made: StudySpec) -> list[dict[str, float]]:
    names, axes = list(made.axes), [axis.grid() for axis in made.axes.values()]
    return [dict(zip(names, values, strict=True)) for values in product(*axes)]


CAPS = {"digits-mlp": 2.3}


def test_a_cell_has_its_trials() -> None:
    maps = study_maps(spec(), trials(grid(spec())), CAPS)
    (landscape,) = maps.landscapes
    assert landscape.shape == (3, 3, 2)
    found = maps.at(landscape.key, 0.1, 10.0)
    assert found["seed"].tolist() == [0, 1]
    assert found["value"].tolist() == pytest.approx([0.1, 1.1])
    assert maps.at(LandscapeKey("digits-mlp", "sgd", "additive"), 0.1, 10.0).empty


def searched(at: list[float]) -> Landscape:
    """The map of a search in four bins of a decade each; beyond lr 1 training diverges."""
    search = {"sampler": "sobol", "trials": len(at)}
    axes = {"lr": {"log": [1e-3, 10.0], "points": 4}}
    rows = trials([{"lr": 10**x, "init_scale": 1.0} for x in at])
    rows["outcome"] = rows["outcome"].mask(rows["lr"] > 1, "diverged")
    (found,) = study_maps(spec(axes=axes, search=search), rows, {"digits-mlp": 100.0}).landscapes
    return found


def test_bins_of_a_search_are_equal_parts_of_its_range() -> None:
    found = searched([-3, -2.5, -1.5, -0.5, 0.5, 1])
    grid = Grid.of(found)
    assert grid.lr_weights == pytest.approx([0.25] * 4)
    # One of four decades diverges; between centres it would be one half of one of three.
    assert share(found.diverged, found.present, grid) == pytest.approx(0.25)


def test_a_bin_that_nothing_fell_into_is_shared_by_its_neighbours() -> None:
    found = searched([-3, -2.5, -0.5, 0.5, 1])
    assert Grid.of(found).lr_weights == pytest.approx([0.375, 0.375, 0.25])


def test_a_window_of_bins_reaches_to_the_end_of_the_range() -> None:
    found = searched([-3, -2.5, -1.5, -0.5, 0.5, 1])
    maps = np.array([[0.0], [1.0], [2.0], [9.0]])
    # From the optimum at -2.5: nothing is lost down to -3, then 1 in the mean up to -1.5.
    window = windowed_lr_sensitivity(maps, Grid.of(found), 99.0)
    assert window == pytest.approx((0.5 * 0 + 1 * 0.5) / 1.5)


def test_rules_are_split_by_further_axes() -> None:
    made = spec(rules=["hybrid"], axes={**AXES, "gamma": {"values": [0.2, 0.8]}})
    maps = study_maps(made, trials(grid(made)), CAPS)
    assert [one.key.rule for one in maps.landscapes] == ["hybrid[gamma=0.2]", "hybrid[gamma=0.8]"]
    for one in maps.landscapes:
        assert len(maps.at(one.key, 0.1, 1.0)) == 2


def test_refined_cells_lie_beside_the_grid() -> None:
    made = spec(refine={"trials": 2, "rounds": 1})
    added = [{"lr": 0.1, "init_scale": 3.0}, {"lr": 0.3, "init_scale": 3.0}]
    maps = study_maps(made, trials([*grid(made), *added]), CAPS)
    (landscape,) = maps.landscapes
    assert landscape.shape == (3, 3, 2)
    assert landscape.added is not None
    assert landscape.added.lr.tolist() == [0.1, 0.3]
    assert len(maps.trials) == 18


def test_searched_points_lie_in_bins() -> None:
    axes = {"lr": {"log": [0.01, 1.0]}, "init_scale": {"log": [0.1, 10.0]}}
    made = spec(axes=axes, search={"sampler": "sobol", "trials": 12})
    points = [{"lr": a, "init_scale": b} for a in (0.011, 0.02, 0.9) for b in (0.12, 1.5, 4, 9)]
    maps = study_maps(made, trials(points), CAPS)
    (landscape,) = maps.landscapes
    assert landscape.shape == (2, 2, 2)
    for lr, init in product(landscape.lr, landscape.init_scale):
        assert len(maps.at(landscape.key, lr, init)) == 2
