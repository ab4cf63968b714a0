"""``gofau serve``: the API alone, for containers and supervisors."""

from gofau_service.cli.command import Panel, command


@command(Panel.SERVE)
def serve() -> None:
    """Run the API in the foreground, without Ray; every setting is a GOFAU_* variable.

    [bold]Example[/bold]

    GOFAU_DATABASE_URL=postgresql+psycopg://gofau@db/gofau GOFAU_RAY_ADDRESS=http://ray:8265
    gofau serve
    """
    from gofau_service.__main__ import main

    main()
