"""``gofau figures``: the report's figures as files for a paper."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import print_json
from gofau_service.cli.errors import CliError
from gofau_studies.figures.names import COLUMN, FigureFormat, figure_names

if TYPE_CHECKING:
    from gofau_studies.landscape.landscape import Landscape
    from gofau_studies.report.model import RobustnessReport


@command(Panel.LOOK)
def figures(
    study: options.StudyId,
    kind: Annotated[FigureFormat, typer.Option("--format", help="File format.")] = FigureFormat.SVG,
    to: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("figures"),
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            help=f"Kinds wanted, with commas between: {', '.join(figure_names())}. Default: all.",
            show_default=False,
        ),
    ] = None,
    width: Annotated[
        float,
        typer.Option(min=2, max=20, help="Inches: 3.4 for one column, 7 for the whole page."),
    ] = COLUMN,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Write the report's figures for print: maps, curves, profiles, one file each.

    Maps: contour of the basin, ridge, hatched divergence, blanks for what is missing.

    [bold]Examples[/bold]

    gofau figures 219c87afc8c93016 --format pdf --out paper

    gofau figures 219c87afc8c93016 --only heatmap,tuning --width 7
    """
    wanted = _wanted(only)
    if find_spec("matplotlib") is None:
        raise CliError("figures: got no matplotlib, expected it; pip install 'gofau[figures]'")
    with connect(url, token) as client:
        report = client.report(study)
        landscapes = client.study(study).landscapes(report)
    paths = _write(report, landscapes, wanted, width, to, kind)
    if not paths:
        raise CliError(
            f"--only: got {', '.join(wanted)}, none of which this study has data for; leave the "
            "option out to see which it has"
        )
    if as_json:
        print_json([str(path) for path in paths])
    else:
        print("\n".join(map(str, paths)))


def _wanted(only: str | None) -> list[str]:
    known = figure_names()
    if only is None:
        return list(known)
    names = [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CliError(f"--only: got {', '.join(unknown)}, expected {', '.join(known)}")
    return names


def _write(
    report: "RobustnessReport",
    landscapes: "Sequence[Landscape]",
    wanted: Sequence[str],
    width: float,
    folder: Path,
    kind: FigureFormat,
) -> list[Path]:
    # matplotlib and the analysis take seconds to import, which other commands need not wait for.
    from gofau_studies.figures.all_figures import drawn
    from gofau_studies.figures.save import save

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for one in drawn(report, landscapes, wanted, width):
        paths.append(folder / f"{one.stem}.{kind}")
        save(one.figure, paths[-1])
    return paths
