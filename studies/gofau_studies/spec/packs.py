"""Packs: trials that share every shape-changing setting, cut to size for one stacked job."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from gofau_studies.spec.canonical import canonical_json

SCHEDULES = ("schedule", "gamma_schedule")


class HasDefinition(Protocol):
    """Anything with a cell's ``definition``."""

    @property
    def definition(self) -> Mapping[str, Any]:
        """All that decides the trial's result but the seed."""
        ...


T = TypeVar("T", bound=HasDefinition)


def bucket_key(definition: Mapping[str, Any]) -> str:
    """What two trials must share to be stacked: all but the numbers that become vectors.

    Numeric hyperparameters, the init scale and schedules vary inside a pack; switches and texts do
    not, since they change the program. Under successive halving a pack's trials compete, so there
    those of unlike schedules stay apart.
    """
    free = {"init_scale"} if "halving" in definition else {"init_scale", *SCHEDULES}
    fixed = {key: value for key, value in definition.items() if key not in free}
    hyper: Mapping[str, Any] = fixed.pop("hyper")
    fixed["hyper"] = {
        name: None if isinstance(value, float) else value for name, value in hyper.items()
    }
    return canonical_json(fixed)


def buckets(trials: Iterable[T]) -> dict[str, list[T]]:
    """Group trials by `bucket_key`, keeping their order."""
    grouped: dict[str, list[T]] = {}
    # Seeds of one cell share its definition, whose key is worked out once.
    keys: dict[int, str] = {}
    kept = list(trials)
    for trial in kept:
        same = id(trial.definition)
        if same not in keys:
            keys[same] = bucket_key(trial.definition)
        grouped.setdefault(keys[same], []).append(trial)
    return grouped


def cut(trials: list[T], size: int) -> Iterator[list[T]]:
    """Cut a bucket into near-equal packs of at most ``size`` trials.

    Raises:
        ValueError: ``size`` below 1.
    """
    if size < 1:
        raise ValueError(f"pack size: got {size}, expected an integer >= 1")
    count = -(-len(trials) // size)
    for i in range(count):
        yield trials[len(trials) * i // count : len(trials) * (i + 1) // count]
