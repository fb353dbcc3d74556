"""Analytics: what the other domains' events add up to, in ClickHouse."""
