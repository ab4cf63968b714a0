"""Studies of a spec that the service has already: to go on with, or to take results from."""

from collections.abc import Iterator

from gofau_service.client import Client, Study
from gofau_service.tokens.principal import LOCAL
from gofau_studies.errors import SpecError
from gofau_studies.protocol.trials import StudyState
from gofau_studies.spec.parsing import parse_yaml

LEAVING = (StudyState.CANCELLING,)
"""States of an open study that nothing brings back."""


def twins(client: Client, text: str, *, open_: bool) -> Iterator[Study]:
    """The studies of that spec which have not ended, or which have; the furthest first.

    A spec with faults has none, since the service refuses it in more words.
    """
    try:
        wanted = parse_yaml(text).hash
    except SpecError:
        return
    for study in client.list(hash=wanted, open=str(open_).lower(), sort="-progress"):
        # A service that does not know the filter gives every study.
        if study.spec_hash == wanted and study.state not in LEAVING:
            yield study


def taken_up(client: Client, text: str, fresh: bool) -> Study | None:
    """The caller's open study of that spec, asked for in the same way, going on; or ``None``.

    Its caller is alone on this machine's own service, where nobody needs a token.
    """
    for study in twins(client, text, open_=True):
        if study.owner == LOCAL.owner and study.reuse is not fresh:
            paused = study.state is StudyState.PAUSED
            return client.resume(study.id) if paused else study
    return None


def said_of_ended(client: Client, text: str) -> str | None:
    """A sentence about a completed study of that spec, if there is one."""
    for study in twins(client, text, open_=False):
        if study.state is StudyState.COMPLETED:
            return (
                f"study {study.id} of the same spec has ended; its results are reused where code "
                "and data are the same, and --fresh trains anew"
            )
    return None
