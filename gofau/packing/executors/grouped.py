"""Grouped convolutions: K small image networks as one network with K times the channels."""

from collections.abc import Callable, Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gofau.packing.executors.base import Batch, changed_from_without
from gofau.packing.executors.dropout import StreamDropout
from gofau.packing.executors.functional import ModuleExecutor
from gofau.packing.plan.plan import ExecutorName
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem
from gofau.problems.blocks.layers import Pixels

Values = Mapping[str, Tensor]


@final
class GroupedExecutor(ModuleExecutor):
    """Sequential image networks with the trials folded into the channels, ``[B, K·C, H, W]``.

    Convolutions become grouped, batch normalisation and pooling see K times the channels, and
    linear layers after a flatten are batched matrix products on ``[K, B, features]``.
    """

    name: ClassVar[ExecutorName] = "grouped"
    channels: ClassVar[bool] = True

    @staticmethod
    def obstacle(problem: Problem, module: nn.Module, data: Dataset) -> str | None:
        """See `Executor.obstacle`."""
        if type(module) is not nn.Sequential:
            return "its module is not a Sequential"
        kinds = [type(m) for m in module]
        if nn.Conv2d not in kinds:
            return "it has no convolution"
        reason = changed_from_without(module) or next(filter(None, map(_unfit, module)), None)
        if reason is not None:
            return reason
        if kinds.count(nn.Flatten) != 1:
            return "it does not flatten its images exactly once"
        split = kinds.index(nn.Flatten)
        spatial = (nn.Conv2d, *_norms, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, Pixels)
        if nn.Linear in kinds[:split] or any(kind in spatial for kind in kinds[split:]):
            return "its image layers do not all come before its linear ones"
        return None

    def batch_losses(self, parameters: Values, stack: Stack, batch: Batch) -> Tensor:
        """See `ModuleExecutor.batch_losses`."""
        x = batch.groups.per_trial(batch.x)
        spread = {name: batch.groups.per_trial(mask) for name, mask in batch.masks.items()}
        output = self._run(x, {**parameters, **stack.buffers, **spread}, training=True)
        losses: Tensor = torch.vmap(self.problem.loss)(output, batch.groups.per_trial(batch.y))
        return losses

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        values = {**self.layout.views(stack.blocks), **stack.buffers}
        return self._run(x.expand(stack.size, *x.shape), values, training=False)

    def _run(self, x: Tensor, values: Values, training: bool) -> Tensor:
        """Outputs ``[K, B, ...]`` for inputs ``[K, B, C, H, W]``."""
        size = len(x)
        h = self._formed(fold(x))
        # Unlike named_children, whose names are those of layers' first places.
        for name, module in self.module._modules.items():
            assert module is not None
            own = {key.rpartition(".")[2]: values[key] for key in values if _of(key, name)}
            if isinstance(module, nn.Conv2d):
                own["weight"] = self._formed(own["weight"].flatten(0, 1))
            if isinstance(module, nn.Flatten):
                h = h.reshape(len(h), size, -1).transpose(0, 1)
            else:
                h = _layers[type(module)](h, module, own, training)
        return h


def fold(x: Tensor) -> Tensor:
    """``[K, B, C, ...]`` as ``[B, K·C, ...]``."""
    return x.transpose(0, 1).flatten(1, 2)


def _of(key: str, module: str) -> bool:
    return key.rpartition(".")[0] == module


def _unfit(module: nn.Module) -> str | None:
    if _layers.get(type(module)) is None:
        return f"it has a {type(module).__name__}"
    if isinstance(module, nn.Conv2d) and module.padding_mode != "zeros":
        return f"a convolution pads by {module.padding_mode}"
    if isinstance(module, nn.BatchNorm2d) and module.momentum is None:
        return "a batch normalisation averages over all batches (momentum None)"
    if isinstance(module, nn.Flatten) and (module.start_dim, module.end_dim) != (1, -1):
        return "it flattens other axes than 1 to -1"
    return None


Layer = Callable[[Tensor, nn.Module, Values, bool], Tensor]


def _conv(h: Tensor, module: nn.Module, values: Values, _training: bool) -> Tensor:
    assert isinstance(module, nn.Conv2d)
    weight = values["weight"]  # [K · out, in, height, width]
    bias = values["bias"].flatten() if "bias" in values else None
    return F.conv2d(
        h,
        weight,
        bias,
        module.stride,
        module.padding,
        module.dilation,
        len(weight) // module.out_channels * module.groups,
    )


def _batch_norm(h: Tensor, module: nn.Module, values: Values, training: bool) -> Tensor:
    assert isinstance(module, nn.BatchNorm2d)
    flat = {key: value.flatten() for key, value in values.items()}
    assert module.momentum is not None
    if training and "num_batches_tracked" in values:
        values["num_batches_tracked"] += 1
    use_batch = training or "running_mean" not in flat
    return F.batch_norm(
        h,
        flat.get("running_mean"),
        flat.get("running_var"),
        flat.get("weight"),
        flat.get("bias"),
        use_batch,
        module.momentum,
        module.eps,
    )


def _group_norm(h: Tensor, module: nn.Module, values: Values, _training: bool) -> Tensor:
    assert isinstance(module, nn.GroupNorm)
    flat = {key: value.flatten() for key, value in values.items()}
    groups = h.shape[1] // module.num_channels * module.num_groups
    return F.group_norm(h, groups, flat.get("weight"), flat.get("bias"), module.eps)


def _linear(h: Tensor, module: nn.Module, values: Values, _training: bool) -> Tensor:
    product = torch.bmm(h, values["weight"].transpose(1, 2))
    return product + values["bias"].unsqueeze(1) if "bias" in values else product


def _dropout(h: Tensor, module: nn.Module, values: Values, training: bool) -> Tensor:
    if not training:
        return h
    mask = values["mask"]
    return h * (mask if h.dim() == mask.dim() else fold(mask))


def _plain(h: Tensor, module: nn.Module, _values: Values, _training: bool) -> Tensor:
    output: Tensor = module(h)
    return output


_norms = (nn.BatchNorm2d, nn.GroupNorm)

_layers: dict[type[nn.Module], Layer] = {
    nn.Conv2d: _conv,
    nn.BatchNorm2d: _batch_norm,
    nn.GroupNorm: _group_norm,
    Pixels: _plain,
    nn.Linear: _linear,
    nn.Flatten: _plain,
    StreamDropout: _dropout,
    **dict.fromkeys(
        (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d),
        _plain,
    ),
}
