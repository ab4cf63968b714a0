"""Laws of the rules, over spaces of inputs."""

from itertools import pairwise
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gofau import functional
from gofau.directions import direction
from gofau.directions import registry as directions
from gofau.rules import rule
from tests.gofau.cases import direction_hyper, rule_hyper

fixed = settings(max_examples=100)
SIZE, STEPS = 6, 8
TINY = 1e-300

numbers = st.floats(-1e3, 1e3, allow_nan=False, width=32)
vectors = st.lists(numbers, min_size=SIZE, max_size=SIZE)
histories = st.lists(vectors, min_size=1, max_size=STEPS)
powers = st.integers(-20, 20).map(lambda k: 2.0**k)
direction_names = st.sampled_from(list(directions.entries))
scale_free = st.sampled_from(["adagrad", "rmsprop", "adam", "adamw", "madam"])


def t64(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def path(
    start: torch.Tensor, grads: list[torch.Tensor], names: tuple[str, str], hyper: dict[str, Any]
) -> list[torch.Tensor]:
    """Every parameter from the start on, along given gradients."""
    one, way = direction(names[0]), rule(names[1])
    state, own = one.init(start, hyper), way.init(start, hyper)
    thetas = [start]
    for step, grad in enumerate(grads, 1):
        theta = functional.step(thetas[-1], grad, one, way, state, own, step, hyper)
        thetas.append(theta)
    return thetas


def full(names: tuple[str, str], **options: Any) -> dict[str, Any]:
    """All hyperparameters; ``eps`` and ``momentum`` apply where the direction has them."""
    chosen = {k: options.pop(k) for k in {"momentum", "eps"} & options.keys()}
    known = set(direction_hyper(names[0], {}))
    hyper = direction_hyper(names[0], {k: v for k, v in chosen.items() if k in known})
    return {**hyper, **rule_hyper(names[1], options)}


@fixed
@given(
    direction_names,
    vectors,
    histories,
    st.floats(1e-6, 1e6),
    st.floats(1e-6, 1.0),
)
def test_multiplicative_steps_are_bounded_and_keep_signs(name, start, grads, lr_in, lr_out):
    names = (name, "multiplicative")
    hyper = full(names, lr_in=lr_in, lr_out=lr_out)
    thetas = path(t64(start), [t64(g) for g in grads], names, hyper)
    for before, after in pairwise(thetas):
        # One rounding of θ − ξ and one of the difference taken here.
        bound = (lr_out + 4e-16) * before.abs()
        assert ((after - before).abs() <= bound).all()
        assert ((after.sign() == before.sign()) | (after == 0)).all()
        assert (after[before == 0] == 0).all()


@fixed
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 0.999), st.sampled_from([-1.0, 1.0]))
def test_adams_first_step_already_obeys_the_bound(lr_in, lr_out, sign):
    names = ("adam", "multiplicative")
    theta = path(t64([3.0]), [t64([sign * 1e6])], names, full(names, lr_in=lr_in, lr_out=lr_out))
    expected = 3.0 * (1 - sign * lr_out * torch.tanh(t64(lr_in)))
    torch.testing.assert_close(theta[1], expected.view(1), rtol=1e-9, atol=0)


@fixed
@given(direction_names, vectors, histories, st.floats(1e-4, 1.0), st.floats(1e-4, 1.0))
def test_hybrid_has_the_other_two_at_its_ends(name, start, grads, lr, lr_out):
    history = [t64(g) for g in grads]
    for gamma, end, options in (
        (1.0, "multiplicative", {"lr_out": lr_out}),
        (0.0, "additive", {"lr": lr}),
    ):
        hybrid = full((name, "hybrid"), gamma=gamma, lr=lr, lr_out=lr_out)
        got = path(t64(start), history, (name, "hybrid"), hybrid)
        expected = path(t64(start), history, (name, end), full((name, end), **options))
        torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


@fixed
@given(
    direction_names,
    st.sampled_from(["multiplicative", "madam", "exponentiated_gradient"]),
    histories,
)
def test_zero_stays_zero(name, way, grads):
    options = {"lr_out": 0.5} if way == "multiplicative" else {"lr": 1e-3}
    thetas = path(
        torch.zeros(SIZE, dtype=torch.float64),
        [t64(g) for g in grads],
        (name, way),
        full((name, way), **options),
    )
    assert not any(theta.any() for theta in thetas)


