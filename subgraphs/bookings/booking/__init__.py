"""The booking itself: its events, its state, its rules. Nothing here knows a database, a broker or GraphQL."""
