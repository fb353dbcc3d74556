"""What problems say to people, in both languages."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["pt-BR", "en"]

_ENGLISH: Final[dict[str, str]] = {
    # values
    "required": "This must be given.",
    "unstorable": "The text contains characters that cannot be stored.",
    "deceptive": "The text contains invisible characters that change the direction of writing.",
    "too_long": "At most {limit} characters.",
    "out_of_range": "This must be between {low} and {high}.",
    "local_time": "Give a local time such as 14:00, without an offset.",
    "unknown_amenity": "There is no amenity {code}.",
    "code_malformed": "A code is 1 to 40 letters, digits, dashes or underscores, and begins with a letter or digit.",
    "key_malformed": "An idempotency key has 1 to {limit} characters.",
    "url_malformed": "This is not an http or https address.",
    # stays
    "check_out_before_check_in": "Check-out must be after check-in.",
    "stay_too_long": "A stay has at most {limit} nights.",
    "check_in_past": "Check-in is in the past.",
    "check_in_too_far": "Check-in may be at most {limit} days ahead.",
    "rooms_out_of_range": "A stay has 1 to {limit} rooms.",
    "too_few_guests": "Each room needs at least one guest.",
    "too_many_guests": "A room takes at most {limit} guests.",
    # searches
    "distance_needs_point": "To sort by distance, say from where: `filter.near`.",
    "price_range_reversed": "The highest price is below the lowest.",
    "radius_out_of_range": "The radius is above 0 and at most {limit} km.",
    # managing
    "manager_by_admin": "Only administrators choose the manager. Leave this out to manage the hotel yourself.",
    "unknown_destination": "There is no such destination.",
    "unknown_currency": "We do not trade in {currency}.",
    "too_many_photos": "A hotel has at most {limit} photos.",
    "photo_twice": "The same address appears twice.",
    "unknown_room_type_of_hotel": "This hotel has no such room type.",
    "name_missing": "Give a name in Portuguese or English.",
    "cancellation_order": "The first-night fee cannot begin before free cancellation ends.",
    "wrong_currency": "This hotel's prices are in {currency}.",
    "nothing_to_change": "Say what to change.",
    "nights_reversed": "The last night is before the first.",
    "nights_past": "Nights in the past cannot be changed.",
    "nights_too_far": "Nights may be at most {limit} days ahead.",
    "too_many_nights": "At most {limit} nights at once.",
    "no_weekday": "Name at least one weekday, or leave them out for all.",
    # problems
    "unknown_hotel": "There is no such hotel.",
    "unknown_room_type": "There is no such room type.",
    "not_your_hotel": "You can only do this at hotels that you manage.",
    "own_hotel_review": "You cannot review a hotel that you manage.",
    "rooms_taken": (
        "On {count} of these nights more rooms are held or sold already. Nothing was changed. "
        "Close the nights to stop selling, or keep at least the rooms that are taken."
    ),
    "code_taken": "This hotel already has a room type with the code {code}.",
    "already_reviewed": "You have already reviewed this hotel.",
    "key_reused": "This idempotency key was used before with another input. Make a new key for a new request.",
}

_PORTUGUESE: Final[dict[str, str]] = {
    "required": "Este valor é obrigatório.",
    "unstorable": "O texto contém caracteres que não podem ser guardados.",
    "deceptive": "O texto contém caracteres invisíveis que mudam a direção da escrita.",
    "too_long": "No máximo {limit} caracteres.",
    "out_of_range": "O valor deve estar entre {low} e {high}.",
    "local_time": "Informe um horário local, como 14:00, sem fuso.",
    "unknown_amenity": "Não existe a comodidade {code}.",
    "code_malformed": "Um código tem de 1 a 40 letras, dígitos, hífens ou sublinhados e começa com letra ou dígito.",
    "key_malformed": "Uma chave de idempotência tem de 1 a {limit} caracteres.",
    "url_malformed": "Este não é um endereço http ou https.",
    "check_out_before_check_in": "A saída deve ser depois da entrada.",
    "stay_too_long": "Uma estadia tem no máximo {limit} noites.",
    "check_in_past": "A entrada está no passado.",
    "check_in_too_far": "A entrada pode ser em no máximo {limit} dias.",
    "rooms_out_of_range": "Uma estadia tem de 1 a {limit} quartos.",
    "too_few_guests": "Cada quarto precisa de ao menos um hóspede.",
    "too_many_guests": "Um quarto recebe no máximo {limit} hóspedes.",
    "distance_needs_point": "Para ordenar por distância, informe a partir de onde: `filter.near`.",
    "price_range_reversed": "O preço máximo é menor que o mínimo.",
    "radius_out_of_range": "O raio é maior que 0 e de no máximo {limit} km.",
    "manager_by_admin": "Só administradores escolhem o gerente. Deixe em branco para gerenciar o hotel você mesmo.",
    "unknown_destination": "Este destino não existe.",
    "unknown_currency": "Não trabalhamos com {currency}.",
    "too_many_photos": "Um hotel tem no máximo {limit} fotos.",
    "photo_twice": "O mesmo endereço aparece duas vezes.",
    "unknown_room_type_of_hotel": "Este hotel não tem esse tipo de quarto.",
    "name_missing": "Informe um nome em português ou inglês.",
    "cancellation_order": "A multa da primeira noite não pode começar antes do fim do cancelamento grátis.",
    "wrong_currency": "Os preços deste hotel são em {currency}.",
    "nothing_to_change": "Informe o que mudar.",
    "nights_reversed": "A última noite é antes da primeira.",
    "nights_past": "Noites no passado não podem ser alteradas.",
    "nights_too_far": "As noites podem estar no máximo {limit} dias à frente.",
    "too_many_nights": "No máximo {limit} noites por vez.",
    "no_weekday": "Informe ao menos um dia da semana, ou nenhum para valer em todos.",
    "unknown_hotel": "Este hotel não existe.",
    "unknown_room_type": "Este tipo de quarto não existe.",
    "not_your_hotel": "Isto só é possível em hotéis que você gerencia.",
    "own_hotel_review": "Você não pode avaliar um hotel que gerencia.",
    "rooms_taken": (
        "Em {count} destas noites já há mais quartos reservados ou vendidos. Nada foi alterado. "
        "Feche as noites para parar de vender, ou mantenha ao menos os quartos ocupados."
    ),
    "code_taken": "Este hotel já tem um tipo de quarto com o código {code}.",
    "already_reviewed": "Você já avaliou este hotel.",
    "key_reused": "Esta chave de idempotência já foi usada com outros dados. Crie outra chave para um novo pedido.",
}


def say(language: Language, key: str, **values: object) -> str:
    """The message ``key`` in ``language``, with ``values`` filled in."""
    return (_ENGLISH if language == "en" else _PORTUGUESE)[key].format(**values)
