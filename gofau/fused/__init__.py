"""The fused implementation: one pass over memory by a kernel composed of a direction and a rule.

The C++ sources under ``kernels`` are written once a direction and once a rule; the machine's
compiler builds the compositions that are asked for, when they are first asked for.
"""

from gofau.fused.composition import compose
from gofau.fused.rows import Rows
from gofau.fused.step import fused_step, obstacle

__all__ = ["Rows", "compose", "fused_step", "obstacle"]
