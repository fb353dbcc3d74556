"""Use cases of the analytics domain: plain Python, no GraphQL."""
