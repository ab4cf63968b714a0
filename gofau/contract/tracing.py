"""The law that what runs for one trial runs for a stack of them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gofau.catalog import Scalar
from gofau.contract import samples
from gofau.contract.errors import require


def check_traceable(
    call: Callable[..., Tensor],
    tensors: Sequence[Tensor],
    rows: list[dict[str, Scalar]],
    subject: str,
    law: str,
) -> None:
    """Under vmap, a Python branch on what a tensor holds is an error.

    Args:
        call: of one trial's tensors, then its hyperparameters.
        tensors: ``[K, ...]`` each.
        rows: hyperparameters of the ``K`` trials.
        subject: what must keep the law.
        law: in words.

    Raises:
        ContractError: it branches on values.
    """
    flat = samples.vectors(rows, 0)
    varying = {name: value for name, value in flat.items() if isinstance(value, Tensor)}
    fixed = {name: value for name, value in flat.items() if name not in varying}

    def of_trial(own: dict[str, Tensor], *parts: Tensor) -> Tensor:
        return call(*parts, {**fixed, **own})

    try:
        torch.vmap(of_trial)(varying, *tensors)
    except RuntimeError as error:
        require(False, subject, law, str(error).splitlines()[0])
