"""What problems say to people, in both languages."""

from __future__ import annotations

from typing import Final

from subgraphs.notifications.words import Language

_ENGLISH: Final[dict[str, str]] = {
    "not_yours": "You can only see and change your own notifications.",
    "preference_locked": "This cannot be switched off: it protects your account, or is not sent this way.",
    "quiet_hours_incomplete": "Quiet hours need a beginning and an end that differ, as HH:MM.",
    "phone_malformed": "A phone number begins with + and the country, such as +5521987654321.",
    "push_service_unknown": "We send to the push services of the known browsers only.",
    "push_key_malformed": "This is not a key that a browser gives.",
    "label_too_long": "At most {limit} characters.",
    "unknown_subscription": "There is no such subscription.",
    "too_many_ids": "At most {limit} notifications at once.",
    "account_deleted": "This account is deleted.",
    "unknown_delivery": "There is no such delivery, or it is not dead.",
}

_PORTUGUESE: Final[dict[str, str]] = {
    "not_yours": "Só é possível ver e mudar as suas próprias notificações.",
    "preference_locked": "Isto não pode ser desligado: protege a sua conta, ou não é enviado deste modo.",
    "quiet_hours_incomplete": "O horário de silêncio precisa de um começo e de um fim diferentes, como HH:MM.",
    "phone_malformed": "Um número de telefone começa com + e o país, como +5521987654321.",
    "push_service_unknown": "Só enviamos aos serviços de push dos navegadores conhecidos.",
    "push_key_malformed": "Isto não é uma chave que um navegador fornece.",
    "label_too_long": "No máximo {limit} caracteres.",
    "unknown_subscription": "Esta inscrição não existe.",
    "too_many_ids": "No máximo {limit} notificações de uma vez.",
    "account_deleted": "Esta conta foi excluída.",
    "unknown_delivery": "Esta entrega não existe, ou não está morta.",
}


def say(language: Language, key: str, **values: object) -> str:
    """The message ``key`` in ``language``, with ``values`` filled in."""
    return (_ENGLISH if language == "en" else _PORTUGUESE)[key].format(**values)
