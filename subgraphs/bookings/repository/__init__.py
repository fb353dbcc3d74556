"""Statements of the bookings domain, and nothing but statements."""
