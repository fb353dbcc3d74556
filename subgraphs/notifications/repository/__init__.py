"""Statements and locks of the notifications domain; the only SQL of it."""
