"""Bookings: event-sourced, sold by a persisted saga over inventory and payments."""
