"""Our own rules and problems pass the contract, and every broken law is found and named."""

from collections.abc import Iterator
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from gofau import catalog, rules
from gofau.catalog import Parameter, ProblemEntry, RuleEntry
from gofau.contract import ContractError, check_problem, check_rule
from gofau.hyper import Hyper, State
from gofau.packing.executors import CompiledExecutor, Executor, MLPExecutor, VmapExecutor
from gofau.problems import Classification, Dataset, registry
from gofau.rules import UpdateRule
from tests.compilers import compiler_works

SMALL = [name for name in registry.entries if not name.startswith(("cifar", "tiny-", "test-"))]


@pytest.mark.parametrize("name", list(catalog.rules.entries))
def test_our_rules_keep_the_contract(name: str) -> None:
    check_rule(name)


@pytest.mark.parametrize("name", SMALL)
def test_our_problems_keep_the_contract(name: str) -> None:
    check_problem(name)


@pytest.mark.parametrize("kind", ["batch", "group"])
@pytest.mark.parametrize("name", ["digits-cnn", "digits-mlp", "mnist1d-cnn", "mnist1d-mlp"])
def test_normalised_problems_keep_the_contract(name: str, kind: str) -> None:
    check_problem(name, {"norm": kind})


class Sign(UpdateRule):
    """θ ← θ − lr·sign(u), and one flaw at a time."""

    name: ClassVar[str] = "test-sign"
    flaw: ClassVar[str] = ""

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        axes = None if self.flaw == "reduces" else tuple(range(batch_dims, param.dim()))
        return {"size": param.abs().amax(axes, keepdim=True)}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        return self.flaw != "lies"

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        if self.flaw == "drifts":
            u = u + 1e-3
        if self.flaw == "writes":
            return param.sub_(u.sign() * hyper["lr"])
        if self.flaw == "widens":
            return (param - u.sign() * hyper["lr"]).double()
        if self.flaw == "branches" and u.sum() > 1e9:
            return param
        if self.flaw == "overflows":
            u = u * float("inf") * u.ne(0)
            return param - u.nan_to_num(0, posinf=float("inf"))
        return param - u.sign() * hyper["lr"] * (1 + 0 * state["size"].sign()) * self._by(state)

    def _by(self, state: State) -> Tensor | float:
        return state["size"] if self.flaw == "reduces" else 1.0


@pytest.fixture
def sign() -> Iterator[type[Sign]]:
    lr = Parameter("lr", float, None, "step size", low=0.0, open_low=True)
    catalog.rules.add(RuleEntry("test-sign", "A test rule.", (lr,)))
    rules.registry.add(Sign())
    yield Sign
    Sign.flaw = ""
    del catalog.rules._entries["test-sign"]
    del rules.registry._entries["test-sign"]


RULE_FLAWS = {
    "": None,
    "drifts": "rule 'test-sign': got a difference of .*, expected a direction of 0 to leave every",
    "writes": "rule 'test-sign': got a changed input, expected an update out of place",
    "widens": "rule 'test-sign': got torch.float64, expected torch.float32",
    "lies": "rule 'test-sign' moves_zero: got False, expected True, as update does",
    "branches": "expected an update without branches on values",
    "overflows": "expected finite parameters after a moderate step",
    "reduces": "expected a stack of trials to move as separate parameters do",
}


@pytest.mark.parametrize("flaw", RULE_FLAWS)
def test_each_flaw_of_a_rule_is_named(sign: type[Sign], flaw: str) -> None:
    sign.flaw = flaw
    message = RULE_FLAWS[flaw]
    if message is None:
        return check_rule("test-sign")
    with pytest.raises(ContractError, match=message):
        check_rule("test-sign")
    return None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (RuleEntry("test-entry", "No lr.", lr_drives=()), "step_size: got 'lr', expected one of"),
        (
            RuleEntry("test-entry", "x", (Parameter("lr", float, 0.1, ""),), ("lr_out",)),
            "lr_drives: got 'lr_out', expected one of its parameters: lr",
        ),
        (
            RuleEntry(
                "test-entry",
                "x",
                (Parameter("lr", float, 0.1, ""), Parameter("momentum", float, 0.1, "")),
            ),
            "parameters: got momentum, expected names that direction 'sgd' has no parameter of",
        ),
    ],
)
def test_a_catalog_entry_that_does_not_fit_is_named(
    monkeypatch: pytest.MonkeyPatch, entry: RuleEntry, message: str
) -> None:
    made = type("Made", (Sign,), {"name": "test-entry"})()
    monkeypatch.setitem(catalog.rules._entries, "test-entry", entry)  # type: ignore[arg-type]
    monkeypatch.setitem(rules.registry._entries, "test-entry", made)  # type: ignore[arg-type]
    with pytest.raises(ContractError, match=message):
        check_rule("test-entry")


KEPT = nn.Linear(4, 2)


