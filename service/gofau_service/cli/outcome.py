"""What is printed and written when a study has ended."""

from pathlib import Path

import typer

from gofau_service.cli.console import err, out, print_json
from gofau_service.cli.exits import Exit
from gofau_service.cli.tables import print_report
from gofau_service.client import Client, Study


def conclude(
    client: Client, study: Study, html: Path | None, as_json: bool, stays: bool = True
) -> Study:
    """Print the table of rules, write the report page, say where things are.

    The study's page is named only where the service ``stays`` to serve it.
    """
    if not study.counts.completed:
        said = f"{study.id} is {study.state}: {study.message or 'no trial completed'}"
        err().print(said, markup=False, soft_wrap=True)
        if as_json:
            print_json({"study": study, "report": None, "html": None})
        return study
    report = client.report(study.id)
    if html is not None:
        html.write_text(client.report_html(study.id), encoding="utf-8")
    if as_json:
        path = None if html is None else str(html.absolute())
        print_json({"study": study, "report": report, "html": path})
        return study
    print_report(report, out())
    if study.counts.failed:
        said = study.message or f"{study.counts.failed} trials failed"
        out().print(said, markup=False, soft_wrap=True)
    if study.reused:
        rest = "; nothing new was trained" if study.reused == study.trials else ""
        out().print(f"{'reused':<15}{study.reused} of {study.trials} trials{rest}", markup=False)
    if html is not None:
        out().print(f"{'report':<15}{html.absolute()}", markup=False, soft_wrap=True)
    where = f"{client.url}/studies/{study.id}" if stays else study.id
    out().print(f"{'study':<15}{where}", markup=False, soft_wrap=True)
    return study


def exit_for(study: Study) -> typer.Exit:
    """The exit that a study's end stands for."""
    return typer.Exit(Exit.OK if study.succeeded else Exit.STUDY_FAILED)
