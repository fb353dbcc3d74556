"""Hotels written by hand, and what travelers type when they want one of them: the yardstick of the search by meaning.

No question repeats the sentence it should find; several share no word with it, or are in the other language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Example:
    """A hotel as the hotels domain tells of it."""

    key: str
    name: str
    place: str
    kind: str
    amenities: tuple[str, ...]
    pt: str | None
    en: str | None = None
    country_code: str = "BR"
    stars: int | None = None


EXAMPLES: Final = (
    Example("paraty", "Pousada do Ouro", "Paraty Rio de Janeiro RJ Brasil", "POUSADA", ("breakfast", "garden", "wifi"),
            "Casarão colonial do século XVIII no centro histórico, a passos das ruas de pedra e das igrejas.",
            "Eighteenth-century mansion in the historic centre, steps from cobbled streets."),
    Example("floripa", "Resort Costa Norte", "Florianópolis Santa Catarina SC Brasil", "RESORT",
            ("beach_access", "family_rooms", "kids_club", "pool"),
            "Resort pé na areia com recreação para crianças, toboágua e piscina aquecida. Pensão completa.",
            "Beachfront resort with children's entertainment, water slide and heated pool.", stars=5),
    Example("gramado", "Chalés da Serra", "Gramado Rio Grande do Sul RS Brasil", "POUSADA",
            ("breakfast", "heating", "hot_tub"),
            "Chalés com lareira e hidromassagem para casais, no frio da Serra Gaúcha, com fondue à noite.",
            "Chalets with fireplace and hot tub for couples in the cold of the southern highlands."),
    Example("paulista", "Paulista Business", "São Paulo SP Brasil", "HOTEL",
            ("events", "gym", "parking", "wifi", "workspace"),
            "A uma quadra da Avenida Paulista e do metrô; salas de reunião, internet rápida e check-in expresso.",
            "One block from Avenida Paulista and the subway; meeting rooms and fast internet.", stars=4),
    Example("lapa", "Lapa Beds Hostel", "Rio de Janeiro RJ Brasil", "HOSTEL", ("bar", "kitchen", "wifi"),
            "Dormitórios compartilhados, festas todas as noites e o samba dos Arcos na porta. Diárias baratas.",
            "Shared dorms, parties every night, samba at the doorstep. Cheap beds."),
    Example("copa", "Copa Palace", "Rio de Janeiro RJ Brasil", "HOTEL",
            ("pool", "restaurant", "room_service", "sea_view", "spa"),
            "Luxo de frente para o mar de Copacabana, com piscina na cobertura e restaurante estrelado.",
            "Luxury facing Copacabana beach, with rooftop pool and a starred restaurant.", stars=5),
    Example("manaus", "Amazônia Jungle Lodge", "Manaus Amazonas AM Brasil", "POUSADA", ("breakfast", "restaurant"),
            "Cabanas sobre palafitas na floresta, com passeios de canoa, focagem de jacarés e trilhas com guia.",
            "Stilt cabins in the rainforest, with canoe trips, caiman spotting and guided hikes."),
    Example("bonito", "Eco Pousada Rio Claro", "Bonito Mato Grosso do Sul MS Brasil", "POUSADA", ("breakfast", "pool"),
            "Perto das grutas e dos rios de água transparente, para flutuação e mergulho com snorkel.",
            None),
    Example("pantanal", "Fazenda Pantaneira", "Corumbá Mato Grosso do Sul MS Brasil", "POUSADA",
            ("pets_allowed", "restaurant"),
            "Fazenda de gado com safári fotográfico, onças, araras e cavalgadas ao amanhecer.",
            "Working cattle ranch with wildlife safaris: jaguars, macaws and horse riding at dawn."),
    Example("noronha", "Pousada Maravilha do Atlântico", "Fernando de Noronha Pernambuco PE Brasil", "POUSADA",
            ("breakfast", "sea_view"),
            "Vista para a baía dos golfinhos, mergulho autônomo com tartarugas e pôr do sol no mirante.",
            "View over dolphin bay, scuba diving with turtles."),
    Example("salvador", "Solar do Pelourinho", "Salvador Bahia BA Brasil", "HOTEL", ("bar", "breakfast", "wifi"),
            "No coração do Pelourinho, entre museus, capoeira e a comida baiana; café com tapioca e acarajé.",
            None),
    Example("trancoso", "Villa Quadrado", "Trancoso Bahia BA Brasil", "POUSADA", ("garden", "non_smoking", "spa"),
            "Só para adultos: silêncio, ioga, massagens e alimentação vegetariana em meio ao jardim.",
            "Adults only: silence, yoga, massage and vegetarian food in a garden."),
    Example("caldas", "Termas Parque Hotel", "Caldas Novas Goiás GO Brasil", "RESORT",
            ("family_rooms", "hot_tub", "kids_club", "pool"),
            "Parque com dez piscinas de águas quentes naturais e programação para a terceira idade.",
            "Park with ten natural hot-spring pools."),
    Example("campos", "Refúgio da Mantiqueira", "Campos do Jordão São Paulo SP Brasil", "HOTEL",
            ("heating", "pets_allowed", "restaurant"),
            "Recebemos cães de todos os portes, com caminha, petiscos e gramado cercado; quartos aquecidos na serra.",
            "Dogs of every size are welcome, with beds, treats and a fenced lawn."),
    Example("recife", "Boa Viagem Flat", "Recife Pernambuco PE Brasil", "APARTMENT", ("air_conditioning", "kitchen",
            "washer"),
            "Apartamentos com cozinha equipada e lavadora para estadias longas, a mensalistas com desconto.",
            "Serviced apartments with full kitchen and washer for monthly stays."),
    Example("guarulhos", "Aero Inn Cumbica", "Guarulhos São Paulo SP Brasil", "HOTEL",
            ("airport_shuttle", "front_desk_24h", "parking"),
            "A cinco minutos dos terminais, translado a cada meia hora e quartos por período para conexões.",
            "Five minutes from the terminals, shuttle every half hour and day rooms for layovers."),
    Example("itacare", "Surf House Itacaré", "Itacaré Bahia BA Brasil", "HOSTEL", ("beach_access", "kitchen"),
            "Pranchas para alugar, aulas com instrutor e o melhor pico de ondas na frente da casa.",
            "Boards for rent, lessons and the best break in front of the house."),
    Example("bento", "Vinhedo Boutique", "Bento Gonçalves Rio Grande do Sul RS Brasil", "HOTEL",
            ("breakfast", "restaurant", "spa"),
            "Entre parreirais do Vale dos Vinhedos, com degustações na adega e jantar harmonizado.",
            "Among the vines, with tastings in the cellar and paired dinners."),
    Example("curitiba", "Acesso Hotel", "Curitiba Paraná PR Brasil", "HOTEL", ("elevator", "wheelchair_access", "wifi"),
            "Todos os quartos são adaptados: portas largas, barras de apoio, piso tátil e elevador com braile.",
            "Every room is adapted: wide doors, grab bars, tactile floors."),
    Example("jeri", "Kite Vila Jeri", "Jijoca de Jericoacoara Ceará CE Brasil", "POUSADA", ("beach_access", "bar"),
            "Guarda de equipamentos de kitesurf e windsurf, vento o ano inteiro, dunas e lagoas de água doce.",
            "Storage for kite gear, wind all year, dunes and lagoons."),
    Example("lisboa", "Casa do Fado", "Lisboa Lisbon Portugal", "HOTEL", ("breakfast", "wifi"),
            "Azulejos e varandas em Alfama, com vista para o Tejo e fado ao vivo às sextas.",
            "Tiles and balconies in Alfama, overlooking the Tagus, with live fado.", country_code="PT"),
    Example("buzios", "Praia Brava Suítes", "Búzios Rio de Janeiro RJ Brasil", "POUSADA", ("beach_access", "hot_tub",
            "sea_view"),
            "Suítes com ofurô privativo e pétalas de rosa para lua de mel, jantar à luz de velas na praia.",
            "Suites with private tub for honeymooners, candlelight dinner on the sand."),
)  # fmt: skip

QUESTIONS: Final = (
    ("lugar romântico para comemorar a lua de mel na praia", "buzios"),
    ("viajar com filhos pequenos perto do mar com monitores", "floripa"),
    ("quero levar meu cachorro", "campos"),
    ("hotel perto do aeroporto para dormir entre dois voos", "guarulhos"),
    ("reunião de trabalho no centro financeiro", "paulista"),
    ("hospedagem barata para mochileiros com vida noturna", "lapa"),
    ("aprender a surfar", "itacare"),
    ("selva e bichos na Amazônia", "manaus"),
    ("degustar vinhos", "bento"),
    ("cadeirante, preciso de quarto acessível", "curitiba"),
    ("frio, lareira e chocolate quente a dois", "gramado"),
    ("águas termais para levar meus avós", "caldas"),
    ("retiro de ioga sem crianças", "trancoso"),
    ("morar um mês com cozinha e lavanderia", "recife"),
    ("cidade histórica colonial", "paraty"),
    ("where can I see jaguars", "pantanal"),
    ("scuba diving with sea turtles", "noronha"),
    ("snorkeling in crystal clear rivers", "bonito"),
    ("five star luxury on the beach in Rio", "copa"),
    ("kitesurfing", "jeri"),
    ("afro-brazilian culture and street food", "salvador"),
    ("quiet place for a digital detox with massages", "trancoso"),
    ("hotel for a conference near the metro", "paulista"),
    ("music and old streets in Portugal", "lisboa"),
    ("travelling with a wheelchair", "curitiba"),
    ("pet friendly hotel in the mountains", "campos"),
)
"""Words of a traveler, and the key of the hotel they mean."""
