"""The stay that a field is asked about."""

from typing import Annotated

import strawberry

from subgraphs.hotels import models
from subgraphs.hotels.schema.context import Info, as_error, language_of
from subgraphs.hotels.schema.inputs import StayInput
from subgraphs.hotels.service.errors import InvalidValue
from subgraphs.hotels.service.stays import check_stay
from subgraphs.hotels.stays import Stay, today_in

StayArgument = Annotated[StayInput, strawberry.argument(description="Nights, guests and rooms.")]


def checked_stay(info: Info, stay: StayInput, hotel: models.Hotel) -> Stay:
    """The stay, if it makes sense today at ``hotel``. Raises ``BadUserInput`` when not."""
    asked = stay.to_stay()
    try:
        check_stay(asked, info.context.settings, today_in(hotel.time_zone, info.context.now))
    except InvalidValue as refusal:
        raise as_error(refusal, language_of(info)) from None
    return asked
