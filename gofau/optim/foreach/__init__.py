"""The multi-tensor implementation: few kernels over whole lists of parameters."""

from gofau.optim.foreach.step import run, serves, supports

__all__ = ["run", "serves", "supports"]
