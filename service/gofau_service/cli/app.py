"""The command line: which commands there are."""

from typing import Annotated

import typer

from gofau_service.cli.command import install

app = typer.Typer(
    name="gofau",
    help="Robustness studies of update rules over learning rate and initial weight scale.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

install(app, "gofau_service.cli.commands")


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
