"""The analytics store: ClickHouse, its schema, and everything that talks to it."""
