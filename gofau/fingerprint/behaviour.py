"""What a problem and a rule compute on a few examples, in rounded numbers.

Sources and files do not tell all that a loss depends on: it may read the environment. What it gives
for the same examples does.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from gofau.catalog import Entry
from gofau.directions import Direction
from gofau.drawing import drawing_from
from gofau.fingerprint.tensors import digest, digest_all, outline, rounded
from gofau.problems import Dataset, Problem
from gofau.rules import UpdateRule

ADDRESS = re.compile(r"0x[0-9a-f]+")
CPU = torch.device("cpu")
EXAMPLES = 8
SEEDS = (20_011, 20_021)
"""Two starts of the global generator: what both give alike has not been drawn."""


def built(problem: Problem, seed: int = SEEDS[0]) -> nn.Module:
    """The module that the problem builds from a seed; the global generator stays as it was."""
    with drawing_from(seed, CPU):
        return problem.module()


def start_of(problem: Problem, module: nn.Module) -> dict[str, str]:
    """A module's structure and the values that it starts from.

    Weights that come from a file, and constants, count by every byte; drawn ones by their outline,
    since processors draw other last bits. Where weights cannot be looked at, such as those of lazy
    modules, the kind of error stands in their place.
    """
    return dict(_tried("start", lambda: _start_of(problem, module)))


def _start_of(problem: Problem, module: nn.Module) -> dict[str, str]:
    again = dict(_state(built(problem, SEEDS[1])))
    fixed: dict[str, Tensor] = {}
    drawn: dict[str, str] = {}
    for name, value in _state(module).items():
        if name in again and torch.equal(value, again[name]):
            fixed[name] = value
        else:
            drawn[name] = outline(value)
    return {
        "structure": _hashed(_structure(module)),
        "fixed": digest_all(fixed),
        "drawn": _hashed(repr(sorted(drawn.items()))),
    }


def scores_of(problem: Problem, module: nn.Module, data: Dataset) -> dict[str, str]:
    """Loss, gradients, outputs and metrics of the first examples.

    What raises here raises in training, too, which tells it better: the kind of error stands in the
    place of the value.
    """
    few = data.first(EXAMPLES).to(torch.float32, CPU)
    return {
        **_tried("augmented", lambda: _augmented(problem, few)),
        **_tried("step", lambda: _step(problem, module, few)),
        **_tried("validation", lambda: _validation(problem, module, few)),
    }


def moves_of(rule: UpdateRule, entry: Entry) -> dict[str, str]:
    """Where a rule of somebody else's moves a few parameters to, and what its entry says."""
    (param, u), numbers = _pair(), _numbers(entry)

    def moved() -> dict[str, str]:
        after = rule.update(param, u, rule.init(param, numbers), numbers)
        return {"moved": outline(after), "entry": _hashed(repr(entry))}

    return dict(_tried("moved", moved))


def directs_of(direction: Direction, entry: Entry) -> dict[str, str]:
    """Where a direction of somebody else's points after two gradients, and what its entry says."""
    (first, second), numbers = _pair(), _numbers(entry)

    def directed() -> dict[str, str]:
        state = direction.init(first, numbers)
        us = [direction.direct(g, state, t, numbers).clone() for t, g in ((1, first), (2, second))]
        return {"directed": outline(torch.stack(us)), "entry": _hashed(repr(entry))}

    return dict(_tried("directed", directed))


def _pair() -> Tensor:
    """Two tensors ``[2, 4, 3]`` of normal numbers."""
    return torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(SEEDS[0]))


def _numbers(entry: Entry) -> dict[str, float | bool]:
    """The entry's defaults, and ½ where there is none."""
    hyper = {p.name: 0.5 if p.default is None else p.default for p in entry.parameters}
    return {name: value for name, value in hyper.items() if not isinstance(value, str)}


def _augmented(problem: Problem, few: Dataset) -> dict[str, str]:
    change = problem.augmentation
    if change is None:
        return {}
    return {"augmented": outline(change(few.train_x, torch.Generator().manual_seed(SEEDS[0])))}


def _step(problem: Problem, module: nn.Module, few: Dataset) -> dict[str, str]:
    with drawing_from(SEEDS[0], CPU):
        module.train()
        module.zero_grad()
        loss = problem.loss(module(few.train_x), few.train_y)
        loss.backward()  # type: ignore[no-untyped-call]
    grads = [p.grad for p in module.parameters() if p.grad is not None]
    norms = torch.stack([grad.double().norm() for grad in grads])
    module.zero_grad(set_to_none=True)
    return {"loss": rounded(loss.item()), "gradient": rounded(norms.norm().item())}


def _validation(problem: Problem, module: nn.Module, few: Dataset) -> dict[str, str]:
    with drawing_from(SEEDS[0], CPU), torch.no_grad():
        module.eval()
        output = module(few.val_x)
        measured = problem.measure(output, few.val_y)
    shown = {"output": outline(output)} if isinstance(output, Tensor) else {}
    return shown | {name: rounded(float(value)) for name, value in sorted(measured.items())}


def _tried(name: str, work: Callable[[], Mapping[str, str]]) -> Mapping[str, str]:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - a user's code may raise whatever it likes
        return {name: f"raises {type(error).__name__}"}


def _state(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, those that are not saved too."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _structure(module: nn.Module) -> str:
    """Names, kinds and settings of all parts; no address of an object is part of it."""
    parts = (
        f"{name} {type(part).__module__}.{type(part).__qualname__} {part.extra_repr()}"
        for name, part in module.named_modules()
    )
    trained = (f"{name} {p.requires_grad}" for name, p in module.named_parameters())
    return ADDRESS.sub("", "\n".join((*parts, *trained)))


def _hashed(text: str) -> str:
    return digest(torch.frombuffer(bytearray(text.encode() or b"\0"), dtype=torch.uint8))
