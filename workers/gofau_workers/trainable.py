"""The Tune trainable: one Tune trial is one pack, and an actor trains many packs in turn."""

import os
import time
from collections.abc import Mapping
from typing import Any

import torch
from ray import tune

from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.telemetry import logs, tracing
from gofau_workers.errors import PlacementError, RefusedError
from gofau_workers.ray_metrics import PackMetrics
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings
from gofau_workers.train import PackAccount, packed, train_pack

REFUSAL = "refusal"
"""The name under which a pack tells that the service leases nothing to its worker, and why."""


def counts(account: PackAccount) -> dict[str, int]:
    """What became of a pack's trials, as Tune takes it."""
    return {f: getattr(account, f) for f in ("completed", "failed", "reused", "refused")}


class PackTrainable(tune.Trainable):
    """Trains the pack that ``config["pack"]`` points at.

    Actors are reused, so that torch is imported and data is loaded once a core.
    """

    def setup(  # type: ignore[override] # tune.with_parameters adds the rest
        self,
        config: dict[str, Any],
        settings: WorkerSettings,
        packs: list[list[WorkTrial]],
        device: str,
        trace: Mapping[str, str],
    ) -> None:
        """Take the first pack; ``packs`` is every pack of the round, ``trace`` its span.

        Raises:
            PlacementError: Ray gave this actor a GPU that torch cannot use.
        """
        if device == "cuda" and not torch.cuda.is_available():
            raise PlacementError(
                "torch: got no usable GPU on a node that offers one to Ray, "
                "expected a CUDA build and driver; set GOFAU_DEVICE=cpu to train on cores"
            )
        torch.set_num_threads(1)
        logs.configure(os.environ.get(logs.VARIABLE, ""), [settings.token])
        tracing.start("gofau-worker")
        self._trace = trace
        self._study = settings.study
        self._metrics = PackMetrics()
        self._device = device
        self._client = ServiceClient(settings)
        self._train = packed(settings)
        self._packs = packs
        self._number = config["pack"]
        self._pack = packs[self._number]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another pack into the same actor."""
        self._number = new_config["pack"]
        self._pack = self._packs[self._number]
        return True

    def step(self) -> dict[str, Any]:
        """Train the pack to its end; where the service leases nothing, say why."""
        begun = time.monotonic()
        with (
            logs.bound(study=self._study, pack=self._number),
            tracing.continued(self._trace),
            tracing.span("pack", trials=[trial.index for trial in self._pack]),
        ):
            try:
                account = train_pack(self._client, self._pack, self._train, self._device)
            except RefusedError as error:
                return {"done": True, REFUSAL: str(error)}
        self._metrics.add(account, time.monotonic() - begun)
        return {"done": True, "trials": len(self._pack), **counts(account)}

    def cleanup(self) -> None:
        """Close the connections to the service; Ray may kill this process any time from now on."""
        self._client.close()
        tracing.flush()
