"""``gofau report``: the answer, as a table, a page, Markdown or data."""

from pathlib import Path
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json
from gofau_service.cli.files import ready
from gofau_service.cli.tables import print_report


@command(Panel.LOOK)
def report(
    study: options.StudyId,
    html: options.Html = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write the report as Markdown to this file.")
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Print a study's robustness report; while it runs, what is known so far.

    [bold]Examples[/bold]

    gofau report 219c87afc8c93016

    gofau report 219c87afc8c93016 --html report.html --markdown report.md

    gofau report 219c87afc8c93016 --json | jq '.verdicts'
    """
    ready("--html", html)
    ready("--markdown", markdown)
    with connect(url, token) as client:
        found = client.report(study)
        written = [p for p in (html, markdown) if p is not None]
        if html is not None:
            html.write_text(client.report_html(study), encoding="utf-8")
        if markdown is not None:
            markdown.write_text(client.report_markdown(study), encoding="utf-8")
    if as_json:
        print_json(found)
        return
    print_report(found, out())
    for path in written:
        out().print(f"wrote {path.absolute()}", markup=False, soft_wrap=True)
