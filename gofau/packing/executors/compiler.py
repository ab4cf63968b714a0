"""torch's compiler, set up for programs that differ from pack to pack."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

VERSIONS = 1024
"""Compiled versions of one function; torch gives up after 8 and runs it uncompiled in silence."""

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` compiled by torch, once per kind of plan and again as stacks change their size.

    A module's own random draws stay those of torch's operations.
    """
    torch._dynamo.config.recompile_limit = VERSIONS
    torch._dynamo.config.accumulated_recompile_limit = VERSIONS
    made: Callable[P, R] = torch.compile(function, options={"fallback_random": True})
    return made
