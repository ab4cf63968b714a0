"""The laws of a problem."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gofau.catalog import Scalar
from gofau.contract.errors import require
from gofau.contract.packs import check_pack
from gofau.packing import PlanError
from gofau.packing.executors.module_checks import check_module, check_tensors, fit
from gofau.packing.executors.scored import Scored
from gofau.packing.plan.streams import initial_module
from gofau.problems import Dataset, Problem, problem

EXAMPLES = 12
LIKE = torch.empty(0, dtype=torch.float64)


def check_problem(name: str, parameters: Mapping[str, Scalar] | None = None) -> None:
    """Try the laws of `gofau.problems.Problem` on the problem of that name.

    Args:
        name: as in the catalog.
        parameters: the problem's own; defaults fill the others.

    Raises:
        ContractError: a law that does not hold.
        gofau.catalog.CatalogError: an unknown name or parameter, or a value out of range.
        gofau.catalog.plugins.PluginError: its plug-in cannot be used.
    """
    one = problem(name, parameters)
    subject = f"problem {name!r}"
    data = one.dataset()
    _check_data(one, data, subject)
    _check_module(one, subject)
    _check_augmentation(one, data, subject)
    template = _check_template(one, data, subject)
    _check_scores(one, template, data, subject)
    check_pack(one, template, data, subject)


def _check_data(one: Problem, data: Dataset, subject: str) -> None:
    again = problem(one.name, one.parameters).dataset()
    for field in ("train_x", "train_y", "val_x", "val_y"):
        first, second = getattr(data, field), getattr(again, field)
        same = torch.equal(first.nan_to_num(), second.nan_to_num())
        require(same, subject, f"the same {field} on every call", "another")
        require(first.device.type == "cpu", subject, f"{field} on the CPU", first.device)
        wide = first.dtype != torch.float64
        require(wide, subject, f"{field} in float32 or an integer type", first.dtype)
    for x, y in ((data.train_x, data.train_y), (data.val_x, data.val_y)):
        require(len(x) == len(y) > 0, subject, "a target for each example", (len(x), len(y)))
    for part in ("x", "y"):
        train, val = getattr(data, f"train_{part}"), getattr(data, f"val_{part}")
        forms = [(str(v.dtype), tuple(v.shape[1:])) for v in (train, val)]
        law = f"train_{part} and val_{part} of one type and shape"
        require(forms[0] == forms[1], subject, law, f"{forms[0]} and {forms[1]}")
        finite = bool(train.isfinite().all() and val.isfinite().all())
        require(finite, subject, f"finite {part}", "NaN or infinity")
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


def _check_template(one: Problem, data: Dataset, subject: str) -> nn.Module:
    """A module in float64, once all that a study looks at before it trains holds of it."""
    template = initial_module(one.name, 5, one.module)
    try:
        check_tensors(one, template, scaled=False)
        fit(template, LIKE, data)
        check_module(one, template, data, LIKE)
    except PlanError as error:
        require(False, subject, error.expected, error.got)
    return template


def _check_scores(one: Problem, template: nn.Module, data: Dataset, subject: str) -> None:
    moved = data.first(EXAMPLES).to(LIKE.dtype, LIKE.device)
    with torch.no_grad():
        output = template.eval()(moved.train_x)
    summed = Scored(one, "loss", output, moved.train_y).sums()
    law = "a mean over examples, which does not grow with the batch"
    require(not summed, f"{subject} loss", law, "a sum over examples")
    _check_vectorises(one, output, moved.train_y, subject)


def _check_vectorises(one: Problem, output: Tensor, y: Tensor, subject: str) -> None:
    try:
        torch.vmap(one.loss, in_dims=(0, None))(torch.stack([output, output]), y)
    except (RuntimeError, ValueError) as error:
        law = "a loss without branches on values, which runs under torch.vmap"
        require(False, subject, law, str(error).splitlines()[0])