@fixed
@given(vectors, histories, st.sampled_from(["madam", "exponentiated_gradient"]))
def test_exponents_keep_signs(start, grads, way):
    names = ("adam", way)
    for theta in path(t64(start), [t64(g) for g in grads], names, full(names, lr=0.1)):
        assert torch.equal(theta.sign(), t64(start).sign())


@fixed
@given(vectors, histories, st.floats(1e-3, 1e-1))
def test_hypentropy_with_a_large_beta_is_additive(start, grads, lr):
    history = [t64(g) for g in grads]
    beta = 1e7
    names = ("adam", "hypentropy")
    got = path(t64(start), history, names, full(names, lr=lr / beta, beta=beta))
    additive = ("adam", "additive")
    expected = path(t64(start), history, additive, full(additive, lr=lr))
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-6)


large = st.floats(1.0, 1e3).flatmap(lambda x: st.sampled_from([x, -x]))


@fixed
@given(st.lists(large, min_size=SIZE, max_size=SIZE), histories, st.floats(1e-3, 1e-1))
def test_hypentropy_with_a_small_beta_is_exponentiated_gradient(start, grads, lr):
    history = [t64(g) for g in grads]
    names = ("adam", "hypentropy")
    got = path(t64(start), history, names, full(names, lr=lr, beta=1e-6))
    other = ("adam", "exponentiated_gradient")
    expected = path(t64(start), history, other, full(other, lr=lr))
    torch.testing.assert_close(got, expected, rtol=1e-8, atol=0)


@fixed
@given(vectors, vectors, st.floats(1e-3, 10.0), st.floats(1e-3, 1.0))
def test_hypentropy_equals_the_two_vector_form(start, u, beta, lr):
    """θ = p − q with p·q = β²/4: p ← p·exp(−lr·u), q ← q·exp(lr·u)."""
    theta, step = t64(start), t64(u).clamp(-5, 5)
    root = (theta * theta + beta * beta).sqrt()
    p, q = (root + theta) / 2, (root - theta) / 2
    hyper = {"lr": lr, "beta": beta}
    got = rule("hypentropy").update(theta, step, {}, hyper)
    expected = p * torch.exp(-lr * step) - q * torch.exp(lr * step)
    scale = float((p * torch.exp(-lr * step) + q * torch.exp(lr * step)).max())
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-12 * scale)


@fixed
@given(
    scale_free,
    st.sampled_from(["additive", "multiplicative", "hybrid", "exponentiated_gradient"]),
    vectors,
    histories,
    powers,
)
def test_the_scale_of_the_loss_does_not_matter_to_the_adam_family(name, way, start, grads, scale):
    """Gradients times a power of two give the same path, bit for bit, with a negligible ε."""
    options = {
        "multiplicative": {"lr_out": 0.1},
        "hybrid": {"lr": 0.1, "lr_out": 0.1},
    }
    hyper = full((name, way), eps=TINY, **options.get(way, {"lr": 0.1}))
    history = [t64(g) for g in grads]
    once = path(t64(start), history, (name, way), hyper)
    scaled = path(t64(start), [g * scale for g in history], (name, way), hyper)
    assert all(torch.equal(a, b) for a, b in zip(once, scaled, strict=True))


# How lr must scale with s so that training f(w) = g(w/s) from w₀ = s·u₀ follows s times the path
# on g from u₀: lr ∝ s^exponent.
EXPONENTS: list[tuple[str, str, dict[str, Any], dict[str, int]]] = [
    ("sgd", "additive", {"lr": 0.01}, {"lr": 2}),
    ("sgd", "additive", {"lr": 0.01, "momentum": 0.9}, {"lr": 2}),
    ("sgd", "exponentiated_gradient", {"lr": 0.01}, {"lr": 1}),
    ("adagrad", "additive", {"lr": 0.1}, {"lr": 1}),
    ("rmsprop", "additive", {"lr": 0.1}, {"lr": 1}),
    ("adam", "additive", {"lr": 0.1}, {"lr": 1}),
    ("madam", "madam", {"lr": 0.1}, {}),
    ("adam", "multiplicative", {"lr_out": 0.1}, {}),
    ("sgd", "multiplicative", {"lr_out": 0.1, "lr_in": 0.5}, {"lr_in": 1}),
    ("adam", "hybrid", {"lr": 0.1, "lr_out": 0.1}, {"lr": 1}),
    ("sgd", "hypentropy", {"lr": 0.01, "beta": 0.5}, {"lr": 1, "beta": 1}),
]


