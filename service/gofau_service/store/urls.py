"""What a database's URL says, without a database."""

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


def readable(url: str) -> bool:
    """Whether it is a URL as SQLAlchemy reads them."""
    try:
        make_url(url)
    except ArgumentError:
        return False
    return True


def password(url: str) -> str | None:
    """The password in a readable URL, if it has one."""
    return make_url(url).password
