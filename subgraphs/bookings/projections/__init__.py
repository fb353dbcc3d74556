"""Read models: tables that follow the events of all bookings, and can be made again from them at any time."""

from subgraphs.bookings.projections.projector import PROJECTIONS, Projector, rebuild

__all__ = ["PROJECTIONS", "Projector", "rebuild"]
