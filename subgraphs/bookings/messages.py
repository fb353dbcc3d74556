"""What problems say to people, in both languages."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["pt-BR", "en"]

_ENGLISH: Final[dict[str, str]] = {
    "check_out_before_check_in": "Check-out must be after check-in.",
    "stay_too_long": "A stay has at most {limit} nights.",
    "rooms_out_of_range": "A booking has 1 to {limit} rooms.",
    "too_few_guests": "Each room needs at least one guest.",
    "key_malformed": "An idempotency key has 1 to {limit} characters.",
    "card_token_missing": "A card payment needs the token of the card.",
    "card_token_unexpected": "Only card payments have a card token.",
    "installments_unexpected": "Only card payments have instalments.",
    "method_unavailable": "This way of paying is not possible here: {why}",
    "reason_too_long": "At most {limit} characters.",
    "wait_out_of_range": "Waiting is possible for 0 to {limit} milliseconds.",
    "unknown_room_type": "There is no such room type.",
    "unknown_booking": "There is no such booking.",
    "hotels_unavailable": "Prices and rooms cannot be checked right now. Try again in a moment.",
    "sold_out": "These rooms are no longer free on every night. Choose other dates or another room.",
    "price_changed": "The price has changed. Look at the new total and book again if you agree.",
    "key_reused": "This idempotency key was used before with another input. Make a new key for a new request.",
    "payment_declined": "The payment was declined. Try another card or another way of paying.",
    "not_your_hotel": "You can only do this at hotels that you manage.",
    "not_your_booking": "You can only do this with your own bookings.",
    "already_ended": "This booking has ended already.",
    "stay_begun": "The stay has begun or is over, so it cannot be cancelled.",
    "not_confirmed": "Only confirmed bookings can do this.",
    "not_check_in_day": "Guests can check in on the days of their stay only.",
    "not_checked_in": "The guests have not checked in.",
    "too_early_for_no_show": "The guests may still come: wait until the day of arrival is over.",
    "not_in_progress": "This is not possible in the booking's present state.",
}

_PORTUGUESE: Final[dict[str, str]] = {
    "check_out_before_check_in": "A saída deve ser depois da entrada.",
    "stay_too_long": "Uma estadia tem no máximo {limit} noites.",
    "rooms_out_of_range": "Uma reserva tem de 1 a {limit} quartos.",
    "too_few_guests": "Cada quarto precisa de ao menos um hóspede.",
    "key_malformed": "Uma chave de idempotência tem de 1 a {limit} caracteres.",
    "card_token_missing": "O pagamento com cartão precisa do token do cartão.",
    "card_token_unexpected": "Só pagamentos com cartão têm um token de cartão.",
    "installments_unexpected": "Só pagamentos com cartão têm parcelas.",
    "method_unavailable": "Esta forma de pagamento não é possível aqui: {why}",
    "reason_too_long": "No máximo {limit} caracteres.",
    "wait_out_of_range": "É possível esperar de 0 a {limit} milissegundos.",
    "unknown_room_type": "Este tipo de quarto não existe.",
    "unknown_booking": "Esta reserva não existe.",
    "hotels_unavailable": "Não é possível verificar preços e quartos agora. Tente de novo em instantes.",
    "sold_out": "Estes quartos não estão mais livres em todas as noites. Escolha outras datas ou outro quarto.",
    "price_changed": "O preço mudou. Veja o novo total e reserve de novo se concordar.",
    "key_reused": "Esta chave de idempotência já foi usada com outros dados. Crie outra chave para um novo pedido.",
    "payment_declined": "O pagamento foi recusado. Tente outro cartão ou outra forma de pagamento.",
    "not_your_hotel": "Isto só é possível em hotéis que você gerencia.",
    "not_your_booking": "Isto só é possível com as suas próprias reservas.",
    "already_ended": "Esta reserva já terminou.",
    "stay_begun": "A estadia já começou ou terminou, então não pode ser cancelada.",
    "not_confirmed": "Só reservas confirmadas permitem isto.",
    "not_check_in_day": "O check-in só é possível nos dias da estadia.",
    "not_checked_in": "Os hóspedes não fizeram o check-in.",
    "too_early_for_no_show": "Os hóspedes ainda podem chegar: espere o dia da chegada terminar.",
    "not_in_progress": "Isto não é possível no estado atual da reserva.",
}


def say(language: Language, key: str, **values: object) -> str:
    """The message ``key`` in ``language``, with ``values`` filled in."""
    return (_ENGLISH if language == "en" else _PORTUGUESE)[key].format(**values)
