"""What bookings, hotels and a payment company must agree on, in plain Python: no table, no saga, no ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from subgraphs.hotels.tests.builders import SOON
from tests.sales_town import FIRST_NIGHT_UNTIL_DAYS, FREE_UNTIL_DAYS, NIGHTS, PRICE_MINOR, ROOMS

WAITS_FOR_TRAVELER = frozenset({"tok_3ds_approve", "tok_3ds_fail", "pix", "boleto"})
ENDS = {
    "tok_approve": "CONFIRMED",
    "tok_network_error": "CONFIRMED",
    "tok_late": "CONFIRMED",
    "tok_capture_refused": "FAILED",
    "tok_decline_stolen": "FAILED",
}
"""What comes of a sale by card, when there are rooms and time."""
_ZONE = ZoneInfo("America/Sao_Paulo")


@dataclass
class Sale:
    """One booking, as an observer outside would remember it."""

    first: int
    nights: int
    rooms: int
    method: str
    expires_at: datetime
    hold: str = "none"
    """``none``, ``held``, ``sold``, ``refused``, ``expired`` or ``free``."""
    acted: bool | None = None
    """Whether the traveler paid, or failed to; ``None`` while they have done nothing."""
    fee_minor: int | None = None
    """What calling it off cost, since it was."""
    was_late: bool = False
    """Whether its time ran out before it was decided."""

    @property
    def total_minor(self) -> int:
        return PRICE_MINOR * self.nights * self.rooms

    def needs(self, night: int) -> bool:
        return self.first <= night < self.first + self.nights


class Model:
    """All sales, and what is left of the calendar."""

    def __init__(self) -> None:
        self.sales: dict[UUID, Sale] = {}

    def calendar(self) -> list[tuple[int, int]]:
        """Rooms held and sold, night by night, counted anew each time."""
        return [
            (
                sum(sale.rooms for sale in self.sales.values() if sale.hold == "held" and sale.needs(night)),
                sum(sale.rooms for sale in self.sales.values() if sale.hold == "sold" and sale.needs(night)),
            )
            for night in range(NIGHTS)
        ]

    def has_rooms(self, first: int, nights: int, rooms: int) -> bool:
        return all(held + sold + rooms <= ROOMS for held, sold in self.calendar()[first : first + nights])

    def on_hold(self, booking_id: UUID, now: datetime) -> str:
        """Hotels is told to keep the rooms; its answer."""
        sale = self.sales[booking_id]
        if sale.hold == "none":
            if now >= sale.expires_at:
                sale.hold = "expired"
            else:
                sale.hold = "held" if self.has_rooms(sale.first, sale.nights, sale.rooms) else "refused"
        return "InventoryHeld" if sale.hold in {"held", "sold"} else "InventoryRefused"

    def on_confirm(self, booking_id: UUID, now: datetime) -> str:
        """Hotels is told to sell the rooms; its answer."""
        sale = self.sales[booking_id]
        if sale.hold == "held":
            sale.hold = "sold" if now < sale.expires_at else "expired"
        return "InventoryConfirmed" if sale.hold == "sold" else "InventoryRefused"

    def on_release(self, booking_id: UUID) -> str:
        """Hotels is told to free the rooms; its answer."""
        sale = self.sales[booking_id]
        if sale.hold in {"none", "held", "sold"}:
            sale.hold = "free"
        return "InventoryReleased"

    def on_sweep(self, now: datetime) -> set[UUID]:
        """Hotels looks at the clock; the bookings whose rooms that frees."""
        due = {id_ for id_, sale in self.sales.items() if sale.hold == "held" and sale.expires_at <= now}
        for booking_id in due:
            self.sales[booking_id].hold = "expired"
        return due

    def fee(self, booking_id: UUID, state: str, now: datetime) -> int | None:
        """What calling off costs; ``None`` when it is no longer possible."""
        sale = self.sales[booking_id]
        if sale.fee_minor is not None:
            return sale.fee_minor
        if state in {"PENDING", "HELD", "AUTHORIZED"}:
            return 0
        if state != "CONFIRMED" or now.astimezone(_ZONE).date() >= SOON + timedelta(days=sale.first + sale.nights):
            return None
        arrival = datetime.combine(SOON + timedelta(days=sale.first), time(14), tzinfo=_ZONE)
        if now <= arrival - timedelta(days=FREE_UNTIL_DAYS):
            return 0
        if now <= arrival - timedelta(days=FIRST_NIGHT_UNTIL_DAYS):
            return PRICE_MINOR * sale.rooms
        return sale.total_minor

    def ends(self, booking_id: UUID) -> set[str]:
        """The states in which a sale may be when nothing is under way."""
        sale = self.sales[booking_id]
        if sale.fee_minor is not None:
            return {"CANCELLED"}
        if sale.hold == "refused":
            # Its time may have run out before bookings heard of it.
            return {"FAILED", "EXPIRED"} if sale.was_late else {"FAILED"}
        if sale.method not in WAITS_FOR_TRAVELER:
            end = ENDS[sale.method]
        elif sale.acted is None:
            end = "HELD"
        else:
            end = "CONFIRMED" if sale.acted and sale.method != "tok_3ds_fail" else "FAILED"
        if not sale.was_late:
            return {end}
        return {"EXPIRED", "FAILED"} if end == "HELD" else {end, "EXPIRED", "FAILED"}
