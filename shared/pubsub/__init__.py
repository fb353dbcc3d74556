"""Live updates between processes."""

from shared.pubsub.live import LiveUpdates

__all__ = ["LiveUpdates"]
