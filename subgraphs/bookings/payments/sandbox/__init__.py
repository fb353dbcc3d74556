"""A payment company of our own that behaves as the card token says: for trying things out, and for tests.

It keeps its books like a real one: in tables of its own, in transactions of its own, keyed by the caller's idempotency
keys, so that a call repeated after a crash gets the first answer. Nothing outside this package reads those tables.
"""
