"""Use cases of bookings. Where one is a single transaction, its caller opens it."""
