"""Toys as problems of packs and studies."""

from itertools import pairwise

import pytest
import torch

from gofau.catalog import CatalogError
from gofau.initialization import scale_init
from gofau.packing.plan.plan import PackPlan, TrialPlan
from gofau.packing.trainer import run_pack
from gofau.problems import problem
from gofau.problems.toys import toys

ALL = list(toys.entries)


def plan(name: str, trials: tuple[TrialPlan, ...], **parameters: float) -> PackPlan:
    return PackPlan(
        problem=name,
        problem_parameters=parameters,
        direction="sgd",
        rule="additive",
        epochs=3,
        batch_size=64,
        trials=trials,
        goal_metric="val_loss",
        dtype="float64",
    )


def trial(key: int, lr: float, seed: int = 0, init_scale: float = 1.0) -> TrialPlan:
    hyper = {"lr": lr, "momentum": 0.0, "dampening": 0.0, "nesterov": False}
    hyper |= {"weight_decay": 0.0, "decoupled_decay": False}
    return TrialPlan(key, seed, init_scale, hyper)


@pytest.mark.parametrize("name", ALL)
def test_every_toy_trains_in_a_pack(name: str) -> None:
    lr = 1e-3 if name == "himmelblau" else 1e-5
    (outcome,) = run_pack(plan(name, (trial(0, lr),)))
    curve = outcome.curves["val_loss"]
    assert curve[0] == pytest.approx(problem(name).cap, rel=1e-5)
    assert outcome.steps == 3
    assert all(b < a for a, b in pairwise(curve))
    assert outcome.curves["train_loss"][2] == curve[1]


def test_the_parabola_shrinks_by_one_minus_four_lr() -> None:
    outcomes = {o.key: o for o in run_pack(plan("quadratic", (trial(0, 0.1), trial(1, 0.5))))}
    expected = [2 * 0.6 ** (2 * k) for k in range(4)]
    assert outcomes[0].curves["val_loss"] == pytest.approx(expected)
    assert outcomes[1].curves["val_loss"] == pytest.approx([2.0] * 4)


def test_init_scale_multiplies_the_start() -> None:
    (outcome,) = run_pack(plan("quadratic", (trial(0, 0.1, init_scale=3.0),)))
    assert outcome.curves["val_loss"][0] == pytest.approx(18.0)
    scaled = scale_init(problem("rosenbrock").module(), 0.5)
    assert scaled.scaled == ("weight",)


def test_a_seed_changes_the_start_only_with_noise() -> None:
    trials = (trial(0, 0.1, seed=0), trial(1, 0.1, seed=1))
    still = [o.curves["val_loss"] for o in run_pack(plan("quadratic", trials))]
    noisy = [o.curves["val_loss"] for o in run_pack(plan("quadratic", trials, start_noise=0.1))]
    assert still[0] == still[1]
    assert noisy[0] != noisy[1]


def test_the_noise_has_the_spread_asked_for() -> None:
    some = problem("sparse-regression", {"start_noise": 0.5})
    torch.manual_seed(0)
    draws = torch.cat([some.module().weight[0].detach() for _ in range(50)])
    assert float(draws.std()) == pytest.approx(0.5, rel=0.05)


def test_negative_noise_is_refused() -> None:
    message = r"problem\.start_noise: got -1\.0, expected a finite number >= 0"
    with pytest.raises(CatalogError, match=message):
        problem("beale", {"start_noise": -1.0})
