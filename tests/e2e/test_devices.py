"""Studies on the devices and by the backends that the environment names."""

from typing import Any

import pytest

from tests.e2e.folder import TRIALS, Folder

pytestmark = pytest.mark.timeout(1800)


def study(folder: Folder, **environment: str) -> list[Any]:
    """The trials of a study whose packs run with ``environment``."""
    folder.environment |= {
        **environment,
        "GOFAU_CACHE_DIR": str(folder.path / "cache"),
        "GOFAU_PACK_SIZE": "6",
    }
    folder.gofau("up", "--detach", "--port", "0")
    found = folder.json("submit", "study.yaml", "--watch")["study"]
    assert found["counts"]["completed"] == TRIALS
    trials: list[Any] = folder.json("trials", found["id"], "--limit", str(TRIALS))
    return trials


@pytest.mark.slow
def test_packs_on_cores_are_compiled_where_asked(folder: Folder) -> None:
    trials = study(folder, GOFAU_DEVICE="cpu", GOFAU_BACKEND="inductor")
    # The kernel of the compiled executor is our own; torch's compiler is asked for instead.
    assert {trial["executor"] for trial in trials} <= {"bmm", "vmap", "serial"}


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["auto", "cudagraphs"])
@pytest.mark.parametrize("share", ["1", "0.25"])
def test_packs_share_a_gpu(folder: Folder, backend: str, share: str) -> None:
    trials = study(folder, GOFAU_DEVICE="cuda", GOFAU_GPUS_PER_PACK=share, GOFAU_BACKEND=backend)
    assert {trial["executor"] for trial in trials} <= {"bmm", "vmap", "serial"}


@pytest.mark.slow
def test_graphs_without_a_gpu_end_the_study_with_the_reason(folder: Folder) -> None:
    folder.environment |= {"GOFAU_DEVICE": "cpu", "GOFAU_BACKEND": "cudagraphs"}
    folder.gofau("up", "--detach", "--port", "0")
    found = folder.json("submit", "study.yaml")["id"]
    said = folder.gofau("watch", found, code=1)
    assert "GOFAU_BACKEND: got 'cudagraphs' for packs on CPUs" in said