class Dots(Classification):
    """A linear classifier of random dots, and one flaw at a time."""

    name: ClassVar[str] = "test-dots"
    flaw: ClassVar[str] = ""
    calls: ClassVar[int] = 0

    def dataset(self) -> Dataset:
        Dots.calls += 1
        shift = Dots.calls if self.flaw == "reshuffles" else 0
        generator = torch.Generator().manual_seed(3 + shift)
        x = torch.randn(40, 4, generator=generator)
        if self.flaw == "wide":
            x = x.double()
        if self.flaw == "nan":
            x[35, 0] = float("nan")
        y = torch.randint(2, (40,), generator=generator)
        if self.flaw == "other":
            return Dataset(x[:30], y[:30], x[30:], y[30:].float())
        return Dataset(x[:30], y[:30], x[30:], y[30 : 39 if self.flaw == "uneven" else 40])

    def module(self) -> nn.Module:
        layer = KEPT if self.flaw == "stale" else nn.Linear(4, 2)
        if self.flaw == "own generator":
            Dots.calls += 1
            nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(Dots.calls))
        return nn.Sequential(layer)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        if self.flaw == "spreads":
            column, wanted = output[:, :1], target.to(output.dtype)
            return (column - wanted).square().mean()
        loss = super().loss(output, target)
        if self.flaw == "sums":
            return loss * len(target)
        if self.flaw == "keeps":
            Dots.calls += 1
            return loss * (1 + Dots.calls / 100)
        if self.flaw == "branches" and loss > 1e9:
            return loss * 0
        return loss

    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        measured = super().measure(output, target)
        if self.flaw == "forgets":
            del measured["val_accuracy"]
        if self.flaw == "per example":
            measured["val_accuracy"] = (output.argmax(-1) == target).to(output.dtype)
        if self.flaw == "percent":
            measured["val_accuracy"] = 0 * measured["val_accuracy"] + 90.0
        return measured


PROBLEM_FLAWS = {
    "": None,
    "reshuffles": "problem 'test-dots': got another, expected the same train_x on every call",
    "wide": "got torch.float64, expected train_x in float32 or an integer type",
    "uneven": r"got \(10, 9\), expected a target for each example",
    "own generator": "got another start, expected a module that the global generator alone",
    "sums": "loss: got .*, expected a mean over examples",
    "spreads": "whose loss compares every output with every target",
    "branches": "expected a loss without branches on values, which runs",
    "forgets": r"whose measure gives val_loss, expected val_accuracy, as its catalog entry says",
    "per example": r"whose measure gives val_accuracy of shape \[10\], expected one number",
    "nan": "got NaN or infinity, expected finite x",
    "other": r"expected train_y and val_y of one type and shape",
    "stale": r"whose module\(\) gives the same 0 at each call, expected a new one",
    "keeps": "whose loss changes from call to call",
    "percent": "measure gives val_accuracy = 90, expected no better than 1, the best that its",
    "size": "got 30, expected the catalog's 31 training examples",
    "draws": "got two results of one stream, expected an augmentation that its generator alone",
    "in place": "got a changed input, expected an augmentation out of place",
    "reshapes": r"got \(\(8, 2\), torch.float32\), expected shape and dtype kept",
}

AUGMENTATIONS = {
    "draws": lambda x, _: x + torch.randn(1),
    "in place": lambda x, _: x.zero_(),
    "reshapes": lambda x, _: x[:, :2],
}


@pytest.mark.parametrize("flaw", PROBLEM_FLAWS)
def test_each_flaw_of_a_problem_is_named(monkeypatch: pytest.MonkeyPatch, flaw: str) -> None:
    size = 31 if flaw == "size" else 30
    metrics = ("val_loss", "val_accuracy", "train_loss")
    entry = ProblemEntry("test-dots", "x", metrics=metrics, train_size=size)
    monkeypatch.setitem(catalog.problems._entries, "test-dots", entry)  # type: ignore[arg-type]
    monkeypatch.setitem(registry._entries, "test-dots", Dots)  # type: ignore[arg-type]
    monkeypatch.setattr(Dots, "flaw", flaw)
    change = AUGMENTATIONS.get(flaw)
    monkeypatch.setattr(Dots, "augmentation", change and staticmethod(change))
    message = PROBLEM_FLAWS[flaw]
    if message is None:
        return check_problem("test-dots")
    with pytest.raises(ContractError, match=message):
        check_problem("test-dots")
    return None


@pytest.mark.parametrize("executor", [CompiledExecutor, MLPExecutor, VmapExecutor])
def test_a_pack_that_measures_otherwise_is_named(
    monkeypatch: pytest.MonkeyPatch, executor: type[Executor]
) -> None:
    measure = executor._measure

    def mistaken(self: Executor, *given: object) -> dict[str, Tensor]:
        return {name: v + 1e-6 for name, v in measure(self, *given).items()}  # type: ignore[arg-type]

    monkeypatch.setattr("gofau.packing.executors.choice.unable", lambda *_: None)
    monkeypatch.setattr("gofau.packing.executors.choice._tried", {})
    monkeypatch.setattr(executor, "_measure", mistaken)
    if executor is CompiledExecutor and not compiler_works():
        pytest.skip("needs a C++ compiler")
    with pytest.raises(ContractError, match=f"metric val_accuracy by the {executor.name} executor"):
        check_problem("digits-mlp", {"width": 3, "depth": 1})
