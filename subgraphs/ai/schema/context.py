"""What resolvers share: their info and the caller's language."""

from typing import TypeAlias

import strawberry

from shared.graphql.context import Locale
from subgraphs.ai.resources import AiContext

Info: TypeAlias = strawberry.Info[AiContext, None]


def language_of(info: Info) -> Locale:
    """The language to answer in."""
    return info.context.caller.locale
