"""``gofau tuning``: how many points a tuner needs with each rule."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from gofau.catalog.metrics import better_side
from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json
from gofau_studies.spec.search import WITHIN

if TYPE_CHECKING:
    from gofau_studies.importance.tuning import TuningCurve
    from gofau_studies.spec.goal import Goal


@command(Panel.LOOK)
def tuning(
    study: options.StudyId,
    within: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the way from the best to the worst.")
    ] = WITHIN,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Say after how many points each rule is near its own best, and near the best of all rules.

    An adaptive search is read in the order it went; of other studies, whose order means nothing,
    the mean over all orders is taken.

    [bold]Example[/bold]

    gofau tuning 219c87afc8c93016 --within 0.01
    """
    with connect(url, token) as client:
        results = client.study(study)
        curves, goal = results.tuning_curves(), results.spec().goal
    rows = [_row(curve, curves, within, goal) for curve in curves]
    if as_json:
        print_json(rows)
        return
    title = f"{goal.metric}, {better_side(goal.minimize)} is better"
    table = Table(
        "problem",
        "direction",
        "rule",
        "points",
        "near its best",
        "near the best of all",
        title=title,
    )
    for row in rows:
        table.add_row(*("never" if cell is None else str(cell) for cell in list(row.values())[:6]))
    out().print(table)


def _row(
    curve: "TuningCurve", curves: "list[TuningCurve]", within: float, goal: "Goal"
) -> dict[str, object]:
    group = (curve.problem, curve.direction)
    best = min(c.best[-1] for c in curves if (c.problem, c.direction) == group)
    return {
        "problem": curve.problem,
        "direction": curve.direction,
        "rule": curve.rule,
        "points": len(curve.best),
        "until_own_best": curve.trials_until(within),
        "until_best_of_all": curve.trials_until(within, float(best)),
        "metric": goal.metric,
        "better": better_side(goal.minimize),
        "best": (curve.best if goal.minimize else -curve.best).tolist(),
    }
