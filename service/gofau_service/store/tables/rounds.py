"""The table of rounds."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gofau_service.store.base import Base, Seconds


class SearchRoundRow(Base):
    """Cells ``first_cell`` to ``first_cell + cells`` of a study, appended together.

    The primary key makes every round happen once. What was known at submission is round 0 and
    has no row.
    """

    __tablename__ = "search_rounds"

    study_id: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_cell: Mapped[int]
    cells: Mapped[int]
    created_at: Mapped[Seconds]
