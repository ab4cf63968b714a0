"""``gofau list``, ``show`` and ``cancel``."""

from itertools import islice
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json
from gofau_service.cli.tables import studies_table, study_table
from gofau_studies.protocol.trials import StudyState


@command(Panel.LOOK, "list")
def list_(
    state: Annotated[StudyState | None, typer.Option(help="Only studies in this state.")] = None,
    name: Annotated[str | None, typer.Option(help="Only studies whose name contains this.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only studies with this tag.")] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="created, name, owner, state, progress, rate, time_left or trials; "
            "a minus in front descends. Default: -created.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """List studies, newest first unless sorted.

    [bold]Examples[/bold]

    gofau list --state running

    gofau list --sort=-progress

    gofau list --json | jq -r '.[].id'
    """
    given = {"state": state, "name": name, "tag": tag, "sort": sort, "limit": min(limit, 1000)}
    filters = {key: value for key, value in given.items() if value is not None}
    with connect(url, token) as client:
        found = list(islice(client.list(**filters), limit))
    if as_json:
        print_json(found)
    elif found:
        out().print(studies_table(found))
        for study in found:
            for doubt in study.doubts:
                out().print(f"{study.id}: {doubt}", markup=False)
    else:
        narrowed = any(value is not None for value in (state, name, tag))
        none = "no such study" if narrowed else "no study yet; submit one with 'gofau submit SPEC'"
        out().print(none)


@command(Panel.LOOK)
def show(
    study: options.StudyId,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Show one study: state, counts of trials by state and outcome, rate, time left.

    [bold]Example[/bold]

    gofau show 219c87afc8c93016
    """
    with connect(url, token) as client:
        found = client.get(study)
    if as_json:
        print_json(found)
    else:
        out().print(study_table(found))


@command(Panel.CHANGE)
def cancel(
    study: options.StudyId,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Cancel a study; the trials that have completed are kept.

    [bold]Example[/bold]

    gofau cancel 219c87afc8c93016
    """
    with connect(url, token) as client:
        found = client.cancel(study)
    if as_json:
        print_json(found)
    else:
        out().print(f"{found.id} is {found.state}")
