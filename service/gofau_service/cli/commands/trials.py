"""``gofau trials`` and ``compare``."""

import re
from itertools import islice
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json
from gofau_service.cli.tables import print_report, trials_table
from gofau_studies.protocol.trial_facts import NUMBERS
from gofau_studies.protocol.trials import Outcome, TrialState


@command(Panel.LOOK)
def trials(
    study: options.StudyId,
    state: Annotated[TrialState | None, typer.Option(help="Only trials in this state.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only trials that ended so.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only trials of this rule.")] = None,
    sort: Annotated[
        str | None,
        typer.Option(help="An axis, a result or a metric; a minus in front descends."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="A condition, such as 'lr>=0.01'; of several, all hold."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """List a study's trials: setting, state, outcome, value, error, and what they are sorted by.

    [bold]Examples[/bold]

    gofau trials 219c87afc8c93016 --sort value --limit 10

    gofau trials 219c87afc8c93016 --where 'lr>=0.1' --where 'val_accuracy>0.9'

    gofau trials 219c87afc8c93016 --state failed --json | jq -r '.[].error'
    """
    given = {"state": state, "outcome": outcome, "rule": rule, "sort": sort, "where": where}
    filters = {name: value for name, value in given.items() if value}
    with connect(url, token) as client:
        pages = client.trials(study, limit=min(limit, 1000), **filters)
        found = list(islice(pages, limit))
        goal = None if as_json else client.get(study).goal
    if goal is None:
        print_json(found)
    else:
        out().print(trials_table(found, goal, _asked([sort or "", *(where or [])])))


def _asked(texts: list[str]) -> list[str]:
    """The results that an order or conditions name, beside the value, which is always shown."""
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return [name for name in NUMBERS if name in words and name != "value"]


@command(Panel.LOOK)
def compare(
    studies: Annotated[
        list[str], typer.Argument(metavar="STUDIES", help="Two studies or more; ids.")
    ],
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Report over several studies with the same problems and grid; the first is the baseline.

    [bold]Example[/bold]

    gofau compare 219c87afc8c93016 34d0cef32618a9e9
    """
    with connect(url, token) as client:
        report = client.compare(*studies)
    if as_json:
        print_json(report)
    else:
        print_report(report, out())
