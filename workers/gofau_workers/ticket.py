"""The exchange of the job's ticket for a token that nobody else knows.

A job's environment is visible to whoever may read Ray's job API. The ticket in it is good for one
exchange; the token is made here, and the service is told its SHA-256 alone.
"""

import secrets
from dataclasses import replace
from hashlib import sha256

from gofau_studies.protocol import wire
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings


def redeem(client: ServiceClient, settings: WorkerSettings) -> WorkerSettings:
    """The settings with a fresh token in the place of the ticket.

    Raises:
        ServiceError: the ticket is not good any more, or the service does not answer.
    """
    token = f"gofau_{secrets.token_urlsafe(32)}"
    digest = sha256(token.encode()).hexdigest()
    client.exchange(wire.TicketUse(ticket=settings.token, token_sha256=digest))
    return replace(settings, token=token)
