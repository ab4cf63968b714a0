"""The best of many random configurations."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from reproduce.protocol import Case, CellKey, Protocol
from reproduce.sampling import Around, Configurations, Floats, draw, draw_around, random_starts
from reproduce.training import ends


def relative_distance(case: Case, starts: Floats, reached: Floats) -> Floats:
    """Final over initial distance to the minimum; infinite where the end is not a number."""
    minimum = np.asarray(case.minimum)
    after = np.linalg.norm(reached - minimum, axis=-1)
    before = np.linalg.norm(starts - minimum, axis=-1)
    return np.asarray(np.where(np.isfinite(after), after, np.inf) / before)


def relative_loss(case: Case, starts: Floats, reached: Floats) -> Floats:
    """Final over initial loss; infinite where the end is not a number."""
    after = case.loss(torch.from_numpy(np.array(reached))).numpy()
    before = case.loss(torch.from_numpy(np.array(starts))).numpy()
    return np.asarray(np.where(np.isfinite(after), after, np.inf) / before)


def tune(protocol: Protocol, cell: CellKey) -> Configurations:
    """The best hyperparameters that every repetition finds, ``[R]`` by name."""
    count = protocol.draws_of(cell.rule)
    if protocol.nested and cell.rule == "hybrid":
        count //= 3
        return _search(protocol, cell, count, special_cases(protocol, cell, count))
    return _search(protocol, cell, count, {})


def special_cases(protocol: Protocol, cell: CellKey, count: int) -> Configurations:
    """The additive and the multiplicative rule, tuned, as hybrid ones: ``[R, 2]`` by name."""
    additive = _search(protocol, replace(cell, rule="additive"), count, {})
    multiplicative = _search(protocol, replace(cell, rule="multiplicative"), count, {})
    both = {name: np.stack([v, v], 1) for name, v in {**additive, **multiplicative}.items()}
    return {**both, "gamma": np.tile([0.0, 1.0], (protocol.repetitions, 1))}


def _search(protocol: Protocol, cell: CellKey, count: int, known: Configurations) -> Configurations:
    """The best of ``count`` draws a round and of the ``known`` configurations."""
    starts = tuning_starts(protocol, cell)
    drawn = draw(protocol, cell, count)
    if known:
        drawn = {name: np.concatenate([known[name], drawn[name]], 1) for name in drawn}
    best, score = _best(drawn, mean_score(protocol, cell, starts, drawn))
    for index in range(1, protocol.rounds):
        where = Around(best, protocol.decades / protocol.zoom**index)
        drawn = draw_around(protocol, cell, where, count, index)
        found, better = _best(drawn, mean_score(protocol, cell, starts, drawn))
        best = {name: np.where(better < score, found[name], best[name]) for name in best}
        score = np.minimum(score, better)
    return best


def tuning_starts(protocol: Protocol, cell: CellKey) -> Floats:
    """The starts that a configuration is judged on, ``[R, S, 2]``."""
    if protocol.tune_on == "starts":
        return random_starts(protocol, cell, "tuning starts", protocol.tuning_starts)
    return np.broadcast_to(cell.case.start, (protocol.repetitions, 1, 2))


def mean_score(
    protocol: Protocol, cell: CellKey, starts: Floats, hyper: Mapping[str, Floats]
) -> Floats:
    """What tuning minimizes: the mean over starts, each at most 1, for ``[R, C]`` settings."""
    each = starts[:, None]
    columns = {name: value[:, :, None] for name, value in hyper.items()}
    reached = ends(cell, each, columns, protocol.iterations)
    measure = relative_distance if protocol.tune_by == "distance" else relative_loss
    return np.asarray(np.minimum(measure(cell.case, each, reached), 1.0).mean(-1))


def _best(drawn: Configurations, scores: Floats) -> tuple[Configurations, Floats]:
    index = scores.argmin(1)[:, None]
    chosen = {name: np.take_along_axis(v, index, 1)[:, 0] for name, v in drawn.items()}
    return chosen, np.take_along_axis(scores, index, 1)[:, 0]
