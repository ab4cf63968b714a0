"""Scales the standard initialisation of a module's weight tensors."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import parametrize

from gofau import catalog
from gofau.errors import UnsupportedError

_NORMS = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
)


@dataclass(frozen=True)
class InitScaling:
    """What `scale_init` did: the names it scaled, and why it left the others alone."""

    factor: float
    scaled: tuple[str, ...]
    left_alone: Mapping[str, str]


def scale_init(module: nn.Module, factor: float) -> InitScaling:
    """W ← factor·W for every weight tensor, in place.

    A weight tensor is a parameter of two or more axes outside a normalisation layer. Biases,
    gains and other vectors, and whatever normalisation layers own, stay. A tensor shared by
    several modules is scaled once.

    Args:
        module: freshly initialised; its current values are taken as the standard init.
        factor: the init scale, > 0.

    Returns:
        InitScaling: the scaled names, and every other name with the reason.

    Raises:
        CatalogError: a factor that is not a finite number > 0.
        UnsupportedError: a parametrized module, whose stored tensors are not its weights.

    Example:
        >>> from torch import nn
        >>> from gofau import scale_init
        >>> done = scale_init(nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3)), 0.5)
        >>> done.scaled
        ('0.weight',)
        >>> done.left_alone["1.weight"]
        'owned by LayerNorm'
    """
    checked = float(catalog.init_scale.check(factor, "factor"))
    reasons = scaling_reasons(module)
    scaled = tuple(name for name, reason in reasons.items() if reason is None)
    with torch.no_grad():
        for name in scaled:
            module.get_parameter(name).mul_(checked)
    left_alone = {name: reason for name, reason in reasons.items() if reason is not None}
    return InitScaling(checked, scaled, left_alone)


def scaling_reasons(module: nn.Module) -> dict[str, str | None]:
    """Why each parameter is left alone by an init scale, or ``None`` for a weight tensor.

    Raises:
        UnsupportedError: a parametrized module, whose weights are not its own parameters.
    """
    owners = _owners(module)
    return {name: _reason(p, owners[name]) for name, p in module.named_parameters()}


def _owners(module: nn.Module) -> dict[str, nn.Module]:
    owners: dict[str, nn.Module] = {}
    for prefix, owner in module.named_modules():
        if parametrize.is_parametrized(owner):
            raise UnsupportedError(
                f"module {prefix or 'itself'}: got a parametrized {type(owner).__name__}, "
                "expected plain weights; scale before parametrizing"
            )
        for name, _ in owner.named_parameters(recurse=False):
            owners[f"{prefix}.{name}" if prefix else name] = owner
    return owners


def _reason(param: nn.Parameter, owner: nn.Module) -> str | None:
    """Why a parameter is left alone, or ``None`` for a weight tensor."""
    if isinstance(owner, _NORMS):
        return f"owned by {type(owner).__name__}"
    if param.dim() < 2:
        return "a vector: bias or gain"
    return None
