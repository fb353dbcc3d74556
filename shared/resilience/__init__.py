"""What keeps one part's trouble from becoming everybody's: limits, and circuit breakers."""

from shared.resilience.circuit_breaker import CircuitBreaker
from shared.resilience.rate_limit import Decision, Rate, RateLimiter

__all__ = ["CircuitBreaker", "Decision", "Rate", "RateLimiter"]
