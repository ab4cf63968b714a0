"""The laws of a problem."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gofau.catalog import Scalar, metrics
from gofau.contract.errors import require
from gofau.contract.packs import check_pack
from gofau.packing.streams import initial_module
from gofau.problems import Dataset, Problem, problem


def check_problem(name: str, parameters: Mapping[str, Scalar] | None = None) -> None:
    """Try the laws of `gofau.problems.Problem` on the problem of that name.

    Args:
        name: as in the catalog.
        parameters: the problem's own; defaults fill the others.

    Raises:
        ContractError: a law that does not hold.
        gofau.catalog.CatalogError: an unknown name or parameter, or a value out of range.
        gofau.plugins.PluginError: its plug-in cannot be used.
    """
    one = problem(name, parameters)
    subject = f"problem {name!r}"
    data = one.dataset()
    _check_data(one, data, subject)
    _check_module(one, subject)
    _check_augmentation(one, data, subject)
    _check_scores(one, data, subject)
    check_pack(one, data, subject)


def _check_data(one: Problem, data: Dataset, subject: str) -> None:
    again = problem(one.name, one.parameters).dataset()
    for field in ("train_x", "train_y", "val_x", "val_y"):
        first, second = getattr(data, field), getattr(again, field)
        require(torch.equal(first, second), subject, f"the same {field} on every call", "another")
        require(first.device.type == "cpu", subject, f"{field} on the CPU", first.device)
        wide = first.dtype != torch.float64
        require(wide, subject, f"{field} in float32 or an integer type", first.dtype)
    for x, y in ((data.train_x, data.train_y), (data.val_x, data.val_y)):
        require(len(x) == len(y) > 0, subject, "a target for each example", (len(x), len(y)))
    size = one.entry.train_size
    law = f"the catalog's {size} training examples"
    require(size in (None, len(data.train_x)), subject, law, len(data.train_x))


def _check_module(one: Problem, subject: str) -> None:
    before = torch.random.get_rng_state()
    modules = [initial_module(one.name, 5, one.module) for _ in range(2)]
    first, second = (dict(m.named_parameters()) for m in modules)
    same = first.keys() == second.keys() and all(torch.equal(first[n], second[n]) for n in first)
    require(same, subject, "a module that the global generator alone decides", "another start")
    require(bool(first), subject, "a module with parameters", "none")
    left = torch.equal(torch.random.get_rng_state(), before)
    require(left, subject, "the global generator left as it was", "another state")
    for name, parameter in first.items():
        require(parameter.dtype == torch.float32, subject, f"{name} in float32", parameter.dtype)


def _check_augmentation(one: Problem, data: Dataset, subject: str) -> None:
    change = one.augmentation
    if change is None:
        return
    x = data.train_x[:8]
    before = x.clone()
    first, second = (change(x, torch.Generator().manual_seed(1)) for _ in range(2))
    law = "an augmentation that its generator alone decides"
    require(torch.equal(first, second), subject, law, "two results of one stream")
    require(torch.equal(x, before), subject, "an augmentation out of place", "a changed input")
    kept = first.shape == x.shape and first.dtype == x.dtype
    require(kept, subject, "shape and dtype kept", (tuple(first.shape), first.dtype))


def _check_scores(one: Problem, data: Dataset, subject: str) -> None:
    module = initial_module(one.name, 5, one.module).double().eval()
    moved = data.to(torch.float64, torch.device("cpu"))
    x, y = moved.val_x[:12], moved.val_y[:12]
    with torch.no_grad():
        output = module(x)
    whole = _scores(one, output, y)
    expected = set(one.entry.metric_names) - {"train_loss"} | {"loss"}
    law = f"the catalog's metrics {', '.join(one.entry.metric_names)}"
    require(expected <= whole.keys(), subject, law, ", ".join(whole))
    head = max(1, len(x) // 3)
    for name, value in whole.items():
        require(value.dim() == 0, f"{subject} {name}", "a scalar", tuple(value.shape))
        _check_range(name, value.item(), subject)
        if len(x) > head:
            shares = (head / len(x), 1 - head / len(x))
            parts = (_scores(one, output[s], y[s])[name] for s in (slice(head), slice(head, None)))
            joined = sum(share * part.item() for share, part in zip(shares, parts, strict=True))
            law = "a mean over examples, so that parts of a data set combine by their sizes"
            close = abs(joined - value.item()) <= 1e-9 * max(1, abs(joined))
            require(close, f"{subject} {name}", law, (joined, value.item()))
    _check_vectorises(one, output, y, subject)


def _check_range(name: str, value: float, subject: str) -> None:
    """A metric in another unit than it was declared in is better than its best."""
    entry = metrics.entries.get(name)
    if entry is None or entry.best is None:
        return
    beyond = value < entry.best if entry.minimize else value > entry.best
    require(not beyond, f"{subject} {name}", f"no better than {entry.best:g}, its best", value)


def _scores(one: Problem, output: Tensor, y: Tensor) -> dict[str, Tensor]:
    return {"loss": one.loss(output, y), **one.measure(output, y)}


def _check_vectorises(one: Problem, output: Tensor, y: Tensor, subject: str) -> None:
    try:
        torch.vmap(one.loss, in_dims=(0, None))(torch.stack([output, output]), y)
        torch.vmap(one.measure, in_dims=(0, None))(torch.stack([output, output]), y)
    except RuntimeError as error:
        law = "loss and measure without branches on values, which run under torch.vmap"
        require(False, subject, law, str(error).splitlines()[0])
