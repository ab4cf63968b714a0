"""What torch's own optimizer tests are run with holds for ours: inputs and failing inputs."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import Gofau, Wrapped
from tests.interop.twins import (
    DIRECTIONS,
    WRAPPABLE,
    gradients,
    in_precision,
    set_gradients,
    shapes,
    torchs,
    translated,
    twice,
    twin,
)

pytestmark = pytest.mark.slow
STEPS = 6
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-5}
"""Of an element, relative to the larger of it and 1."""


@pytest.mark.parametrize("how", ["loop", "foreach", "fused", "auto"])
@pytest.mark.parametrize("name", DIRECTIONS)
def test_every_input_steps_as_torch_does(
    name: str, how: str, optimizer_info: dict[str, Any]
) -> None:
    inputs = optimizer_info[name]["inputs"]
    assert inputs
    for (desc, given), dtype in [(i, d) for i in inputs for d in TOLERANCE]:
        settings = in_precision(given, dtype)
        mine, other = copies(dtype)
        theirs = torchs(name, other, settings)
        ours = twin(name, mine, settings, theirs, how)
        for step in range(STEPS):
            set_gradients(mine, gradients(mine, step))
            set_gradients(other, gradients(other, step))
            ours.step()
            theirs.step()
            try:
                same(mine, other, ours, theirs, TOLERANCE[dtype])
            except AssertionError as error:
                error.add_note(f"{desc}: {settings}, {dtype}, step {step + 1}")
                raise


def copies(dtype: torch.dtype) -> tuple[list[Tensor], list[Tensor]]:
    """The same parameters for ours and for theirs."""
    return shapes(dtype), twice(shapes(dtype))


def same(
    mine: list[Tensor],
    other: list[Tensor],
    ours: Gofau,
    theirs: torch.optim.Optimizer,
    tolerance: float,
) -> None:
    """Parameters agree, and every tensor that torch remembers of those that have stepped."""
    for a, b in zip(mine, other, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
        wanted = {k: v for k, v in theirs.state.get(b, {}).items() if v is not None}
        for key in wanted if a in ours.state else ():
            got, want = torch.as_tensor(ours.state[a][key]), torch.as_tensor(wanted[key])
            torch.testing.assert_close(got, want, rtol=tolerance, atol=tolerance / 100)


ACCEPTED = ("as Tensor doesn't work", "as a Tensor is not supported", "both floats or both Tensors")
"""What torch refuses for the sake of an implementation that ours has."""
ERRORS = {"TypeError": TypeError, "ValueError": ValueError}


@pytest.mark.parametrize("name", DIRECTIONS)
def test_every_failing_input_is_refused_as_torch_refuses_it(
    name: str, optimizer_info: dict[str, Any]
) -> None:
    for case in optimizer_info[name]["failing"]:
        given = translated({"lr": 1e-3, **case["kwargs"]})
        params = shapes(torch.float32) if case["params"] is None else case["params"]
        make = partial(Gofau, params, DIRECTIONS[name], "additive", **given)
        if any(words in case["desc"] for words in ACCEPTED):
            set_gradients(params, gradients(params, 0))
            make().step()
        elif case["error"] == "UserWarning":
            with pytest.warns(UserWarning, match="duplicate parameters"):
                make()
        else:
            with pytest.raises(ERRORS[case["error"]]) as caught:
                make()
            assert case["params"] is not None or str(caught.value).startswith("Gofau."), case


@pytest.mark.parametrize("name", WRAPPABLE)
def test_a_wrapped_optimizer_proposes_what_it_would_step(
    name: str, optimizer_info: dict[str, Any]
) -> None:
    """Under the additive rule at rate 1 that is its own step."""
    for desc, given in optimizer_info[name]["inputs"]:
        settings = in_precision(given, torch.float64)
        # What each of torch's optimizers takes: Muon wants matrices, Adafactor no empty ones.
        mine, other = (
            [p for p in parts if p.dim() == 2 and p.numel()] for parts in copies(torch.float64)
        )
        theirs = torchs(name, other, settings)
        ours = Wrapped(torchs(name, mine, settings), "additive", lr=1.0)
        for step in range(STEPS):
            set_gradients(mine, gradients(mine, step))
            set_gradients(other, gradients(other, step))
            ours.step()
            theirs.step()
        for a, b in zip(mine, other, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12, msg=f"{desc}: {settings}")
