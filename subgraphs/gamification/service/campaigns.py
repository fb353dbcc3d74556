"""Campaigns: for a while, what is booked earns more.

Points are worked out by the rules of the moment of booking, also when they are worked out again. So a campaign cannot
begin in the past, and ending one leaves what was booked in it as it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from shared.db import WriteSession
from subgraphs.gamification.repository import catalogue as tables
from subgraphs.gamification.rules.validation import InvalidDefinition, read_earning_rule
from subgraphs.gamification.service.errors import InvalidValue, RuleCodeTaken, UnknownCampaign
from subgraphs.gamification.service.missions import CODE

_FIELDS: Final = {"multiplier_percent": "percent", "valid_from": "validFrom", "valid_until": "validUntil"}
"""What the API calls the parts of a definition."""


async def create(
    session: WriteSession, code: str, percent: int, begin: datetime, end: datetime, *, now: datetime
) -> None:
    """Have stays that are booked from ``begin`` until ``end`` earn ``percent`` of what they would. Again the same.

    Raises:
        InvalidValue: the code, the percentage or the window cannot be.
        RuleCodeTaken: there is another rule with the code.
    """
    if not CODE.fullmatch(code):
        raise InvalidValue("code", "code_malformed")
    definition = {"multiplier_percent": percent, "valid_from": begin.isoformat(), "valid_until": end.isoformat()}
    try:
        read_earning_rule(definition)
    except InvalidDefinition as error:
        mistake = error.mistakes[0]
        raise InvalidValue(_FIELDS[mistake.path], "invalid_campaign", why=mistake.message) from error
    known = await tables.earning_rule(session, code)
    if known is not None:
        if known.definition == definition:
            return
        raise RuleCodeTaken
    if begin < now:
        raise InvalidValue("validFrom", "campaign_in_the_past")
    if not await tables.add_earning_rule(session, code, definition):
        raise RuleCodeTaken  # by a rival, just now
    await tables.bump(session)


async def end(session: WriteSession, code: str, now: datetime) -> datetime:
    """End a campaign now; when it ends. One that has ended stays as it is; one that has not begun never does.

    Raises:
        UnknownCampaign: there is none with the code.
    """
    row = await tables.earning_rule(session, code)
    rule = None if row is None else read_earning_rule(row.definition)
    if row is None or rule is None or rule.valid_from is None or rule.valid_until is None:
        raise UnknownCampaign
    if rule.valid_until <= now:
        return rule.valid_until
    if now <= rule.valid_from:
        await session.delete(row)
    else:
        row.definition = {**row.definition, "valid_until": now.isoformat()}
    await session.flush()
    await tables.bump(session)
    return now
