"""Payloads of the messages that one domain sends and another reads. Fields are added, never removed or retyped."""
