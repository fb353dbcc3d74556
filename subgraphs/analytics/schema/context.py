"""What resolvers share: their info, the caller, and the caller's language."""

from typing import TypeAlias

import strawberry

from shared.auth import Role
from shared.graphql.context import Locale
from subgraphs.analytics.resources import AnalyticsContext
from subgraphs.analytics.service.questions import Viewer

Info: TypeAlias = strawberry.Info[AnalyticsContext, None]


def language_of(info: Info) -> Locale:
    """The language to answer in."""
    return info.context.caller.locale


def viewer_of(info: Info) -> Viewer:
    """Who asks. Raises ``Unauthenticated`` for nobody."""
    principal = info.context.require_principal()
    return Viewer(
        user_id=principal.user_id,
        is_staff=principal.has_any(Role.SUPPORT, Role.ADMIN),
        is_manager=principal.has_any(Role.HOTEL_MANAGER),
    )
