"""State dictionaries: round trips, states of earlier releases, and states that do not fit."""

import copy
import io
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from gofau import Gofau, catalog
from gofau.errors import StateError
from gofau.optim.storage import FORMAT
from tests.each import case
from tests.gofau.cases import every_direction, gradients, run, start, with_rules

SHAPES = [(3, 2), (4,)]
RELEASES = sorted((Path(__file__).parent / "states").glob("*.pt"))
STORED = [
    (release, name, case)
    for release in RELEASES
    for name, case in torch.load(release, weights_only=True).items()
]


def test_there_is_a_state_file_of_every_release():
    assert [r.stem for r in RELEASES] == ["0.1.0"]


@pytest.mark.parametrize("implementation", ["loop", "foreach"])
def test_a_stored_state_goes_on_as_its_release_did(implementation):
    for release, name, stored in STORED:
        params = [torch.nn.Parameter(p.clone()) for p in stored["middle"]]
        optimizer = Gofau(params, implementation=implementation, **stored["build"])
        optimizer.load_state_dict(copy.deepcopy(stored["state"]))
        got = run(optimizer, params, stored["grads"])
        with case(release.stem, name):
            torch.testing.assert_close(got, stored["end"], rtol=1e-12, atol=1e-14)


@every_direction
def test_a_resumed_run_equals_an_uninterrupted_one(direction):
    grads = gradients(SHAPES, 6)
    for way, rule, options in with_rules(direction):
        params = start(SHAPES)
        optimizer = Gofau(params, way, rule, **options)
        run(optimizer, params, grads[:3])
        buffer = io.BytesIO()
        torch.save(optimizer.state_dict(), buffer)
        buffer.seek(0)
        others = [torch.nn.Parameter(p.detach().clone()) for p in params]
        resumed = Gofau(others, way, rule, **options)
        resumed.load_state_dict(torch.load(buffer, weights_only=True))
        expected = run(optimizer, params, grads[3:])
        with case(rule):
            torch.testing.assert_close(run(resumed, others, grads[3:]), expected, rtol=0, atol=0)


def saved(**options: Any) -> dict[str, Any]:
    params = start(SHAPES)
    optimizer = Gofau(params, **options)
    run(optimizer, params, gradients(SHAPES, 2))
    return optimizer.state_dict()


def test_the_saved_options_replace_the_built_ones():
    optimizer = Gofau(start(SHAPES), lr=0.5)
    optimizer.load_state_dict(saved(lr=0.25, gamma=0.75))
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert optimizer.param_groups[0]["gamma"] == 0.75


def test_options_that_an_older_release_lacked_get_their_defaults():
    state = copy.deepcopy(saved(direction="adagrad", rule="multiplicative"))
    for name in ("lr_decay", "zero_policy", "lr_in"):
        del state["param_groups"][0][name]
    optimizer = Gofau(start(SHAPES), "adagrad", "multiplicative")
    optimizer.load_state_dict(state)
    group = optimizer.param_groups[0]
    assert (group["lr_decay"], group["zero_policy"], group["lr_in"]) == (0.0, "leave", 1.0)
    assert "lr" in group


def test_a_state_without_a_format_loads():
    state = saved()
    del state["format"]
    Gofau(start(SHAPES)).load_state_dict(state)


def test_states_follow_the_parameters_dtype_but_steps_do_not():
    params = [torch.nn.Parameter(p.detach().float()) for p in start(SHAPES)]
    optimizer = Gofau(params)
    optimizer.load_state_dict(saved())
    state = optimizer.state[params[0]]
    assert state["exp_avg"].dtype == torch.float32
    assert state["step"].item() == 2


def change(key: str, value: Any) -> Any:
    def apply(state: dict[str, Any]) -> None:
        state["param_groups"][0][key] = value

    return apply


FAILING = [
    (
        lambda s: s.update(format=FORMAT + 1),
        f"format: got {FORMAT + 1}, expected at most {FORMAT}; update gofau to load it",
    ),
    (
        change("rule", "additive"),
        "param_groups[0].rule: got 'additive', expected 'hybrid'; build the optimizer as the "
        "saved one was, or start afresh",
    ),
    (
        change("direction", "sgd"),
        "param_groups[0].direction: got 'sgd', expected 'adam'; build the optimizer as the "
        "saved one was, or start afresh",
    ),
    (
        lambda s: s["param_groups"][0].pop("rule"),
        "param_groups[0].rule: got None, expected 'hybrid'; build the optimizer as the saved "
        "one was, or start afresh",
    ),
    (
        lambda s: s["param_groups"].append(s["param_groups"][0]),
        "loaded state dict has a different number of parameter groups",
    ),
    (
        lambda s: s["param_groups"][0]["params"].pop(),
        "loaded state dict contains a parameter group that doesn't match the size",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), FAILING, ids=[m for _, m in FAILING])
def test_a_state_that_does_not_fit_is_refused(spoil, message):
    state = copy.deepcopy(saved())
    spoil(state)
    optimizer = Gofau(start(SHAPES), lr=0.5)
    with pytest.raises(ValueError, match=re.escape(message)):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_torchs_own_state_is_refused():
    params = start(SHAPES)
    with pytest.raises(StateError, match=r"param_groups\[0\].direction: got None, expected 'adam'"):
        Gofau(params).load_state_dict(torch.optim.Adam(params).state_dict())


def test_every_option_is_stored_by_its_catalog_name():
    group = saved()["param_groups"][0]
    entries = (
        catalog.directions.get("adam", ""),
        catalog.rules.get("hybrid", ""),
        catalog.common,
        catalog.optimizer,
    )
    assert {p.name for e in entries for p in e.parameters} <= group.keys()


def test_the_check_comes_after_the_pre_hooks_that_mend_a_state():
    state = copy.deepcopy(saved())
    state["param_groups"][0]["rule"] = "mixed"
    optimizer = Gofau(start(SHAPES))

    def renamed(_: Any, given: dict[str, Any]) -> dict[str, Any]:
        return {**given, "param_groups": [{**g, "rule": "hybrid"} for g in given["param_groups"]]}

    hook = optimizer.register_load_state_dict_pre_hook(renamed)
    optimizer.load_state_dict(state)
    assert optimizer.state[optimizer.param_groups[0]["params"][0]]["step"] == 2
    hook.remove()
    with pytest.raises(StateError, match=r"param_groups\[0\].rule: got 'mixed'"):
        optimizer.load_state_dict(state)
    assert not optimizer._optimizer_load_state_dict_pre_hooks


def test_a_stored_implementation_does_not_replace_ones_own():
    optimizer = Gofau(start(SHAPES), implementation="loop")
    state = saved(implementation="foreach")
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["implementation"] == "loop"
    assert state["param_groups"][0]["implementation"] == "foreach"
