"""Studies whose results come from a formula, so that pages have something to show."""

from collections.abc import Callable, Mapping
from math import log10
from typing import Any

from tests.service.fakes import Service, Worker, diverged, result

HOSTILE = "<img src=x onerror=alert(1)> \"q\" 'a' & <script>alert(2)</script>"
SPEC: dict[str, Any] = {
    "name": "stored",
    "problem": "digits-mlp",
    "epochs": 4,
    "directions": ["sgd"],
    "rules": ["additive", "multiplicative", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [1e-3, 10.0], "points": 5},
        "init_scale": {"log": [0.1, 10.0], "points": 3},
    },
    "seeds": 2,
    "goal": {"metric": "val_loss", "target": 0.3},
}
TRIALS = 3 * 5 * 3 * 2


def maker(definitions: dict[int, dict[str, Any]]) -> Callable[[int], dict[str, Any]]:
    """Results by index: a parabola over the learning rate that diverges at its right end."""

    def make(index: int) -> dict[str, Any]:
        hyper = definitions[index]["hyper"]
        lr = hyper.get("lr") or hyper.get("lr_out")
        loss = 0.2 + 0.3 * (log10(lr) + 1) ** 2
        if lr > 5:
            return diverged(index) | {"steps_to_target": None}
        curve = [2.3, 1.5, 1.0, 0.5 + loss / 2, loss]
        return result(
            index,
            metrics={"val_loss": loss, "val_accuracy": 0.5},
            best=loss,
            curves={"val_loss": curve, "val_accuracy": [0.1, 0.2, 0.3, 0.4, 0.5]},
        )

    return make


Change = Callable[[Mapping[str, Any], int], dict[str, Any]]
"""What of a result is otherwise, by the trial's definition and seed."""


def finish(
    worker: Worker,
    leave: int = 0,
    failures: dict[int, str] | None = None,
    change: Change | None = None,
) -> None:
    """Complete what waits, but for the last ``leave`` trials."""
    page = worker.work()
    chosen = [t for t in page.trials if t.index not in (failures or {})]
    chosen = chosen[: len(chosen) - leave]
    definitions = {t.index: page.cells[t.cell] for t in chosen}
    indexes = [*definitions, *(failures or {})]
    seeds = {t.index: t.seed for t in chosen}
    make = maker(definitions)

    def changed(index: int) -> dict[str, Any]:
        return make(index) | (change(definitions[index], seeds[index]) if change else {})

    lease = worker.lease(*indexes).lease
    worker.post(lease, *definitions, failures=failures, make=changed)


def stored(service: Service, change: Change | None = None, **changes: Any) -> str:
    """The id of a study that has completed."""
    worker = service.started({**SPEC, **changes})
    finish(worker, change=change)
    return worker.study
