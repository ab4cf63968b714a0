"""Whether a plan fits its direction, its rule and its problem."""

from collections.abc import Sequence

from gofau import catalog
from gofau.catalog import CatalogError
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.plan import PackPlan


def check_hyper(plan: PackPlan) -> None:
    """Raise for a hyperparameter that is missing, unknown or out of range.

    Raises:
        PlanError: with the trial and the name.
        CatalogError: the direction or the rule is unknown.
    """
    entries = (
        catalog.directions.get(plan.direction, "direction"),
        catalog.rules.get(plan.rule, "rule"),
        catalog.common,
    )
    known = {p.name: p for entry in entries for p in entry.parameters}
    for trial in plan.trials:
        path = f"trials[key={trial.key}].hyper"
        if trial.hyper.keys() != known.keys():
            expected = f"values of: {', '.join(known)}"
            raise PlanError(path, sorted(trial.hyper), expected, trial=trial.key)
        try:
            for name, parameter in known.items():
                parameter.check(trial.hyper[name], f"{path}.{name}")
            for entry in entries:
                entry.check_flags(trial.hyper, path)
        except CatalogError as error:
            raise PlanError(error.path, error.got, error.expected, trial=trial.key) from error


def check_fit(plan: PackPlan, metrics: Sequence[str], size: int, epoch_steps: int) -> None:
    """Raise for what a plan asks and its problem does not have.

    Args:
        plan: what to train.
        metrics: those of its problem.
        size: training examples.
        epoch_steps: update steps of an epoch.

    Raises:
        PlanError: a batch larger than the data, a warm-up of no step, or an unknown metric.
    """
    if epoch_steps == 0:
        expected = f"at most {size}, the training examples"
        raise PlanError("batch_size", plan.batch_size, expected)
    total = plan.epochs * epoch_steps
    for trial in plan.trials:
        if trial.schedule.warmup and not round(trial.schedule.warmup * total):
            where = f"trials[key={trial.key}].schedule.warmup"
            expected = f"a share that comes to one of the {total} steps or more, or 0"
            raise PlanError(where, trial.schedule.warmup, expected, trial=trial.key)
    for field, name in (("goal_metric", plan.goal_metric), ("halving.metric", plan.judge)):
        if name not in metrics:
            expected = f"a metric of {plan.problem}: {', '.join(metrics)}"
            raise PlanError(field, name, expected)
