"""The command line: which commands there are."""

from collections.abc import Callable
from typing import Annotated

import typer

from gofau_service.cli.commands import (
    export,
    figures,
    importances,
    lifecycle,
    report,
    run,
    serve,
    store,
    studies,
    submit,
    tokens,
    trials,
    tuning,
    up,
)
from gofau_service.cli.commands import (
    library_commands as passed_on,
)

app = typer.Typer(
    name="gofau",
    help="Robustness studies of update rules over learning rate and initial weight scale.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PANELS: dict[str, dict[str, Callable[..., None]]] = {
    "Run a study": {
        "run": run.run,
        "demo": run.demo,
        "submit": submit.submit,
        "watch": submit.watch,
        "validate": submit.validate,
    },
    "Look at studies": {
        "list": studies.list_,
        "show": studies.show,
        "trials": trials.trials,
        "report": report.report,
        "figures": figures.figures,
        "compare": trials.compare,
        "export": export.export,
        "tuning": tuning.tuning,
        "importances": importances.importances,
    },
    "Change a study": {
        "pause": lifecycle.pause,
        "resume": lifecycle.resume,
        "retry": lifecycle.retry,
        "extend": lifecycle.extend,
        "tag": lifecycle.tag,
        "cancel": studies.cancel,
        "delete": lifecycle.delete,
    },
    "Use the library": {"reproduce": passed_on.reproduce},
    "Serve": {"up": up.up, "down": up.down, "serve": serve.serve},
    "Keep the store": {
        "migrate": store.migrate,
        "backup": store.backup,
        "restore": store.restore,
    },
}

for panel, commands in PANELS.items():
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)
app.add_typer(passed_on.data, name="data", rich_help_panel="Use the library")
app.add_typer(tokens.app, name="token", rich_help_panel="Serve")


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
