"""What a pack depends on, looked at before it is leased, and held while it is trained."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import ray

from gofau.catalog import Scalar
from gofau.fingerprint import Inputs, inputs_of, settled
from gofau.numerics import in_force
from gofau.packing.plan.identity import identified
from gofau.packing.plan.plan import PackPlan
from gofau.problems import Dataset, Problem, holding, problem
from gofau_studies.protocol.wire import WorkTrial
from gofau_workers.work import plan

LONGEST = 500

_settled: set[tuple[type[Problem], tuple[tuple[str, Scalar], ...]]] = set()
"""Problems that have given the same examples twice in this process."""


@dataclass(frozen=True)
class Looked:
    """What was found, or why it could not be looked at.

    Args:
        inputs: what training depends on here.
        held: keeps the examples that were looked at for the training.
        fault: what the problem raised, to be told of by the trials that it fails.
    """

    inputs: Inputs | None
    held: AbstractContextManager[None]
    fault: Exception | None = None

    def plan(self, trials: list[WorkTrial], device: str) -> PackPlan:
        """The plan of trials, with the digests of what was found.

        Raises:
            Exception: whatever looking raised.
            PlanError: a trial that cannot be planned.
        """
        if self.fault is not None:
            raise self.fault
        return identified(plan(trials, device), self.inputs)


def look(pack: list[WorkTrial]) -> Looked:
    """The inputs of a pack, all of whose trials have one problem, one direction and one rule."""
    given = pack[0].definition
    try:
        one = problem(given["problem"], given["problem_parameters"])
        data = _examples(one)
        return Looked(inputs_of(one, given["direction"], given["rule"], data), holding(one, data))
    except Exception as error:  # noqa: BLE001 - whatever a user's problem raises fails its trials
        return Looked(None, nullcontext(), error)


def environment(device: str) -> dict[str, str | int]:
    """What decides the last bits of results of this process."""
    found = {**in_force(device).as_dict(), "ray": ray.__version__}
    return {n: v[:LONGEST] if isinstance(v, str) else v for n, v in found.items()}


def _examples(one: Problem) -> Dataset:
    """What the problem reads now; the first time in this process, having read it twice."""
    name = (type(one), tuple(sorted(one.parameters.items())))
    if name in _settled:
        return one.dataset()
    data = settled(one)
    _settled.add(name)
    return data
