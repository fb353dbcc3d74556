"""Search by meaning over GraphQL."""

# mypy: disallow-untyped-decorators=False

from typing import Annotated, Self

import strawberry

from shared.graphql import BadUserInput, Locale, page_size, parse_id
from subgraphs.ai.schema.context import Info, language_of
from subgraphs.ai.schema.hotel import Hotel
from subgraphs.ai.search.finding import LONGEST_TEXT, Match, Question, QuestionRefused, find
from subgraphs.ai.search.reasons import reason


@strawberry.input(description="Where to search by meaning. Every given part must fit.")
class SearchByMeaningFilter:
    """Both are optional."""

    destination_id: strawberry.ID | None = strawberry.field(default=None, description="Only in this destination.")
    country_code: str | None = strawberry.field(
        default=None, description="Only in this country: two letters of ISO 3166-1, such as BR."
    )


@strawberry.type(description="A hotel that fits what somebody said.")
class SearchMatch:
    """One of the answers of a search by meaning."""

    hotel: Hotel = strawberry.field(description="The hotel.")
    score: float = strawberry.field(
        description=(
            "From 0 to 1; 1 is the first both by meaning and by words. Scores of two searches are not to be compared."
        )
    )
    why: str = strawberry.field(description="Why it was found, in the caller's language (Accept-Language).")

    @classmethod
    def of(cls, match: Match, language: Locale) -> Self:
        """The match as the caller reads it."""
        return cls(hotel=Hotel(hotel_id=match.hotel_id), score=match.score, why=reason(match, language))


@strawberry.type
class SearchQueries:
    """What one can ask of search."""

    @strawberry.field(
        description=(
            "Hotels that fit what somebody says in their own words, in Portuguese or English, the best first: by "
            f"closeness of meaning and by the words themselves. For everybody. The text has 1 to {LONGEST_TEXT} "
            "characters; otherwise BAD_USER_INPUT. What a hotel changes is found by its words first, by its "
            "meaning a little later. When the language model is missing, by words alone."
        )
    )
    async def search_by_meaning(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="What somebody wants, in their own words.")],
        filters: Annotated[
            SearchByMeaningFilter | None, strawberry.argument(description="Where; everywhere by default.")
        ] = None,
        first: Annotated[
            int | None, strawberry.argument(description="How many at most: 1 to 100, 20 by default.")
        ] = None,
    ) -> list[SearchMatch]:
        size = page_size(first)
        where = filters or SearchByMeaningFilter()
        destination = None if where.destination_id is None else parse_id(where.destination_id, "destinationId")
        country = None if where.country_code is None else where.country_code.upper()
        try:
            question = Question(text, destination, country)
        except QuestionRefused as refused:
            raise BadUserInput(str(refused), field=refused.field) from None
        async with info.context.database.read() as session:
            matches = await find(session, info.context.resources.embedder, question, size)
        language = language_of(info)
        return [SearchMatch.of(match, language) for match in matches]
