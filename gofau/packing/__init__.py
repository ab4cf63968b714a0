"""Packed training: K trials of one architecture as one stacked program."""

from gofau.packing.plan.errors import CheckpointError, ExecutorError, PackError, PlanError
from gofau.packing.plan.gamma import Gamma
from gofau.packing.plan.halving import Halving
from gofau.packing.plan.plan import PackPlan, TrialOutcome, TrialPlan
from gofau.packing.plan.rates import Schedule
from gofau.packing.recovery.checkpoint import Checkpointing
from gofau.packing.trainer import run_pack

__all__ = [
    "CheckpointError",
    "Checkpointing",
    "ExecutorError",
    "Gamma",
    "Halving",
    "PackError",
    "PackPlan",
    "PlanError",
    "Schedule",
    "TrialOutcome",
    "TrialPlan",
    "run_pack",
]
