"""What can go wrong between us and the store, by what the caller can do about it."""

from __future__ import annotations


class StoreError(Exception):
    """The store did not do what it was asked."""


class StoreUnavailable(StoreError, ConnectionError):
    """The store is away, overloaded or not migrated yet: the same call may succeed later."""


class StoreRefused(StoreError):
    """The store understood and will not do it, now or later: the SQL or the data is at fault."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        """ClickHouse's number of the error; ``None`` when the rows did not even leave this process."""
