"""Logs, metrics and traces of every process."""

from shared.telemetry.logging import configure_logging

__all__ = ["configure_logging"]
