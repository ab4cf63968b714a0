"""The command line: which commands there are."""

from typing import Annotated

import typer

from service.cli.commands import report, run, serve, studies, submit, up

app = typer.Typer(
    name="gofau",
    help="Robustness studies of update rules over learning rate and initial weight scale.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(rich_help_panel="Run a study")(run.run)
app.command(rich_help_panel="Run a study")(run.demo)
app.command(rich_help_panel="Run a study")(submit.submit)
app.command(rich_help_panel="Run a study")(submit.watch)
app.command(rich_help_panel="Run a study")(submit.validate)
app.command("list", rich_help_panel="Look at studies")(studies.list_)
app.command(rich_help_panel="Look at studies")(studies.show)
app.command(rich_help_panel="Look at studies")(report.report)
app.command(rich_help_panel="Look at studies")(studies.cancel)
app.command(rich_help_panel="Serve")(up.up)
app.command(rich_help_panel="Serve")(up.down)
app.command(rich_help_panel="Serve")(serve.serve)


def _version(asked: bool) -> None:
    if asked:
        from gofau.version import code_version

        print(code_version())
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error comes from, in full.")
    ] = False,
) -> None:
    """Robustness studies of update rules over learning rate and initial weight scale."""
