"""What resolvers share: their info and the caller's language."""

from typing import TypeAlias

import strawberry

from shared.graphql.context import Locale
from subgraphs.analytics.resources import AnalyticsContext

Info: TypeAlias = strawberry.Info[AnalyticsContext, None]


def language_of(info: Info) -> Locale:
    """The language to answer in."""
    return info.context.caller.locale
