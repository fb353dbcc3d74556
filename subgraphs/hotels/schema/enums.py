"""Enums of the hotels domain, with the descriptions that GraphiQL shows."""

from enum import Enum

import strawberry

from subgraphs.hotels import amenities, models
from subgraphs.hotels.messages import Language
from subgraphs.hotels.service import search


# The users subgraph has the same enum: the supergraph knows one.
@strawberry.enum(name="Locale", description="A language that we write in.")
class LocaleName(Enum):
    """The languages, by the tags that the rest of the code uses."""

    PT_BR = strawberry.enum_value("pt-BR", description="Brazilian Portuguese.")
    EN = strawberry.enum_value("en", description="English.")

    @property
    def tag(self) -> Language:
        """The BCP 47 tag."""
        return "en" if self is LocaleName.EN else "pt-BR"


_Kind = models.PropertyKind


@strawberry.enum(description="What kind of property a hotel is.")
class PropertyKind(Enum):
    """``models.PropertyKind`` with descriptions."""

    HOTEL = strawberry.enum_value(_Kind.HOTEL, description="A hotel with a front desk.")
    RESORT = strawberry.enum_value(_Kind.RESORT, description="A large hotel with much to do on its own grounds.")
    POUSADA = strawberry.enum_value(_Kind.POUSADA, description="A small inn, often run by a family.")
    HOSTEL = strawberry.enum_value(_Kind.HOSTEL, description="Simple rooms and shared spaces.")
    APARTMENT = strawberry.enum_value(_Kind.APARTMENT, description="A home of one's own, with a kitchen.")


_Destination = models.DestinationKind


@strawberry.enum(description="What kind of place a destination is.")
class DestinationKind(Enum):
    """``models.DestinationKind`` with descriptions."""

    CITY = strawberry.enum_value(_Destination.CITY, description="A city or town.")
    REGION = strawberry.enum_value(_Destination.REGION, description="A state, province or coast.")
    COUNTRY = strawberry.enum_value(_Destination.COUNTRY, description="A country.")


_Category = amenities.AmenityCategory


@strawberry.enum(description="A group of amenities, as a filter panel shows them.")
class AmenityCategory(Enum):
    """``amenities.AmenityCategory`` with descriptions."""

    CONNECTIVITY = strawberry.enum_value(_Category.CONNECTIVITY, description="Internet and work.")
    COMFORT = strawberry.enum_value(_Category.COMFORT, description="In the room.")
    FOOD = strawberry.enum_value(_Category.FOOD, description="Eating and drinking.")
    LEISURE = strawberry.enum_value(_Category.LEISURE, description="Pool, sports and rest.")
    FAMILY = strawberry.enum_value(_Category.FAMILY, description="For children and animals.")
    TRANSPORT = strawberry.enum_value(_Category.TRANSPORT, description="Coming, going and parking.")
    ACCESSIBILITY = strawberry.enum_value(_Category.ACCESSIBILITY, description="For people who move differently.")
    SERVICE = strawberry.enum_value(_Category.SERVICE, description="What the staff does.")


_Sort = search.HotelSort


@strawberry.enum(description="In which order to list hotels. Equal ones keep a stable order.")
class HotelSort(Enum):
    """``service.search.HotelSort`` with descriptions."""

    RELEVANCE = strawberry.enum_value(
        _Sort.RELEVANCE, description="Best match of `filter.query` first; without a query, best rated first."
    )
    PRICE = strawberry.enum_value(
        _Sort.PRICE,
        description=(
            "Cheapest first: the stay's total when there is a stay, otherwise the cheapest open night ahead. Amounts "
            "of several currencies are not compared: each currency is listed by itself."
        ),
    )
    RATING = strawberry.enum_value(
        _Sort.RATING, description="Best rated first; a few ratings count less than many equal ones."
    )
    DISTANCE = strawberry.enum_value(_Sort.DISTANCE, description="Nearest to the centre of `filter.near` first.")
    STARS = strawberry.enum_value(_Sort.STARS, description="Most stars first.")
    NAME = strawberry.enum_value(_Sort.NAME, description="By name, from A to Z, without regard to accents.")


@strawberry.enum(description="A day of the week.")
class Weekday(Enum):
    """ISO weekdays."""

    @property
    def iso(self) -> int:
        """1 for Monday to 7 for Sunday."""
        return list(Weekday).index(self) + 1

    MONDAY = strawberry.enum_value(1, description="Monday.")
    TUESDAY = strawberry.enum_value(2, description="Tuesday.")
    WEDNESDAY = strawberry.enum_value(3, description="Wednesday.")
    THURSDAY = strawberry.enum_value(4, description="Thursday.")
    FRIDAY = strawberry.enum_value(5, description="Friday: the night from Friday to Saturday.")
    SATURDAY = strawberry.enum_value(6, description="Saturday: the night from Saturday to Sunday.")
    SUNDAY = strawberry.enum_value(7, description="Sunday.")
