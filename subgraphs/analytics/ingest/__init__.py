"""From the broker into the store: batched, at least once, counted once."""

from subgraphs.analytics.ingest.rows import EventRow, UnusableEvent, rows_of, write_events

__all__ = ["EventRow", "UnusableEvent", "rows_of", "write_events"]
