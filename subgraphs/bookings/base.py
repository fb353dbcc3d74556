"""What every table of the bookings database derives from. Payments have their models in a package of their own."""

from __future__ import annotations

from shared.db import DomainBase, domain_metadata


class Base(DomainBase):
    """Base of the bookings tables."""

    __abstract__ = True
    metadata = domain_metadata()
