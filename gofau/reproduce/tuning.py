"""What a configuration reaches, and the best of many random ones."""

from collections.abc import Mapping

import numpy as np
import torch

from gofau.reproduce.protocol import ZOOM, Case, Protocol
from gofau.reproduce.sampling import Configurations, Floats, around, draw, random_starts
from gofau.reproduce.training import points


def ends(
    protocol: Protocol,
    case: Case,
    direction: str,
    rule: str,
    starts: Floats,
    hyper: Mapping[str, Floats],
) -> Floats:
    """Where trainings end, all of them as one stack.

    Args:
        protocol: how many iterations.
        case: what is trained.
        direction: a direction's name.
        rule: a rule's name.
        starts: ``[..., 2]``.
        hyper: the rule's hyperparameters by name, of shapes that broadcast to ``[...]``.

    Returns:
        NDArray: the points after the last iteration, ``[..., 2]``.
    """
    shape = np.broadcast_shapes(starts.shape[:-1], *(value.shape for value in hyper.values()))
    rows = np.array(np.broadcast_to(starts, (*shape, 2))).reshape(-1, 2)
    flat = {name: np.array(np.broadcast_to(v, shape)).ravel() for name, v in hyper.items()}
    last = rows
    for last in points(case.loss, rows, direction, rule, flat, protocol.iterations):
        pass
    return last.reshape(*shape, 2)


def relative_distance(case: Case, starts: Floats, reached: Floats) -> Floats:
    """Final over initial distance to the minimum; infinite where the end is not a number."""
    minimum = np.asarray(case.minimum)
    after = np.linalg.norm(reached - minimum, axis=-1)
    before = np.linalg.norm(starts - minimum, axis=-1)
    return np.where(np.isfinite(after), after, np.inf) / before


def relative_loss(case: Case, starts: Floats, reached: Floats) -> Floats:
    """Final over initial loss; infinite where the end is not a number."""
    after, before = (case.loss(torch.from_numpy(np.array(p))).numpy() for p in (reached, starts))
    return np.where(np.isfinite(after), after, np.inf) / before


def tune(protocol: Protocol, case: Case, direction: str, rule: str) -> Configurations:
    """The best hyperparameters that every repetition finds, ``[R]`` by name."""
    fixed = np.broadcast_to(case.start, (protocol.repetitions, 1, 2))
    starts = (
        random_starts(protocol, case, direction, "tuning starts", protocol.tuning_starts)
        if protocol.tune_on == "starts"
        else fixed
    )
    drawn = draw(protocol, case, direction, rule)
    best, score = _best(drawn, _scores(protocol, case, direction, rule, starts, drawn))
    for index in range(1, protocol.rounds):
        width = protocol.decades / ZOOM**index
        drawn = around(protocol, case, direction, best, width, index)
        found, better = _best(drawn, _scores(protocol, case, direction, rule, starts, drawn))
        best = {name: np.where(better < score, found[name], best[name]) for name in best}
        score = np.minimum(score, better)
    return best


def _scores(
    protocol: Protocol,
    case: Case,
    direction: str,
    rule: str,
    starts: Floats,
    drawn: Configurations,
) -> Floats:
    """The mean over starts ``[R, S, 2]`` for configurations ``[R, C]``; at most 1 a start."""
    each = starts[:, None]
    hyper = {name: value[:, :, None] for name, value in drawn.items()}
    reached = ends(protocol, case, direction, rule, each, hyper)
    measure = relative_distance if protocol.tune_by == "distance" else relative_loss
    return np.asarray(np.minimum(measure(case, each, reached), 1.0).mean(-1))


def _best(drawn: Configurations, scores: Floats) -> tuple[Configurations, Floats]:
    index = scores.argmin(1)[:, None]
    chosen = {name: np.take_along_axis(v, index, 1)[:, 0] for name, v in drawn.items()}
    return chosen, np.take_along_axis(scores, index, 1)[:, 0]
