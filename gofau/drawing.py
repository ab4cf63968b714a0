"""Torch's global generators, lent to one block of code at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import torch

_drawing = RLock()
"""Held while torch's global generators are a stream's: packs may train in several threads."""


@contextmanager
def drawing_from(seed: int, device: torch.device) -> Iterator[None]:
    """Let the global generators of CPU and ``device`` be at a stream's start, and put them back.

    Other threads that ask for the same wait until then.
    """
    cuda = device.type == "cuda"
    with _drawing, torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield
