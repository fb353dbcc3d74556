"""Outcomes that a caller can act on are data: members of a mutation's result union that implement ``Problem``."""

import strawberry


@strawberry.interface(description="Something that kept a mutation from succeeding and that the caller can act on.")
class Problem:
    """What every problem has, so that a client can handle all of them at once, also those to come."""

    message: str = strawberry.field(description="What went wrong and what to do about it, for people.")


@strawberry.federation.type(shareable=True, description="A value in the input is not acceptable.")
class InvalidInput(Problem):
    """Input that the types let through but the domain does not."""

    field: str = strawberry.field(description="Path of the value within `input`, for example `stay.checkOutDate`.")
