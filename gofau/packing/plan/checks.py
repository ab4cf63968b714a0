"""Whether the hyperparameters of a plan's trials are those of its direction and rule."""

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
