"""Room types of the demo market, by kind of hotel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reservei.market.dice import Dice
from reservei.market.hotels import UNASSIGNED
from subgraphs.hotels.importing import RoomTypeRow
from subgraphs.hotels.models import PropertyKind


@dataclass(frozen=True, slots=True)
class _Pattern:
    code: str
    name_pt: str
    name_en: str
    text_pt: str
    text_en: str
    guests: int
    beds: int
    size_sqm: tuple[int, int]
    price: float
    """Times the price of the hotel's plain double room."""
    rooms: tuple[int, int]
    chance: float = 1.0
    """How many of such hotels have it."""


_K = PropertyKind
_PATTERNS: Final[Mapping[PropertyKind, tuple[_Pattern, ...]]] = {
    _K.HOTEL: (
        _Pattern("STD", "Quarto standard", "Standard room", "Cama de casal ou duas de solteiro, mesa de trabalho.",
                 "A double or two single beds, and a desk.", 2, 1, (16, 22), 1.0, (10, 40)),
        _Pattern("SUP", "Quarto superior", "Superior room", "Andar alto, cama queen e frigobar.",
                 "On a high floor, with a queen bed and a minibar.", 2, 1, (20, 28), 1.25, (6, 24)),
        _Pattern("DLX", "Quarto luxo", "Deluxe room", "Varanda, cama king e cafeteira.",
                 "A balcony, a king bed and a coffee machine.", 3, 2, (26, 36), 1.6, (4, 14), 0.55),
        _Pattern("FAM", "Quarto família", "Family room", "Uma cama de casal e duas de solteiro.",
                 "A double and two single beds.", 4, 3, (28, 40), 1.75, (3, 10), 0.45),
    ),
    _K.RESORT: (
        _Pattern("SUP", "Apartamento superior", "Superior room", "Vista para o jardim, rede na varanda.",
                 "Garden view and a hammock on the balcony.", 3, 2, (28, 36), 1.0, (30, 90)),
        _Pattern("DLX", "Apartamento luxo vista mar", "Deluxe room with a view", "Varanda ampla com vista.",
                 "A large balcony with a view.", 3, 2, (32, 44), 1.35, (16, 50)),
        _Pattern("FAM", "Apartamento família", "Family room", "Dois ambientes, ideal para famílias.",
                 "Two rooms, ideal for families.", 5, 4, (44, 60), 1.7, (8, 30), 0.85),
        _Pattern("BGL", "Bangalô", "Bungalow", "Entrada própria e ofurô no deque.",
                 "Its own entrance, and a hot tub on the deck.", 4, 2, (60, 90), 2.4, (4, 16), 0.6),
    ),
    _K.POUSADA: (
        _Pattern("STD", "Suíte standard", "Standard suite", "Cama de casal e ventilador de teto.",
                 "A double bed and a ceiling fan.", 2, 1, (14, 20), 1.0, (4, 12)),
        _Pattern("SUP", "Suíte superior", "Superior suite", "Ar-condicionado e varanda com rede.",
                 "Air conditioning and a balcony with a hammock.", 2, 1, (18, 26), 1.3, (3, 9)),
        _Pattern("CHL", "Chalé", "Chalet", "Chalé separado no jardim, com mezanino.",
                 "A chalet of its own in the garden, with a mezzanine.", 4, 3, (30, 48), 1.8, (2, 6), 0.5),
        _Pattern("HNY", "Suíte especial", "Honeymoon suite", "Banheira de hidromassagem e vista.",
                 "A hot tub and a view.", 2, 1, (28, 40), 2.1, (1, 3), 0.35),
    ),
    _K.HOSTEL: (
        _Pattern("BED", "Cama em dormitório misto", "Bed in a mixed dorm", "Uma cama em quarto de oito, com armário.",
                 "One bed in a room of eight, with a locker.", 1, 1, (24, 32), 0.42, (16, 40)),
        _Pattern("FEM", "Cama em dormitório feminino", "Bed in a women's dorm", "Uma cama em quarto de seis.",
                 "One bed in a room of six.", 1, 1, (20, 26), 0.46, (6, 12), 0.7),
        _Pattern("DBL", "Quarto privativo", "Private room", "Cama de casal, banheiro privativo.",
                 "A double bed and a private bathroom.", 2, 1, (10, 16), 1.0, (3, 8)),
    ),
    _K.APARTMENT: (
        _Pattern("STU", "Estúdio", "Studio", "Cozinha compacta e cama de casal.",
                 "A kitchenette and a double bed.", 2, 1, (24, 34), 1.0, (6, 24)),
        _Pattern("AP1", "Apartamento de um quarto", "One-bedroom apartment", "Sala com sofá-cama e cozinha completa.",
                 "A living room with a sofa bed and a full kitchen.", 4, 2, (36, 50), 1.35, (4, 16)),
        _Pattern("AP2", "Apartamento de dois quartos", "Two-bedroom apartment", "Dois quartos, sala e varanda.",
                 "Two bedrooms, a living room and a balcony.", 6, 4, (56, 80), 1.95, (2, 8), 0.6),
    ),
}  # fmt: skip

_CANCELLATION: Final = ((1, 0), (2, 0), (5, 1), (7, 3), (14, 7))


def room_types(kind: PropertyKind, base_price_minor: int, dice: Dice) -> tuple[RoomTypeRow, ...]:
    """Two to four room types around the price of a plain double room."""
    free_cancel_days, first_night_days = dice.pick(_CANCELLATION)
    chosen = [pattern for pattern in _PATTERNS[kind] if dice.chance(pattern.chance)]
    return tuple(
        RoomTypeRow(
            hotel_id=UNASSIGNED,
            code=pattern.code,
            name_pt=pattern.name_pt,
            name_en=pattern.name_en,
            description_pt=pattern.text_pt,
            description_en=pattern.text_en,
            max_guests=pattern.guests,
            bed_count=pattern.beds,
            size_sqm=dice.integer(*pattern.size_sqm),
            total_rooms=dice.integer(*pattern.rooms),
            base_price_minor=round(base_price_minor * pattern.price / 500) * 500,
            free_cancel_days=free_cancel_days,
            first_night_days=first_night_days,
            position=position,
        )
        for position, pattern in enumerate(chosen)
    )