@fixed
@given(st.sampled_from(EXPONENTS), vectors, histories, st.integers(-8, 8).map(lambda k: 2.0**k))
def test_rescaled_problems_need_rescaled_step_sizes(case, start, targets, scale):
    """On the quadratic g(v) = Σ(v − target)²/2, with a power of two the two paths are equal."""
    name, way, options, exponents = case
    one = full((name, way), eps=TINY, **options)
    two = {**one, **{k: one[k] * scale**power for k, power in exponents.items()}}
    theta, scaled = t64(start) / 100, t64(start) / 100 * scale
    ways = direction(name), rule(way)
    states = [ways[0].init(theta, one), ways[0].init(scaled, two)]
    owns = [ways[1].init(theta, one), ways[1].init(scaled, two)]
    for step, target in enumerate((t64(t) / 100 for t in targets), 1):
        grads = theta - target, (scaled / scale - target) / scale
        theta = functional.step(theta, grads[0], *ways, states[0], owns[0], step, one)
        scaled = functional.step(scaled, grads[1], *ways, states[1], owns[1], step, two)
        torch.testing.assert_close(scaled / scale, theta, rtol=1e-13, atol=1e-13)


@fixed
@given(vectors, histories, st.floats(1e-3, 1e-1), st.floats(0.1, 5.0))
def test_madam_stays_inside_its_bound(start, grads, lr, p_scale):
    names = ("madam", "madam")
    hyper = full(names, lr=lr, p_scale=p_scale)
    begin = t64(start)
    bound = p_scale * begin.square().mean().sqrt()
    thetas = path(begin, [t64(g) for g in grads], names, hyper)
    for before, after in pairwise(thetas):
        assert (after.abs() <= bound * (1 + 1e-15)).all()
        grown = torch.exp(t64(lr * 10.0))
        assert (after.abs() <= before.abs() * grown * (1 + 1e-12)).all()


@fixed
@given(direction_names, vectors, histories, st.floats(1e-4, 0.5))
def test_maximizing_f_is_minimizing_minus_f(name, start, grads, lr):
    names = (name, "additive")
    history = [t64(g) for g in grads]
    hyper = full(names, lr=lr)
    up = path(t64(start), history, names, {**hyper, "maximize": True})
    down = path(t64(start), [-g for g in history], names, hyper)
    assert all(torch.equal(a, b) for a, b in zip(up, down, strict=True))


@fixed
@given(direction_names, vectors, st.floats(1e-3, 0.5), st.floats(1e-3, 0.5))
def test_decoupled_decay_shrinks_by_the_rules_own_step_size(name, start, rate, decay):
    for way, option in (("additive", "lr"), ("multiplicative", "lr_out")):
        hyper = full((name, way), **{option: rate})
        decayed = {**hyper, "weight_decay": decay, "decoupled_decay": True}
        theta = path(t64(start), [torch.zeros(SIZE, dtype=torch.float64)], (name, way), decayed)[1]
        torch.testing.assert_close(theta, t64(start) * (1 - rate * decay), rtol=1e-15, atol=0)


@fixed
@given(vectors, vectors, st.floats(1e-3, 0.5))
def test_coupled_decay_enters_the_direction(start, grad, decay):
    names = ("sgd", "multiplicative")
    hyper = full(names, lr_out=0.1, lr_in=0.01)
    got = path(t64(start), [t64(grad)], names, {**hyper, "weight_decay": decay})
    expected = path(t64(start), [t64(grad) + decay * t64(start)], names, hyper)
    torch.testing.assert_close(got, expected, rtol=1e-14, atol=0)
