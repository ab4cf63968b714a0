"""The declarative base and column types that all tables share."""

import time
from typing import Annotated, Any, ClassVar

from sqlalchemy import JSON, BigInteger, Double, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

Seconds = Annotated[float, mapped_column(Double)]
"""A wall-clock time in seconds since 1970, UTC."""

Short = Annotated[str, mapped_column(String(200))]
Long = Annotated[str, mapped_column(Text)]
Big = Annotated[int, mapped_column(BigInteger)]
Real = Annotated[float, mapped_column(Double)]


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        dict[str, Any]: JSON,
        dict[str, float]: JSON,
        dict[str, int]: JSON,
        list[str]: JSON,
    }


def now() -> float:
    """Seconds since 1970, for display; no decision depends on it."""
    return time.time()
