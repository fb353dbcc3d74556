"""From the broker into the store: batched, at least once, counted once."""
