"""Writes what torch's own optimizer tests are run with, as plain data.

A program: importing `torch.testing._internal` parses variables of the environment and forbids the
process to set flags of torch's backends, which other tests do.
"""

import sys
from typing import Any

import torch


def main(path: str) -> None:
    """Save, by the optimizer's name, its (description, options) and its failing inputs."""
    from torch.testing._internal.common_optimizers import optim_db

    found = {}
    for info in optim_db:
        # A device's name alone decides what is listed; nothing is put on it.
        given = [*info.optim_inputs_func("cpu"), *info.optim_inputs_func("cuda")]
        inputs = {f"{x.desc} {sorted(x.kwargs)}": (x.desc, x.kwargs) for x in given}
        errors = info.optim_error_inputs_func("cpu", torch.float32)
        found[info.name] = {
            "inputs": list(inputs.values()),
            "failing": [failing(error) for error in errors],
        }
    torch.save(found, path)


def failing(error: Any) -> dict[str, Any]:
    """An error input as plain data."""
    given = error.optimizer_error_input
    return {
        "desc": given.desc,
        "params": given.params,
        "kwargs": given.kwargs,
        "error": error.error_type.__name__,
        "on_step": error.error_on.name == "STEP_ERROR",
    }


if __name__ == "__main__":
    main(sys.argv[1])
