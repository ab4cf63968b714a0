"""Torch optimizers that compose a direction with an update rule."""

from gofau.optim.gamma import GammaScheduler
from gofau.optim.gofau import Gofau
from gofau.optim.wrapped import Wrapped
from gofau.optim.zeros import frozen_fraction

__all__ = ["GammaScheduler", "Gofau", "Wrapped", "frozen_fraction"]
