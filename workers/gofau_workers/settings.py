"""What a driver and its packs need to know, read once from the environment.

| variable | meaning | default |
|---|---|---|
| ``GOFAU_SERVICE_URL`` | address of the service | required |
| ``GOFAU_STUDY`` | id of the study to work on | required |
| ``GOFAU_TICKET`` | single-use ticket for that study, see `gofau_workers.ticket` | required |
| ``GOFAU_PACK_SIZE`` | most trials in a pack | ``256`` |
| ``GOFAU_PATIENCE_S`` | how long to retry an unreachable service | ``600`` |
| ``GOFAU_CACHE_DIR`` | where calibrations and checkpoints are kept | ``~/.cache/gofau`` |
| ``GOFAU_CHECKPOINT_EVERY`` | epochs between two checkpoints of a pack, where the spec does not \
say; ``0``: none | ``10`` |
| ``GOFAU_DEVICE`` | ``cpu``, ``cuda``, or ``auto``: GPUs where the cluster has any | ``auto`` |
| ``GOFAU_GPUS_PER_PACK`` | share of a GPU that a pack takes, in (0, 1] | ``1`` |
| ``GOFAU_BACKEND`` | how torch runs packs: ``eager``, ``inductor``, ``cudagraphs``, \
``inductor+cudagraphs``, or ``auto``: what the calibration finds to pay on a GPU, eager elsewhere \
| ``auto`` |
| ``GOFAU_MEMORY_FORMAT`` | of images: ``contiguous``, ``channels_last``, or ``auto`` in the same \
way | ``auto`` |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from gofau.packing.plan.plan import BackendName, MemoryFormatName
from gofau_workers.errors import SettingsError
from gofau_workers.placement import DeviceName


@dataclass(frozen=True)
class WorkerSettings:
    """A driver's settings; it travels to the packs as plain data inside the Ray cluster.

    ``token`` is the ticket of the environment until the driver has exchanged it.
    """

    service_url: str
    study: str
    token: str = field(repr=False)
    pack_size: int = 256
    patience_s: float = 600.0
    cache_dir: Path = Path.home() / ".cache" / "gofau"
    checkpoint_every: int = 10
    device: DeviceName = "auto"
    gpus_per_pack: float = 1.0
    backend: BackendName = "auto"
    memory_format: MemoryFormatName = "auto"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "WorkerSettings":
        """Read the variables above.

        Raises:
            SettingsError: a required one is missing, or a number cannot be read.
        """
        return cls(
            service_url=_required(environment, "GOFAU_SERVICE_URL").rstrip("/"),
            study=_required(environment, "GOFAU_STUDY"),
            token=_required(environment, "GOFAU_TICKET"),
            pack_size=max(1, int(_number(environment, "GOFAU_PACK_SIZE", cls.pack_size))),
            patience_s=_number(environment, "GOFAU_PATIENCE_S", cls.patience_s),
            cache_dir=Path(environment.get("GOFAU_CACHE_DIR", str(cls.cache_dir))),
            checkpoint_every=int(
                _number(environment, "GOFAU_CHECKPOINT_EVERY", cls.checkpoint_every)
            ),
            device=_one_of(environment, "GOFAU_DEVICE", DeviceName),
            gpus_per_pack=_share(environment, "GOFAU_GPUS_PER_PACK", cls.gpus_per_pack),
            backend=_one_of(environment, "GOFAU_BACKEND", BackendName),
            memory_format=_one_of(environment, "GOFAU_MEMORY_FORMAT", MemoryFormatName),
        )


def _one_of(environment: Mapping[str, str], name: str, choices: Any) -> Any:
    """The variable's value, one of a Literal's ``choices``; ``auto`` where it is not set."""
    given, known = environment.get(name, "") or "auto", get_args(choices)
    if given not in known:
        raise SettingsError(f"{name}: got {given!r}, expected one of {', '.join(known)}")
    return given


def _share(environment: Mapping[str, str], name: str, default: float) -> float:
    value = _number(environment, name, default)
    if not 0 < value <= 1:
        raise SettingsError(f"{name}: got {value:g}, expected a share in (0, 1]")
    return value


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name}: got nothing, expected a value in the environment")
    return value


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError as error:
        raise SettingsError(f"{name}: got {text!r}, expected a number >= 0") from error
    if not 0 <= value < float("inf"):
        raise SettingsError(f"{name}: got {text!r}, expected a number >= 0")
    return value
