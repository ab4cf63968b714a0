"""What a plan depends on beside itself, so that states of other data or code are not taken up."""

from dataclasses import replace

from gofau.fingerprint import Inputs, inputs_of
from gofau.packing.plan.plan import PackPlan
from gofau.problems import examples, problem


def identified(plan: PackPlan, inputs: Inputs | None = None) -> PackPlan:
    """``plan`` with the digests of its inputs, unless it has them.

    Args:
        plan: what to train.
        inputs: what has been looked at already; else it is looked at now.
    """
    if plan.inputs:
        return plan
    if inputs is None:
        one = problem(plan.problem, plan.problem_parameters)
        inputs = inputs_of(one, plan.direction, plan.rule, examples(one))
    return replace(plan, inputs=inputs.digest, code=inputs.code)
