"""fANOVA: how much of a random forest's variance each axis explains alone."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from gofau_studies.arrays import Floats, Indices


class Tree(Protocol):
    """What is read of a fitted tree of scikit-learn: an array each, by node."""

    feature: Indices
    threshold: Floats
    children_left: Indices
    children_right: Indices
    value: Floats


@dataclass(frozen=True, eq=False)
class Leaves:
    """A tree's leaves: ``value[N]``, and the box ``low[N, D]`` to ``high[N, D]`` of each."""

    value: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, tree: Tree, bounds: Floats) -> "Leaves":
        """The leaves of a fitted tree over ``bounds[D, 2]``, all nodes of a depth at a time."""
        nodes: Indices = np.zeros(1, dtype=np.intp)
        boxes = bounds[None]
        ended: list[Indices] = []
        found: list[Floats] = []
        while nodes.size:
            is_leaf = tree.feature[nodes] < 0
            ended.append(nodes[is_leaf])
            found.append(boxes[is_leaf])
            nodes, boxes = _children(tree, nodes[~is_leaf], boxes[~is_leaf])
        box = np.concatenate(found)
        value = np.asarray(tree.value[np.concatenate(ended), 0, 0], dtype=np.float64)
        return cls(value, box[..., 0], box[..., 1])

    def main_effects(self) -> Floats:
        """``[D]`` variance of each axis's marginal mean, as shares of the whole variance.

        V_d = Var over x_d of E[f | x_d], over V = Var f, both uniform over the box of all leaves.
        NaN where the tree is flat.
        """
        sizes = self.high - self.low
        whole = _variance(self.value, sizes.prod(axis=1))
        if whole <= 0:
            return np.full(sizes.shape[1], np.nan)
        return np.array([self._main_effect(d, sizes) for d in range(sizes.shape[1])]) / whole

    def _main_effect(self, axis: int, sizes: Floats) -> float:
        low, high = self.low[:, axis], self.high[:, axis]
        edges = np.unique(np.concatenate([low, high]))
        middle = (edges[1:] + edges[:-1]) / 2
        inside = (low < middle[:, None]) & (middle[:, None] <= high)
        across = inside * np.delete(sizes, axis, axis=1).prod(axis=1)
        total = across.sum(axis=1)
        return _variance(across @ self.value / total, total * np.diff(edges))


def _children(tree: Tree, nodes: Indices, boxes: Floats) -> tuple[Indices, Floats]:
    """Both children of each node, with their boxes."""
    at, axis, split = np.arange(len(nodes)), tree.feature[nodes], tree.threshold[nodes]
    left, right = boxes.copy(), boxes.copy()
    left[at, axis, 1] = split
    right[at, axis, 0] = split
    both = np.concatenate([tree.children_left[nodes], tree.children_right[nodes]])
    return both, np.concatenate([left, right])


def _variance(values: Floats, weights: Floats) -> float:
    mean = np.average(values, weights=weights)
    return float(np.average((values - mean) ** 2, weights=weights))


def fanova(points: Floats, costs: Floats, *, trees: int, depth: int, seed: int) -> list[float]:
    """Each axis's share of what the axes explain alone, over a forest fitted to ``costs``.

    Args:
        points: ``[N, D]`` positions, each axis with two values or more.
        costs: ``[N]``.
        trees: of the forest.
        depth: of its trees, at most.
        seed: of the forest.

    Returns:
        One share an axis, summing to 1; equal ones where no tree finds a difference.

    Source: Hutter, Hoos & Leyton-Brown, "An efficient approach for assessing hyperparameter
    importance", ICML 2014. The shares are those of Optuna's evaluator of that name.
    """
    bounds = np.stack([points.min(axis=0), points.max(axis=0)], axis=-1)
    forest = RandomForestRegressor(n_estimators=trees, max_depth=depth, random_state=seed)
    forest.fit(points, costs)
    grown = [Leaves.of(one.tree_, bounds) for one in forest.estimators_]
    effects = np.array([leaves.main_effects() for leaves in grown])
    varied = effects[~np.isnan(effects[:, 0])]
    shares = varied.mean(axis=0) if len(varied) else np.zeros(points.shape[1])
    total = float(shares.sum())
    return [float(share) / total if total > 0 else 1.0 / len(shares) for share in shares]
