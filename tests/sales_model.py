"""What bookings, hotels and a payment company must agree on, in plain Python: no table, no saga, no ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.inventory import ConfirmInventory, HoldInventory, ReleaseInventory
from subgraphs.hotels.tests.builders import SOON
from subgraphs.hotels.tests.test_hotels_holds_model import NIGHTS, ROOMS, Hold
from subgraphs.hotels.tests.test_hotels_holds_model import Model as Rooms
from tests.sales_town import FIRST_NIGHT_UNTIL_DAYS, FREE_UNTIL_DAYS, PRICE_MINOR

WAITS_FOR_TRAVELER = frozenset({"tok_3ds_approve", "tok_3ds_fail", "pix", "boleto"})
ENDS = {
    "tok_approve": "CONFIRMED",
    "tok_network_error": "CONFIRMED",
    "tok_late": "CONFIRMED",
    "tok_capture_refused": "FAILED",
    "tok_decline_stolen": "FAILED",
}
"""What comes of a sale by card, when there are rooms and time."""
KEPT = ("HELD", "CONFIRMED")
_ZONE = ZoneInfo("America/Sao_Paulo")


@dataclass(frozen=True)
class Stay:
    """Rooms on nights, counted from the first of the calendar."""

    first: int
    nights: int
    rooms: int

    @property
    def price_minor(self) -> int:
        return PRICE_MINOR * self.nights * self.rooms

    def day(self, number: int) -> date:
        """The ``number``-th day of the stay."""
        return SOON + timedelta(days=self.first + number)


@dataclass(frozen=True)
class Change:
    """Another stay that was asked for."""

    hold_id: UUID
    stay: Stay
    total_minor: int
    minimum_fee_minor: int


@dataclass
class Sale:
    """One booking, as an observer outside would remember it."""

    stay: Stay
    method: str
    expires_at: datetime
    hold_id: UUID
    """Of the stay that is booked."""
    total_minor: int
    first_hold_id: UUID
    minimum_fee_minor: int = 0
    changes: list[Change] = field(default_factory=list)
    may_be_changing: bool = False
    """Whether a change was asked for since everything was at rest."""
    acted: bool | None = None
    """Whether the traveler paid, or failed to; ``None`` while they have done nothing."""
    fee_minor: int | None = None
    """What calling it off cost, since it was."""
    was_late: bool = False
    """Whether its time ran out before it was decided."""


class Model:
    """All sales, and the rooms that hotels keeps for them."""

    def __init__(self) -> None:
        self.sales: dict[UUID, Sale] = {}
        self.rooms = Rooms()

    def has_rooms(self, stay: Stay, instead_of: UUID | None = None) -> bool:
        """Whether a stay is free, rooms of the hold that it replaces counted as free."""
        own = self.rooms.holds.get(instead_of) if instead_of is not None else None
        return all(
            held + sold + stay.rooms - (own.sold[night] if own is not None else 0) <= ROOMS
            for night, (held, sold) in enumerate(self.rooms.counts())
            if stay.first <= night < stay.first + stay.nights
        )

    def state_of(self, hold_id: UUID) -> str:
        """How a hold stands; ``none`` when hotels has not heard of it."""
        hold = self.rooms.holds.get(hold_id)
        return "none" if hold is None else hold.state

    def on_hold(self, command: HoldInventory, now: datetime) -> str:
        """Hotels is told to keep rooms; its answer."""
        self._look_at(now)
        new = Hold(
            (command.check_in - SOON).days,
            (command.check_out - SOON).days,
            command.rooms,
            "HELD",
            command.expires_at,  # type: ignore[arg-type]  # any clock will do, as long as there is only one
            replaces=command.replaces_hold_id,
        )
        if self.state_of(command.hold_id) == "none" and command.expires_at <= now:
            self.rooms.holds[command.hold_id] = Hold(new.first, new.until, new.rooms, "REFUSED", new.due)
        else:
            self.rooms.hold(command.hold_id, new)
        return "InventoryHeld" if self.state_of(command.hold_id) in KEPT else "InventoryRefused"

    def on_confirm(self, command: ConfirmInventory, now: datetime) -> str:
        """Hotels is told to sell rooms; its answer."""
        self._look_at(now)
        return "InventoryConfirmed" if self.rooms.confirm(command.hold_id) == "confirmed" else "InventoryRefused"

    def on_release(self, command: ReleaseInventory, now: datetime) -> str:
        """Hotels is told to free rooms; its answer."""
        self._look_at(now)
        self.rooms.release(command.hold_id)
        return "InventoryReleased"

    def on_sweep(self, now: datetime) -> set[UUID]:
        """Hotels looks at the clock; the holds that end by that."""
        self._look_at(now)
        return self.rooms.expire()

    def _look_at(self, now: datetime) -> None:
        self.rooms.clock = now  # type: ignore[assignment]

    def fee(self, booking_id: UUID, state: str, now: datetime) -> int | None:
        """What calling off costs; ``None`` when it is no longer possible."""
        sale = self.sales[booking_id]
        if sale.fee_minor is not None:
            return sale.fee_minor
        if state in {"PENDING", "HELD", "AUTHORIZED"}:
            return 0
        if state != "CONFIRMED" or now.astimezone(_ZONE).date() >= sale.stay.day(sale.stay.nights):
            return None
        arrival = datetime.combine(sale.stay.day(0), time(14), tzinfo=_ZONE)
        if now <= arrival - timedelta(days=FREE_UNTIL_DAYS):
            by_policy = 0
        elif now <= arrival - timedelta(days=FIRST_NIGHT_UNTIL_DAYS):
            by_policy = PRICE_MINOR * sale.stay.rooms
        else:
            by_policy = sale.total_minor
        return min(max(by_policy, sale.minimum_fee_minor), sale.total_minor)

    def price_of_change(self, booking_id: UUID, stay: Stay, now: datetime) -> tuple[int, int]:
        """What is paid for a booking once it has another stay, and what calling it off then costs at least."""
        fee = self.fee(booking_id, "CONFIRMED", now)
        assert fee is not None, "nobody changes a stay that has begun"
        return max(stay.price_minor, fee), fee

    def may_change(self, booking_id: UUID, state: str, stay: Stay, now: datetime) -> bool:
        """Whether the terms allow another stay, unless there is a change under way."""
        booked = self.sales[booking_id].stay
        return state == "CONFIRMED" and now.astimezone(_ZONE).date() < booked.day(0) and stay != booked

    def note_stay(self, booking_id: UUID, stay: Stay) -> None:
        """The booking shows ``stay``: it is the one it had, or one for which hotels has swapped the rooms."""
        sale = self.sales[booking_id]
        if stay == sale.stay:
            return
        change = next(each for each in reversed(sale.changes) if each.stay == stay)
        hold = self.rooms.holds[change.hold_id]
        assert hold.state in {"CONFIRMED", "RELEASED"}, (sale, hold)
        sale.stay, sale.hold_id = stay, change.hold_id
        sale.total_minor, sale.minimum_fee_minor = change.total_minor, change.minimum_fee_minor

    def ends(self, booking_id: UUID) -> set[str]:
        """The states in which a sale may be when nothing is under way."""
        sale = self.sales[booking_id]
        if sale.fee_minor is not None:
            return {"CANCELLED"}
        if self.state_of(sale.first_hold_id) == "REFUSED":
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


__all__ = ["ENDS", "KEPT", "NIGHTS", "ROOMS", "WAITS_FOR_TRAVELER", "Change", "Model", "Sale", "Stay"]
