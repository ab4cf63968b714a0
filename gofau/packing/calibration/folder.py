"""Calibrations in a folder: looked up there, or measured and kept for the next pack of the kind."""

import json
import logging
import os
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path

import torch

from gofau.errors import UnsupportedError
from gofau.fused.compiler import find_compiler
from gofau.locks import locked_folder
from gofau.packing.calibration.calibration import Calibration
from gofau.packing.calibration.search import measured
from gofau.packing.plan.identity import identified
from gofau.packing.plan.plan import PackPlan
from gofau.packing.program import Programs
from gofau.packing.recovery.files import replacing
from gofau.version import code_version

log = logging.getLogger(__name__)

FORMAT = 6


def calibrated(programs: Programs, folder: Path) -> Calibration:
    """The calibration for a run's plan, from ``folder`` or measured now and kept there.

    A file that cannot be read, such as one cut short by a crash of the machine, is replaced.

    Args:
        programs: the run's; problem, sizes, direction, rule, dtype and device of its plan matter.
        folder: where calibrations are kept; made if missing.
    """
    key = _key(identified(programs.plan), programs.fused)
    path = folder / f"calibration-{key}.json"
    folder.mkdir(parents=True, exist_ok=True)
    # Measured at the same time, calibrations would slow one another down, and packs of one bucket,
    # which start together, would all measure the same.
    with locked_folder(folder):
        made = _kept_in(path)
        if made is None:
            made = measured(programs)
            with replacing(path, path.with_name(f"{path.name}.{os.getpid()}.partial")) as file:
                file.write(json.dumps(asdict(made)).encode())
    return made


def _kept_in(path: Path) -> Calibration | None:
    try:
        return Calibration(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        log.warning("calibration %s: got a damaged file (%s), measuring anew", path, error)
        return None


def _key(plan: PackPlan, fused: bool) -> str:
    cuda = plan.device.startswith("cuda")
    device = torch.cuda.get_device_name(plan.device) if cuda else f"cpu-{os.cpu_count()}"
    parts = (
        FORMAT,
        plan.backend,
        plan.memory_format,
        plan.problem,
        sorted(plan.problem_parameters.items()),
        plan.batch_size,
        plan.direction,
        plan.rule,
        plan.dtype,
        plan.autocast,
        plan.executor,
        device,
        torch.get_num_threads(),
        torch.__version__,
        fused,
        _compiler(),
        plan.code,
        code_version(),
    )
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _compiler() -> str:
    """The compiler of this machine's kernels, if it has one."""
    try:
        return find_compiler()
    except UnsupportedError:
        return ""
