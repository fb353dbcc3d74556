"""What problems say to people, in both languages."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["pt-BR", "en"]

_ENGLISH: Final[dict[str, str]] = {
    "too_few_points": "You do not have enough points: {available} can be spent.",
    "points_out_of_range": "Give {least} to {most} points.",
    "key_malformed": "An idempotency key has 1 to {limit} characters.",
    "key_reused": "This idempotency key was used before with another input. Make a new key for a new request.",
    "unknown_mission": "There is no such mission, or it is over.",
    "code_taken": "This code is taken.",
    "unknown_campaign": "There is no such campaign.",
    "invalid_campaign": "This cannot be: {why}.",
    "campaign_in_the_past": "A campaign cannot begin in the past: points of what was booked would change.",
    "code_malformed": "A code has 3 to 60 lower-case letters, digits and hyphens.",
    "invalid_mission": "The definition has mistakes. Nothing was written.",
    "nothing_to_publish": "This mission has nothing to publish.",
    "account_gone": "This account was deleted.",
    "not_yours": "Only the traveler and our staff may see this.",
}

_PORTUGUESE: Final[dict[str, str]] = {
    "too_few_points": "Você não tem pontos suficientes: {available} podem ser usados.",
    "points_out_of_range": "Informe de {least} a {most} pontos.",
    "key_malformed": "Uma chave de idempotência tem de 1 a {limit} caracteres.",
    "key_reused": "Esta chave de idempotência já foi usada com outros dados. Crie outra chave para um novo pedido.",
    "unknown_mission": "Esta missão não existe ou já terminou.",
    "code_taken": "Este código já está em uso.",
    "unknown_campaign": "Esta campanha não existe.",
    "invalid_campaign": "Isto não é possível: {why}.",
    "campaign_in_the_past": "Uma campanha não pode começar no passado: mudaria os pontos do que já foi reservado.",
    "code_malformed": "Um código tem de 3 a 60 letras minúsculas, números e hifens.",
    "invalid_mission": "A definição tem erros. Nada foi gravado.",
    "nothing_to_publish": "Esta missão não tem nada a publicar.",
    "account_gone": "Esta conta foi excluída.",
    "not_yours": "Só o viajante e nossa equipe podem ver isto.",
}


def say(language: Language, key: str, **values: object) -> str:
    """The message ``key`` in ``language``, with ``values`` filled in."""
    return (_ENGLISH if language == "en" else _PORTUGUESE)[key].format(**values)
