"""The text of a hotel as it is searched and embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

LONGEST_DESCRIPTION: Final = 1_000
"""Characters of each description that are embedded: the model reads 512 tokens at once."""

# Codes are the hotels domain's own; one that is not here yet is read as its English words.
_AMENITIES: Final[Mapping[str, tuple[str, str]]] = {
    "wifi": ("Wi-Fi grátis", "Free Wi-Fi"),
    "workspace": ("Espaço de trabalho", "Workspace"),
    "tv": ("TV", "TV"),
    "air_conditioning": ("Ar-condicionado", "Air conditioning"),
    "heating": ("Aquecimento", "Heating"),
    "balcony": ("Varanda", "Balcony"),
    "sea_view": ("Vista para o mar", "Sea view"),
    "washer": ("Máquina de lavar", "Washer"),
    "hair_dryer": ("Secador de cabelo", "Hair dryer"),
    "iron": ("Ferro de passar", "Iron"),
    "breakfast": ("Café da manhã", "Breakfast"),
    "restaurant": ("Restaurante", "Restaurant"),
    "bar": ("Bar", "Bar"),
    "kitchen": ("Cozinha", "Kitchen"),
    "room_service": ("Serviço de quarto", "Room service"),
    "pool": ("Piscina", "Pool"),
    "gym": ("Academia", "Gym"),
    "spa": ("Spa", "Spa"),
    "sauna": ("Sauna", "Sauna"),
    "hot_tub": ("Banheira de hidromassagem", "Hot tub"),
    "beach_access": ("Acesso à praia", "Beach access"),
    "garden": ("Jardim", "Garden"),
    "family_rooms": ("Quartos para família", "Family rooms"),
    "kids_club": ("Clube infantil", "Kids' club"),
    "crib": ("Berço", "Crib"),
    "pets_allowed": ("Aceita animais", "Pets allowed"),
    "parking": ("Estacionamento", "Parking"),
    "ev_charger": ("Carregador de carro elétrico", "Electric car charger"),
    "airport_shuttle": ("Traslado do aeroporto", "Airport shuttle"),
    "elevator": ("Elevador", "Elevator"),
    "wheelchair_access": ("Acesso para cadeira de rodas", "Wheelchair access"),
    "front_desk_24h": ("Recepção 24 horas", "24-hour front desk"),
    "laundry": ("Lavanderia", "Laundry"),
    "events": ("Espaço para eventos", "Event space"),
    "safe": ("Cofre", "Safe"),
    "non_smoking": ("Proibido fumar", "Non-smoking"),
}


def amenity_words(codes: Iterable[str]) -> str:
    """The amenities in Portuguese and English."""
    names = [_AMENITIES.get(code, (code.replace("_", " "),)) for code in codes]
    return ", ".join(dict.fromkeys(word for pair in names for word in pair))


def passage_of(name: str, place: str, descriptions: Iterable[str | None], words: str) -> str:
    """What is embedded: both languages and the amenities, because all of it together was found best (decision 0017)."""
    told = " ".join(text[:LONGEST_DESCRIPTION] for text in descriptions if text)
    return f"{name}, {place}. {told} {words}."


def storable(text: str) -> str:
    """``text`` without what neither PostgreSQL nor a model of UTF-8 can take: NUL and halves of surrogate pairs."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def hash_of(passage: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(passage.encode()).hexdigest()
