"""``gofau serve``: the API alone, for containers and supervisors."""


def serve() -> None:
    """Run the API in the foreground, without Ray; every setting is a GOFAU_* variable.

    [bold]Example[/bold]

    GOFAU_DATABASE_URL=postgresql+psycopg://gofau@db/gofau GOFAU_RAY_ADDRESS=http://ray:8265
    gofau serve
    """
    import uvicorn

    from service.app import create_app
    from service.settings import Settings

    settings = Settings.from_environment()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
