"""What the router allows: limits, tokens, origins, headers, and how much of an error a caller may read."""
