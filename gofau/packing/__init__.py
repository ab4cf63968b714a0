"""Packed training: K trials of one architecture as one stacked program."""

from gofau.packing.checkpoint import Checkpointing
from gofau.packing.errors import CheckpointError, PackError, PlanError, UnsupportedError
from gofau.packing.gamma import Gamma
from gofau.packing.halving import Halving
from gofau.packing.plan import PackPlan, TrialOutcome, TrialPlan
from gofau.packing.schedule import Schedule
from gofau.packing.trainer import run_pack

__all__ = [
    "CheckpointError",
    "Checkpointing",
    "Gamma",
    "Halving",
    "PackError",
    "PackPlan",
    "PlanError",
    "Schedule",
    "TrialOutcome",
    "TrialPlan",
    "UnsupportedError",
    "run_pack",
]
