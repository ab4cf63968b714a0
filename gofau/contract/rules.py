"""The laws of an update rule."""

from functools import partial

import torch
from torch import Tensor

from gofau import catalog
from gofau.contract import samples
from gofau.contract.errors import require
from gofau.contract.tracing import check_traceable
from gofau.rules import UpdateRule, rule

SHAPE = (4, 3)


def check_rule(name: str) -> None:
    """Try the laws of `gofau.rules.UpdateRule` on the rule of that name.

    Raises:
        ContractError: a law that does not hold.
        gofau.catalog.CatalogError: there is no rule of that name.
        gofau.catalog.plugins.PluginError: its plug-in cannot be used.
    """
    one = rule(name)
    subject = f"rule {name!r}"
    _check_entry(one, subject)
    rows = samples.parameters([catalog.rules.get(name, "rule")])
    for row in rows:
        for dtype in (torch.float32, torch.float64):
            _check_pure(one, samples.numbers(row), dtype, subject)
            _check_still(one, samples.numbers(row), dtype, subject)
        _check_zeros(one, samples.numbers(row), subject)
    _check_traceable(one, rows, subject)
    _check_stack(one, rows, subject)


def _check_entry(one: UpdateRule, subject: str) -> None:
    entry = catalog.rules.get(one.name, "rule")
    names = [p.name for p in entry.parameters]
    law = f"one of its parameters: {', '.join(names)}"
    require(one.step_size in names, f"{subject} step_size", law, repr(one.step_size))
    for driven in entry.lr_drives:
        require(driven in names, f"{subject} lr_drives", law, repr(driven))
    for direction in catalog.directions.entries.values():
        shared = [p.name for p in direction.parameters if p.name in names]
        law = f"names that direction {direction.name!r} has no parameter of"
        require(not shared, f"{subject} parameters", law, ", ".join(shared))


def _moved(one: UpdateRule, param: Tensor, u: Tensor, hyper: samples.Numbers) -> Tensor:
    return one.update(param, u, one.init(param, hyper), hyper)


def _check_still(one: UpdateRule, hyper: samples.Numbers, dtype: torch.dtype, subject: str) -> None:
    param = samples.tensors(0, *SHAPE).to(dtype)
    after = _moved(one, param, torch.zeros_like(param), hyper)
    law = "a direction of 0 to leave every parameter as it is, to the last bit"
    require(torch.equal(after, param), subject, law, _change(after, param))


def _check_pure(one: UpdateRule, hyper: samples.Numbers, dtype: torch.dtype, subject: str) -> None:
    param, u = (samples.tensors(seed, *SHAPE).to(dtype) for seed in (1, 2))
    before, pushed = param.clone(), u.clone()
    after = _moved(one, param, u, hyper)
    kept = torch.equal(param, before) and torch.equal(u, pushed)
    require(kept, subject, "an update out of place", "a changed input")
    require(after.shape == param.shape, subject, f"the shape {SHAPE}", tuple(after.shape))
    require(after.dtype == param.dtype, subject, str(param.dtype), after.dtype)
    finite = bool(after.isfinite().all())
    require(finite, subject, "finite parameters after a moderate step", after)


def _check_zeros(one: UpdateRule, hyper: samples.Numbers, subject: str) -> None:
    param, u = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 1.0])
    moved = bool(_moved(one, param, u, hyper)[0] != 0)
    says = bool(torch.as_tensor(one.moves_zero(hyper)))
    require(says is moved, f"{subject} moves_zero", f"{moved}, as update does", says)


def _check_stack(one: UpdateRule, rows: list[dict[str, catalog.Scalar]], subject: str) -> None:
    params, u = (samples.tensors(seed, len(rows), *SHAPE) for seed in (3, 4))
    hyper = samples.vectors(rows, len(SHAPE))
    together = one.update(params, u, one.init(params, hyper, batch_dims=1), hyper)
    for k, row in enumerate(rows):
        alone = _moved(one, params[k], u[k], samples.numbers(row))
        same = torch.allclose(together[k], alone, rtol=1e-12, atol=1e-14)
        law = "a stack of trials to move as separate parameters do"
        require(same, subject, law, _change(together[k], alone))


def _check_traceable(one: UpdateRule, rows: list[dict[str, catalog.Scalar]], subject: str) -> None:
    tensors = [samples.tensors(seed, len(rows), *SHAPE) for seed in (5, 6)]
    law = "an update without branches on values, which runs under torch.vmap"
    check_traceable(partial(_moved, one), tensors, rows, subject, law)


def _change(after: Tensor, before: Tensor) -> str:
    return f"a difference of {(after - before).abs().max().item():g}"
