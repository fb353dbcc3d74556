"""Search by meaning: hotel texts as vectors."""
