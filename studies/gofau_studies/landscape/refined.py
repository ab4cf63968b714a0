"""Refined trials beside the landscapes of their grid."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from gofau_studies.landscape.columns import AXES, GROUP
from gofau_studies.landscape.landscape import AddedCells, Landscape, OutcomeCode


def attach(landscapes: Sequence[Landscape], added: pd.DataFrame) -> list[Landscape]:
    """The landscapes with the refined trials of their problem, direction and rule.

    Args:
        landscapes: of the grid alone.
        added: the columns that `gofau_studies.landscape.table.landscapes` takes, one row a trial
            off the grid.
    """
    groups = dict(iter(added.groupby(GROUP, sort=False))) if len(added) else {}
    keyed = {tuple(map(str, key)): rows for key, rows in groups.items()}
    return [
        replace(one, added=_cells(one, keyed[at])) if at in keyed else one
        for one in landscapes
        for at in ((one.key.problem, one.key.direction, one.key.rule),)
    ]


def _cells(landscape: Landscape, rows: pd.DataFrame) -> AddedCells:
    rows = rows[rows["seed"].isin(landscape.seeds)]
    places, at = np.unique(rows[list(AXES)].to_numpy(float), axis=0, return_inverse=True)
    seed = rows["seed"].map({seed: i for i, seed in enumerate(landscape.seeds)}).to_numpy(int)
    done = rows["state"] == "completed"
    named = rows["outcome"].where(done, "missing")
    shape = (len(places), len(landscape.seeds))
    outcome = np.full(shape, OutcomeCode.MISSING, dtype=np.int8)
    outcome[at.ravel(), seed] = [OutcomeCode.named(name) for name in named]
    loss = np.full(shape, np.nan)
    loss[at.ravel(), seed] = rows["value"].where(done).to_numpy(float)
    return AddedCells(places[:, 0], places[:, 1], loss, outcome)
