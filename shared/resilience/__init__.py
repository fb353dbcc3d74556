"""What keeps one part's trouble from becoming everybody's: limits here; timeouts, retries and breakers later."""

from shared.resilience.rate_limit import Decision, Rate, RateLimiter

__all__ = ["Decision", "Rate", "RateLimiter"]
