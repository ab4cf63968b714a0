"""Packs go where the cluster's devices are, and say so when they cannot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gofau.packing import PackPlan, TrialOutcome
from gofau.packing.plan.plan import BackendName
from gofau_workers.errors import PlacementError, SettingsError
from gofau_workers.placement import DeviceName, Placement, check_backend, place
from gofau_workers.settings import WorkerSettings
from gofau_workers.train import packed
from gofau_workers.trainable import PackTrainable
from gofau_workers.work import pending, plan
from tests.workers.fake_service import SETTINGS, FakeService

REQUIRED = {"GOFAU_SERVICE_URL": "http://x", "GOFAU_STUDY": "s", "GOFAU_TICKET": "t"}


@pytest.mark.parametrize(
    ("cluster", "device", "share", "expected"),
    [
        ({"CPU": 2.0}, "auto", 1.0, Placement("cpu", 2, {"cpu": 1})),
        ({}, "auto", 1.0, Placement("cpu", 1, {"cpu": 1})),
        ({"CPU": 16.0, "GPU": 4.0}, "cpu", 1.0, Placement("cpu", 16, {"cpu": 1})),
        ({"CPU": 16.0, "GPU": 4.0}, "auto", 1.0, Placement("cuda", 4, {"cpu": 1.0, "gpu": 1.0})),
        ({"CPU": 16.0, "GPU": 1.0}, "cuda", 0.25, Placement("cuda", 4, {"cpu": 1.0, "gpu": 0.25})),
        (
            {"CPU": 16.0, "GPU": 2.0},
            "auto",
            1 / 3,
            Placement("cuda", 6, {"cpu": 1.0, "gpu": 1 / 3}),
        ),
        ({"CPU": 16.0, "GPU": 1.0}, "auto", 0.4, Placement("cuda", 2, {"cpu": 1.0, "gpu": 0.4})),
        # Two cores feed four packs: each asks for half of one.
        ({"CPU": 2.0, "GPU": 4.0}, "auto", 1.0, Placement("cuda", 4, {"cpu": 0.5, "gpu": 1.0})),
    ],
)
def test_placement(
    cluster: dict[str, float], device: DeviceName, share: float, expected: Placement
) -> None:
    assert place(cluster, device, share) == expected


def test_gpus_that_are_not_there_are_demanded_in_vain() -> None:
    with pytest.raises(PlacementError, match="got 'cuda' in a cluster without GPUs, expected one"):
        place({"CPU": 8.0}, "cuda", 1.0)


@pytest.mark.parametrize("backend", ["cudagraphs", "inductor+cudagraphs"])
def test_graphs_are_refused_on_cores(backend: BackendName) -> None:
    cores = place({"CPU": 8.0}, "auto", 1.0)
    with pytest.raises(PlacementError, match=r"GOFAU_BACKEND: got .* for packs on CPUs, expected"):
        check_backend(cores, backend)
    check_backend(place({"CPU": 8.0, "GPU": 1.0}, "auto", 1.0), backend)
    check_backend(cores, "inductor")


def test_packs_run_as_the_settings_say(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plans: list[PackPlan] = []

    def noted(given: PackPlan, **_: object) -> Iterator[TrialOutcome]:
        plans.append(given)
        return iter(())

    monkeypatch.setattr("gofau_workers.train.run_pack", noted)
    given = {"GOFAU_BACKEND": "inductor", "GOFAU_MEMORY_FORMAT": "channels_last"}
    settings = WorkerSettings.from_environment(
        {**REQUIRED, **given, "GOFAU_CACHE_DIR": str(tmp_path)}
    )
    packed(settings)(plan(list(pending(service.client().work()))[:2]), lambda: None)
    [got] = plans
    assert (got.backend, got.memory_format) == ("inductor", "channels_last")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"GOFAU_DEVICE": "tpu"}, "GOFAU_DEVICE: got 'tpu', expected one of auto, cpu, cuda"),
        (
            {"GOFAU_BACKEND": "jit"},
            "GOFAU_BACKEND: got 'jit', expected one of auto, eager, inductor, cudagraphs, inductor",
        ),
        (
            {"GOFAU_MEMORY_FORMAT": "nhwc"},
            "GOFAU_MEMORY_FORMAT: got 'nhwc', expected one of auto, contiguous, channels_last",
        ),
        ({"GOFAU_GPUS_PER_PACK": "2"}, r"GOFAU_GPUS_PER_PACK: got 2, expected a share in \(0, 1\]"),
        ({"GOFAU_GPUS_PER_PACK": "0"}, r"GOFAU_GPUS_PER_PACK: got 0, expected a share in \(0, 1\]"),
    ],
)
def test_settings_that_place_nothing(given: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        WorkerSettings.from_environment({**REQUIRED, **given})


def test_settings_name_the_device_and_the_share() -> None:
    given = {"GOFAU_DEVICE": "cuda", "GOFAU_GPUS_PER_PACK": "0.5"}
    found = WorkerSettings.from_environment({**REQUIRED, **given})
    assert (found.device, found.gpus_per_pack) == ("cuda", 0.5)


def test_a_pack_is_planned_for_its_device(service: FakeService) -> None:
    trials = list(pending(service.client().work()))[:2]
    assert (plan(trials).device, plan(trials, "cuda").device) == ("cpu", "cuda")


def test_a_node_whose_gpu_torch_cannot_use_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    given: dict[str, Any] = {"settings": SETTINGS, "packs": [[]], "device": "cuda", "trace": {}}
    with pytest.raises(PlacementError, match="got no usable GPU on a node that offers one to Ray"):
        PackTrainable.setup(object.__new__(PackTrainable), {"pack": 0}, **given)
