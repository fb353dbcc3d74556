"""What one asks of a report, and about which hotels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from subgraphs.analytics.service.periods import DateRange, Interval
from subgraphs.analytics.service.refusals import Language, NotAllowed, Refused
from subgraphs.analytics.store import AnalyticsStore

MOST_GROUPS: Final = 20
"""The largest are shown; the rest is left out."""


class GroupBy(StrEnum):
    """What a report can be split by."""

    HOTEL = "HOTEL"
    ROOM_TYPE = "ROOM_TYPE"
    DESTINATION = "DESTINATION"
    GUEST_COUNTRY = "GUEST_COUNTRY"
    PAYMENT_METHOD = "PAYMENT_METHOD"


@dataclass(frozen=True, slots=True)
class Scope:
    """The hotels that count; ``None`` for every one."""

    hotel_ids: tuple[UUID, ...] | None = None

    @property
    def sql(self) -> str:
        """The condition; its parameter is in ``parameters``."""
        return "1" if self.hotel_ids is None else "hotel_id IN {hotels:Array(UUID)}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What ``sql`` binds."""
        return {} if self.hotel_ids is None else {"hotels": list(self.hotel_ids)}


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """A question; every report takes of it what concerns it."""

    range: DateRange
    scope: Scope
    interval: Interval = Interval.DAY
    group_by: GroupBy | None = None
    currency: str = "BRL"
    """Amounts in other currencies do not count."""
    language: Language = "pt-BR"

    def refuse_groups_but(self, *possible: GroupBy) -> None:
        """Raise ``Refused`` when the question asks for another group than these."""
        if self.group_by is not None and self.group_by not in possible:
            raise Refused("unknown_group", "groupBy", group=self.group_by, possible=", ".join(possible) or "—")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks."""

    user_id: UUID
    is_staff: bool
    is_manager: bool


async def scope_of(store: AnalyticsStore, viewer: Viewer, hotel_id: UUID | None) -> Scope:
    """The hotels whose numbers ``viewer`` may see: all for staff, their own for managers.

    Raises:
        NotAllowed: a traveler, or a hotel that somebody else manages or that does not exist (one answer for both).
    """
    if viewer.is_staff:
        return Scope() if hotel_id is None else Scope((hotel_id,))
    if not viewer.is_manager:
        raise NotAllowed("managers_only")
    own = await managed_hotels(store, viewer.user_id)
    if hotel_id is None:
        return Scope(tuple(own))
    if hotel_id not in own:
        raise NotAllowed("not_your_hotel")
    return Scope((hotel_id,))


async def managed_hotels(store: AnalyticsStore, manager_id: UUID) -> list[UUID]:
    """The hotels of a manager, as hotels told last."""
    rows = await store.query(
        "SELECT hotel_id FROM hotels FINAL WHERE manager_id = {manager:UUID} ORDER BY hotel_id",
        {"manager": manager_id},
    )
    return [hotel_id for (hotel_id,) in rows]
