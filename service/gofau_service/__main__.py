"""``python -m gofau_service``: serve with the settings of the environment."""

import gc
import sys

import uvicorn

from gofau_service.api.app import create_app
from gofau_service.errors import ServiceError
from gofau_service.settings import Settings
from gofau_studies.telemetry import logs, tracing


def main() -> None:
    """Serve until interrupted."""
    settings = Settings.from_environment()
    logs.configure(settings.log_format, settings.secrets)
    tracing.start("gofau-service")
    app = create_app(settings)
    # What has been imported lives as long as the process: a full collection need not walk it,
    # which would hold up every answer for a tenth of a second.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    try:
        main()
    except ServiceError as error:
        sys.exit(f"error: {error}")
