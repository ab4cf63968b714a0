"""One round: the waiting trials of a study as packs, run by `ray.tune.Tuner`."""

import logging
import os
from math import ceil

import ray
from ray import tune

from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.telemetry import tracing
from gofau_workers.errors import RefusedError
from gofau_workers.placement import Placement, check_backend, place
from gofau_workers.scratch import scratch
from gofau_workers.settings import WorkerSettings
from gofau_workers.trainable import REFUSAL, PackTrainable
from gofau_workers.work import bucket_sizes, pack_up

log = logging.getLogger(__name__)

TUNE_RESULTS = "ray.tune.analysis.experiment_analysis"
"""The logger of Tune's warnings about result files, which the variables below tell it to omit."""

TUNE_ENVIRONMENT = {
    # The store holds every result: Tune's own copies on disk would only cost time.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "RAY_AIR_NEW_OUTPUT": "0",
}

USUAL = 128
"""Trials in a pack where a worker has few packs."""

SEVERAL = 8
"""Packs that a worker should have when they hold more."""


def run_round(settings: WorkerSettings, trials: list[WorkTrial]) -> None:
    """Train ``trials`` in packs across the cluster; each pack posts its own results.

    A pack whose process dies is logged and left to its lease, which expires and gives the trials
    back.

    Raises:
        RefusedError: the service leases nothing to a worker of the cluster.
    """
    os.environ.update(TUNE_ENVIRONMENT)
    logging.getLogger(TUNE_RESULTS).setLevel(logging.ERROR)
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    cluster = ray.cluster_resources()  # type: ignore[no-untyped-call]
    placed = place(cluster, settings.device, settings.gpus_per_pack)
    check_backend(placed, settings.backend)
    packs = pack_up(trials, pack_sizes(trials, placed.workers, settings.pack_size))
    log.info(
        "%d trials in %d packs on %d workers (%s)",
        len(trials),
        len(packs),
        placed.workers,
        placed.device,
    )
    with tracing.span("round", packs=len(packs)):
        ended = _fit(settings, packs, placed)
    for error in ended.errors:
        log.error("a pack's process died: %s", str(error).strip().splitlines()[-1])
    told = (ended[i].metrics or {} for i in range(len(ended)))
    refusals = [metrics[REFUSAL] for metrics in told if REFUSAL in metrics]
    if refusals:
        raise RefusedError(refusals[0])


def pack_sizes(trials: list[WorkTrial], workers: int, most: int) -> dict[str, int]:
    """The pack size of each bucket: at most ``most``, and small enough to busy every worker.

    Packs above `USUAL` train faster, but workers end together only where each has several.
    """
    sizes = bucket_sizes(trials)
    share = ceil(len(trials) / workers)
    even = max(USUAL, share // SEVERAL)
    return {key: max(1, min(most, even, share, count)) for key, count in sizes.items()}


def _fit(
    settings: WorkerSettings, packs: list[list[WorkTrial]], placed: Placement
) -> tune.ResultGrid:
    trainable = tune.with_parameters(
        PackTrainable,
        settings=settings,
        packs=packs,
        device=placed.device,
        trace=tracing.carried(),
    )
    with scratch() as storage:
        tuner = tune.Tuner(
            tune.with_resources(trainable, dict(placed.resources)),
            param_space={"pack": tune.grid_search(list(range(len(packs))))},
            tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=placed.workers),
            run_config=tune.RunConfig(
                name=settings.study,
                storage_path=str(storage),
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=0),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        return tuner.fit()
