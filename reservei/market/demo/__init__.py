"""The demo market: a believable Brazil for machines that have no real data, the same for the same seed."""
