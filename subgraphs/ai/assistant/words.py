"""What our own code says in a conversation, in both languages: never written by an engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from subgraphs.ai.assistant.contract import Language

_ENGLISH: Final[dict[str, str]] = {
    "book": (
        "{hotel}, {room}: {rooms} room(s), {guests} guest(s), {check_in} to {check_out} ({nights} night(s)). "
        "Total {total}. {terms}"
    ),
    "cancel": "Cancel booking {code} at {hotel}, {check_in} to {check_out}. Fee now: {fee}. Back to you: {refund}.",
    "terms_never": "Not refundable.",
    "terms_free": "Free cancellation until {free} day(s) before check-in, then the whole stay is charged.",
    "terms_two": (
        "Free cancellation until {free} day(s) before check-in, then the first night until {first} day(s) before, "
        "then the whole stay."
    ),
    "terms_first": ("Cancelling costs the first night until {first} day(s) before check-in, then the whole stay."),
    "booked": "Done: booking {code}, {total}.",
    "booked_waiting": "Booking {code} is being made ({total}). You can follow it under your bookings.",
    "pay_pix": "Pay with this PIX code to confirm it:\n{code}",
    "pay_boleto": "Pay this boleto to confirm it:\n{code}",
    "pay_other": "The payment needs one more step: open the booking to finish it.",
    "cancelled": "Booking {code} is cancelled.",
    "declined": "All right, I will leave it. Nothing was changed.",
    "expired": "That proposal has expired, so nothing was done. Shall I look up the price again?",
    "replaced": "This proposal is no longer open: nothing was done.",
    "not_open": "This proposal was answered before.",
    "being_confirmed": "This proposal is being carried out just now. Look at your bookings in a moment.",
    "price_changed": "It now costs {total}, so nothing was done. Ask for a new proposal if that is all right.",
    "refused": "It could not be done: {why}",
    "sold_out": "It is no longer free for these dates. Nothing was booked.",
    "unclear": "I could not find out whether it worked. Try again: it will not be done twice.",
    "sign_in_again": "Your sign-in has ended. Sign in again and repeat your message.",
    "simple_assistant": (
        "(The full assistant cannot be reached right now; I am its simple version and know hotels, prices and "
        "bookings.)\n\n"
    ),
    "guard_others": (
        "I can only help with your own account and bookings, and with what hotels publish. I do not give out data of "
        "other people."
    ),
    "guard_abuse": "I cannot help with that. I am glad to help with hotels and bookings.",
    "failed_interrupted": "The reply was interrupted. Send your message again.",
    "failed_timeout": "The reply took too long. Send your message again.",
    "failed_internal": "Something went wrong on our side. Send your message again.",
    "failed_unavailable": "The assistant cannot answer right now. Send your message again in a moment.",
    "link_removed": "[link removed]",
    "tool_search_hotels": "searching hotels…",
    "tool_compare_hotels": "comparing hotels…",
    "tool_hotel_details": "reading about the hotel…",
    "tool_quote_stay": "asking for the price…",
    "tool_propose_booking": "preparing the booking…",
    "tool_propose_cancellation": "preparing the cancellation…",
    "tool_my_bookings": "looking at your bookings…",
    "tool_my_points": "looking at your points…",
    "tool_cancellation_policy": "reading the cancellation terms…",
    "tool_other": "working…",
    "invalid_arguments": "That cannot be asked for like this: {why}",
    "unknown_hotel": "There is no such hotel.",
    "unknown_booking": "You have no such booking.",
    "unknown_room": "There is no such room.",
    "cannot_cancel": "This booking cannot be cancelled any more.",
    "unavailable": "I cannot look that up right now.",
    "too_many_calls": "Too many look-ups for one reply.",
    "one_proposal": "There is a proposal in this reply already.",
    "needs_sign_in": "Sign in to do this.",
    "no_text": "Write a message of 1 to {most} characters.",
    "key_out_of_range": "Give a key of 1 to 100 characters.",
    "unknown_time_zone": "This time zone is not known. Give an IANA name such as America/Sao_Paulo.",
    "budget_spent": "You have used up today's budget for the assistant. It begins anew at {when}.",
    "too_fast": "Too many messages. Wait {seconds} s.",
    "reply_running": "The reply to your last message is still being written. Wait for it, or stop it.",
    "unknown_conversation": "There is no such conversation of yours.",
    "unknown_message": "There is no such message of yours.",
    "unknown_proposal": "There is no such proposal of yours.",
    "message_key_reused": "This clientMessageId was used before, for another message.",
    "confirm_key_reused": "This key was used before, with another payment.",
    "card_token_needed": "To pay by card, give the card's token.",
    "account_gone": "This account was deleted.",
    "not_yours": "Conversations are seen by nobody but the traveler.",
}

_PORTUGUESE: Final[dict[str, str]] = {
    "book": (
        "{hotel}, {room}: {rooms} quarto(s), {guests} hóspede(s), de {check_in} a {check_out} ({nights} noite(s)). "
        "Total {total}. {terms}"
    ),
    "cancel": (
        "Cancelar a reserva {code} em {hotel}, de {check_in} a {check_out}. Taxa agora: {fee}. Volta para você: "
        "{refund}."
    ),
    "terms_never": "Não reembolsável.",
    "terms_free": "Cancelamento grátis até {free} dia(s) antes do check-in; depois cobra-se a estadia inteira.",
    "terms_two": (
        "Cancelamento grátis até {free} dia(s) antes do check-in; depois a primeira noite até {first} dia(s) antes; "
        "depois a estadia inteira."
    ),
    "terms_first": ("Cancelar custa a primeira noite até {first} dia(s) antes do check-in; depois a estadia inteira."),
    "booked": "Pronto: reserva {code}, {total}.",
    "booked_waiting": "A reserva {code} está sendo feita ({total}). Acompanhe em suas reservas.",
    "pay_pix": "Pague com este código PIX para confirmar:\n{code}",
    "pay_boleto": "Pague este boleto para confirmar:\n{code}",
    "pay_other": "O pagamento precisa de mais um passo: abra a reserva para concluir.",
    "cancelled": "A reserva {code} foi cancelada.",
    "declined": "Tudo bem, deixo como está. Nada foi alterado.",
    "expired": "Esta proposta expirou, então nada foi feito. Quer que eu consulte o preço de novo?",
    "replaced": "Esta proposta não está mais aberta: nada foi feito.",
    "not_open": "Esta proposta já foi respondida.",
    "being_confirmed": "Esta proposta está sendo realizada agora. Veja suas reservas em instantes.",
    "price_changed": "Agora custa {total}, então nada foi feito. Peça uma nova proposta se estiver de acordo.",
    "refused": "Não foi possível: {why}",
    "sold_out": "Não há mais disponibilidade nestas datas. Nada foi reservado.",
    "unclear": "Não consegui saber se deu certo. Tente de novo: não será feito duas vezes.",
    "sign_in_again": "Sua sessão terminou. Entre de novo e repita a mensagem.",
    "simple_assistant": (
        "(A assistente completa não está disponível agora; sou a versão simples e sei de hotéis, preços e "
        "reservas.)\n\n"
    ),
    "guard_others": (
        "Só posso ajudar com a sua própria conta e as suas reservas, e com o que os hotéis publicam. Não informo dados "
        "de outras pessoas."
    ),
    "guard_abuse": "Com isso não posso ajudar. Fico feliz em ajudar com hotéis e reservas.",
    "failed_interrupted": "A resposta foi interrompida. Envie sua mensagem de novo.",
    "failed_timeout": "A resposta demorou demais. Envie sua mensagem de novo.",
    "failed_internal": "Algo deu errado do nosso lado. Envie sua mensagem de novo.",
    "failed_unavailable": "A assistente não pode responder agora. Envie sua mensagem de novo em instantes.",
    "link_removed": "[link removido]",
    "tool_search_hotels": "procurando hotéis…",
    "tool_compare_hotels": "comparando hotéis…",
    "tool_hotel_details": "lendo sobre o hotel…",
    "tool_quote_stay": "consultando o preço…",
    "tool_propose_booking": "preparando a reserva…",
    "tool_propose_cancellation": "preparando o cancelamento…",
    "tool_my_bookings": "vendo suas reservas…",
    "tool_my_points": "vendo seus pontos…",
    "tool_cancellation_policy": "lendo as condições de cancelamento…",
    "tool_other": "trabalhando…",
    "invalid_arguments": "Isto não pode ser pedido assim: {why}",
    "unknown_hotel": "Este hotel não existe.",
    "unknown_booking": "Você não tem esta reserva.",
    "unknown_room": "Este quarto não existe.",
    "cannot_cancel": "Esta reserva não pode mais ser cancelada.",
    "unavailable": "Não consigo consultar isso agora.",
    "too_many_calls": "Consultas demais para uma resposta.",
    "one_proposal": "Já há uma proposta nesta resposta.",
    "needs_sign_in": "Entre na sua conta para fazer isso.",
    "no_text": "Escreva uma mensagem de 1 a {most} caracteres.",
    "key_out_of_range": "Informe uma chave de 1 a 100 caracteres.",
    "unknown_time_zone": "Este fuso horário não é conhecido. Informe um nome IANA como America/Sao_Paulo.",
    "budget_spent": "Você usou todo o limite de hoje da assistente. Ele recomeça em {when}.",
    "too_fast": "Mensagens demais. Espere {seconds} s.",
    "reply_running": "A resposta à sua última mensagem ainda está sendo escrita. Espere por ela, ou pare-a.",
    "unknown_conversation": "Você não tem esta conversa.",
    "unknown_message": "Você não tem esta mensagem.",
    "unknown_proposal": "Você não tem esta proposta.",
    "message_key_reused": "Este clientMessageId já foi usado, para outra mensagem.",
    "confirm_key_reused": "Esta chave já foi usada, com outro pagamento.",
    "card_token_needed": "Para pagar com cartão, informe o token do cartão.",
    "account_gone": "Esta conta foi excluída.",
    "not_yours": "As conversas são vistas só pelo viajante.",
}

_SYMBOLS: Final[Mapping[str, str]] = {"BRL": "R$", "USD": "US$", "EUR": "€", "GBP": "£"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def say(language: Language, key: str, **values: object) -> str:
    """The text ``key`` in ``language``, with ``values`` filled in."""
    return (_ENGLISH if language == "en" else _PORTUGUESE)[key].format(**values)


def tool_words(language: Language, tool: str) -> str:
    """What the assistant is doing, for people: "searching hotels…"."""
    key = f"tool_{tool}"
    return say(language, key if key in _ENGLISH else "tool_other")


def money(language: Language, amount: Decimal, currency: str) -> str:
    """An amount as people write it: ``R$ 1.234,50``."""
    written = f"{amount:,.2f}"
    if language != "en":
        written = written.translate(str.maketrans(",.", ".,"))
    return f"{_SYMBOLS.get(currency, currency)} {written}"


def day(language: Language, value: date) -> str:
    """A date as people write it: ``10/12/2026``, ``10 Dec 2026``."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}" if language == "en" else f"{value:%d/%m/%Y}"


def terms(language: Language, free: int | None, first_night: int | None) -> str:
    """Cancellation terms in a sentence; both in days before check-in, ``None`` for never."""
    if free is None:
        return say(language, "terms_never")
    if first_night is None or first_night >= free:
        return say(language, "terms_free", free=free)
    return say(language, "terms_two", free=free, first=first_night)
