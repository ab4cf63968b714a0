"""``gofau importances``: how much each axis matters to each rule."""

from typing import TYPE_CHECKING

from rich.table import Table

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json

if TYPE_CHECKING:
    from gofau_studies.report.model import RobustnessReport

ESTIMATES = ("variance", "ped_anova", "fanova")

Key = tuple[str, str, str]
"""Problem, direction, rule."""


@command(Panel.LOOK)
def importances(
    study: options.StudyId,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Say how much each axis matters to each rule, by three measures.

    variance is the report's exact split over a full grid (main effects); ped_anova asks where the
    best tenth of the points lies, and fanova splits what a random forest explains.

    [bold]Example[/bold]

    gofau importances 219c87afc8c93016
    """
    with connect(url, token) as client:
        results = client.study(study)
        axes, report = list(results.spec().axes), client.report(study)
        estimated, exact = results.importances(report), _variances(report)
    rows = [row for key, found in estimated.items() for row in _rows(key, axes, found, exact)]
    if as_json:
        print_json(rows)
        return
    table = Table("problem", "direction", "rule", "axis", *ESTIMATES)
    for row in rows:
        table.add_row(*("–" if v is None else _text(v) for v in row.values()))
    out().print(table)


def _variances(report: "RobustnessReport") -> dict[Key, dict[str, float]]:
    """M9's main effects, by axis."""
    found: dict[Key, dict[str, float]] = {}
    for group in report.groups:
        for rule in group.rules:
            shares = {axis: rule.scalars.get(f"variance_{axis}") for axis in ("lr", "init_scale")}
            found[group.problem, group.direction, rule.rule] = {
                axis: s.value for axis, s in shares.items() if s is not None and s.value is not None
            }
    return found


def _rows(
    key: Key,
    axes: list[str],
    estimated: dict[str, dict[str, float]],
    exact: dict[Key, dict[str, float]],
) -> list[dict[str, str | float | None]]:
    names = dict(zip(("problem", "direction", "rule"), key, strict=True))
    by_estimate = {**estimated, "variance": exact.get(key, {})}
    return [
        {**names, "axis": axis, **{e: by_estimate.get(e, {}).get(axis) for e in ESTIMATES}}
        for axis in axes
    ]


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1%}"
