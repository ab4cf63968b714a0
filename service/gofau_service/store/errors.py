"""What the database raises, for the floors above, which know no SQL.

`SQLAlchemyError` > `OperationalError` (it does not answer), `DataError` (a value that it cannot
hold), `IntegrityError` (a row that a constraint forbids, such as a second one of the same key).
"""

from sqlalchemy.exc import DataError, IntegrityError, OperationalError, SQLAlchemyError

__all__ = ["DataError", "IntegrityError", "OperationalError", "SQLAlchemyError"]
