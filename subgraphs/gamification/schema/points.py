"""Points: balances, and how they moved."""

# mypy: disallow-untyped-decorators=False

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry

from shared.graphql import Connection, Money, decode_cursor, encode_cursor, page_size
from subgraphs.gamification import models
from subgraphs.gamification.loaders import HistoryPage
from subgraphs.gamification.repository.ledger import Account, Change
from subgraphs.gamification.schema.context import Info, uuid_or_none
from subgraphs.gamification.schema.enums import PointsEntryKind
from subgraphs.gamification.schema.missions import Mission
from subgraphs.gamification.service.access import may_see

if TYPE_CHECKING:
    from subgraphs.gamification.schema.owners import Booking

First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 when left out.")]
After = Annotated[str | None, strawberry.argument(description="Go on behind this cursor.")]


@strawberry.federation.type(keys=["id"], description="A movement of a traveler's points. Entries are never changed.")
class PointsEntry:
    """An entry of the ledger. Whoever makes one of these has checked that the caller may see it."""

    entry: strawberry.Private[models.LedgerEntry]
    postings: strawberry.Private[Mapping[Account, int]]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The entries behind entity references; ``None`` for those that the caller may not see."""
        principal = info.context.principal
        ids = [uuid_or_none(key.get("id")) for key in keys]
        if principal is None:
            return [None] * len(ids)
        known = [entry_id for entry_id in ids if entry_id is not None]
        changes = dict(zip(known, await info.context.loaders.entry.load_many(known), strict=True))
        found = [None if entry_id is None else changes[entry_id] for entry_id in ids]
        return [
            None if change is None or not may_see(principal, change[0].user_id) else cls.of(change) for change in found
        ]

    @classmethod
    def of(cls, change: Change) -> Self:
        """The entry of the ledger."""
        return cls(entry=change[0], postings=change[1])

    @strawberry.field(description="Identifies the entry.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.entry.id))

    @strawberry.field(description="Counts the traveler's entries from 1.")
    def sequence(self) -> int:
        return self.entry.sequence

    @strawberry.field(description="Why points moved.")
    def kind(self) -> PointsEntryKind:
        return PointsEntryKind(self.entry.kind)

    @strawberry.field(description="By how much the points that can be spent changed.")
    def available(self) -> int:
        return self.postings.get(Account.AVAILABLE, 0)

    @strawberry.field(description="By how much the points of stays that are not over changed.")
    def pending(self) -> int:
        return self.postings.get(Account.PENDING, 0)

    @strawberry.field(description="By how much the points set aside for bookings changed.")
    def reserved(self) -> int:
        return self.postings.get(Account.RESERVED, 0)

    @strawberry.field(description="Points that could be spent after it.")
    def available_after(self) -> int:
        return self.entry.available_after

    @strawberry.field(description="The booking that it is about.")
    def booking(self) -> Annotated["Booking", strawberry.lazy("subgraphs.gamification.schema.owners")] | None:
        from subgraphs.gamification.schema.owners import Booking

        return None if self.entry.booking_id is None else Booking(booking_id=self.entry.booking_id)

    @strawberry.field(description="The mission that it is the reward of.")
    async def mission(self, info: Info) -> Mission | None:
        if self.entry.mission_id is None:
            return None
        found = (await info.context.loaders.catalogue()).missions_by_id.get(self.entry.mission_id)
        return None if found is None else Mission(mission=found)

    @strawberry.field(description="When.")
    def created_at(self) -> datetime:
        return self.entry.created_at


@strawberry.type(description="A traveler's points. One point is worth one centavo.")
class PointsAccount:
    """Balances after a ledger entry. Whoever makes one of these has checked that the caller may see it."""

    user_id: strawberry.Private[UUID]
    available: int = strawberry.field(description="Points that can be spent.")
    pending: int = strawberry.field(description="Points of stays that are not over: available after check-out.")
    reserved: int = strawberry.field(description="Points set aside for bookings that are being paid.")
    sequence: int = strawberry.field(
        description="Counts the entries of the ledger: pass the last one as `after` to `pointsChanged`."
    )

    @classmethod
    def of(cls, traveler: models.Traveler | None, user_id: UUID) -> Self:
        """The balances as they are now; somebody without any has zero."""
        if traveler is None:
            return cls(user_id=user_id, available=0, pending=0, reserved=0, sequence=0)
        return cls(
            user_id=user_id,
            available=traveler.available,
            pending=traveler.pending,
            reserved=traveler.reserved,
            sequence=traveler.ledger_sequence,
        )

    @classmethod
    def after(cls, entry: models.LedgerEntry) -> Self:
        """The balances after an entry."""
        return cls(
            user_id=entry.user_id,
            available=entry.available_after,
            pending=entry.pending_after,
            reserved=entry.reserved_after,
            sequence=entry.sequence,
        )

    @strawberry.field(description="How points moved, the newest first.")
    async def history(self, info: Info, first: First = None, after: After = None) -> Connection[PointsEntry]:
        size = page_size(first)
        position = decode_cursor(after, int)
        page = HistoryPage(self.user_id, None if position is None else position[0], size + 1)
        changes = await info.context.loaders.history.load(page) or ()
        return Connection[PointsEntry].from_rows(
            changes, size, PointsEntry.of, lambda change: encode_cursor(change[0].sequence), after=after
        )


@strawberry.type(description="A coupon that was given to a traveler; they use its code when they book.")
class GrantedCoupon:
    """A coupon. Bookings honours it a moment after it was granted."""

    coupon: strawberry.Private[models.Coupon]

    @strawberry.field(description="What to give when booking: `K7MPX2QAZ3`.")
    def code(self) -> str:
        return self.coupon.code

    @strawberry.field(description="What it takes off; null when that is a percentage.")
    def amount(self) -> Money | None:
        minor = self.coupon.amount_minor
        return None if minor is None else Money.of_minor(minor, self.coupon.currency)

    @strawberry.field(description="How many percent it takes off; null when that is an amount.")
    def percent(self) -> int | None:
        return self.coupon.percent

    @strawberry.field(description="The last moment at which it can be used.")
    def valid_until(self) -> datetime:
        return self.coupon.valid_until
