"""The amenities a hotel can have: a catalogue in code, because search filters and translations depend on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class AmenityCategory(StrEnum):
    """Groups of amenities, as a filter panel shows them."""

    CONNECTIVITY = "CONNECTIVITY"
    COMFORT = "COMFORT"
    FOOD = "FOOD"
    LEISURE = "LEISURE"
    FAMILY = "FAMILY"
    TRANSPORT = "TRANSPORT"
    ACCESSIBILITY = "ACCESSIBILITY"
    SERVICE = "SERVICE"


@dataclass(frozen=True, slots=True)
class Amenity:
    """Something that a hotel offers."""

    code: str
    """Stable code, such as ``wifi``: lower case letters, digits and underscores."""
    category: AmenityCategory
    name_pt: str
    name_en: str


class UnknownAmenity(Exception):
    """A code is not in the catalogue."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no amenity {code!r}.")
        self.code = code


_C = AmenityCategory

AMENITIES: Mapping[str, Amenity] = {
    amenity.code: amenity
    for amenity in (
        Amenity("wifi", _C.CONNECTIVITY, "Wi-Fi grátis", "Free Wi-Fi"),
        Amenity("workspace", _C.CONNECTIVITY, "Espaço de trabalho", "Workspace"),
        Amenity("tv", _C.COMFORT, "TV", "TV"),
        Amenity("air_conditioning", _C.COMFORT, "Ar-condicionado", "Air conditioning"),
        Amenity("heating", _C.COMFORT, "Aquecimento", "Heating"),
        Amenity("balcony", _C.COMFORT, "Varanda", "Balcony"),
        Amenity("sea_view", _C.COMFORT, "Vista para o mar", "Sea view"),
        Amenity("washer", _C.COMFORT, "Máquina de lavar", "Washer"),
        Amenity("hair_dryer", _C.COMFORT, "Secador de cabelo", "Hair dryer"),
        Amenity("iron", _C.COMFORT, "Ferro de passar", "Iron"),
        Amenity("breakfast", _C.FOOD, "Café da manhã", "Breakfast"),
        Amenity("restaurant", _C.FOOD, "Restaurante", "Restaurant"),
        Amenity("bar", _C.FOOD, "Bar", "Bar"),
        Amenity("kitchen", _C.FOOD, "Cozinha", "Kitchen"),
        Amenity("room_service", _C.FOOD, "Serviço de quarto", "Room service"),
        Amenity("pool", _C.LEISURE, "Piscina", "Pool"),
        Amenity("gym", _C.LEISURE, "Academia", "Gym"),
        Amenity("spa", _C.LEISURE, "Spa", "Spa"),
        Amenity("sauna", _C.LEISURE, "Sauna", "Sauna"),
        Amenity("hot_tub", _C.LEISURE, "Banheira de hidromassagem", "Hot tub"),
        Amenity("beach_access", _C.LEISURE, "Acesso à praia", "Beach access"),
        Amenity("garden", _C.LEISURE, "Jardim", "Garden"),
        Amenity("family_rooms", _C.FAMILY, "Quartos para família", "Family rooms"),
        Amenity("kids_club", _C.FAMILY, "Clube infantil", "Kids' club"),
        Amenity("crib", _C.FAMILY, "Berço", "Crib"),
        Amenity("pets_allowed", _C.FAMILY, "Aceita animais", "Pets allowed"),
        Amenity("parking", _C.TRANSPORT, "Estacionamento", "Parking"),
        Amenity("ev_charger", _C.TRANSPORT, "Carregador de carro elétrico", "Electric car charger"),
        Amenity("airport_shuttle", _C.TRANSPORT, "Traslado do aeroporto", "Airport shuttle"),
        Amenity("elevator", _C.ACCESSIBILITY, "Elevador", "Elevator"),
        Amenity("wheelchair_access", _C.ACCESSIBILITY, "Acesso para cadeira de rodas", "Wheelchair access"),
        Amenity("front_desk_24h", _C.SERVICE, "Recepção 24 horas", "24-hour front desk"),
        Amenity("laundry", _C.SERVICE, "Lavanderia", "Laundry"),
        Amenity("events", _C.SERVICE, "Espaço para eventos", "Event space"),
        Amenity("safe", _C.SERVICE, "Cofre", "Safe"),
        Amenity("non_smoking", _C.SERVICE, "Proibido fumar", "Non-smoking"),
    )
}
"""Every amenity, by code."""


def amenity_codes(codes: Iterable[str]) -> list[str]:
    """``codes`` without repetition, sorted, as a hotel's row keeps them.

    Raises:
        UnknownAmenity: when one is not in the catalogue.
    """
    unique = sorted(set(codes))
    for code in unique:
        if code not in AMENITIES:
            raise UnknownAmenity(code)
    return unique
