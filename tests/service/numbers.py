"""A study whose trials have some of their numbers, and lists of it read to their end."""

from typing import Any

import httpx

from tests.service.fakes import TRIALS, Service, Worker, result

VALUES = [(i * 7) % 5 / 4 for i in range(TRIALS)]
METRICS = ["best", "wall_s", "steps_to_target", "frozen_fraction", "attempts", "val_accuracy"]


def uneven(index: int) -> dict[str, Any]:
    """A result that has some of its numbers, and no two trials the same."""
    return result(
        index,
        metrics={"val_loss": VALUES[index], "val_accuracy": None if index % 3 else index / 32},
        best=None if index % 5 == 1 else VALUES[index],
        steps_to_target=None if index % 4 else 10 * index,
        frozen_fraction=index % 2 / 2,
        wall_s=1 / (1 + index),
    )


def partly_done(service: Service) -> Worker:
    """A study of which all but the last four trials have completed, in two goes."""
    worker = service.started()
    lease = worker.lease(*range(TRIALS)).lease
    worker.post(lease, *range(0, TRIALS - 4, 2), make=uneven)
    path = f"/v1/studies/{worker.study}/trials"
    assert pages(service.http, path, sort="best", limit=100)
    worker.post(lease, *range(1, TRIALS - 4, 2), make=uneven)
    return worker


def pages(http: httpx.Client, path: str, **params: object) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        page = http.get(path, params=params).json()  # type: ignore[arg-type]
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        params["cursor"] = page["next_cursor"]
