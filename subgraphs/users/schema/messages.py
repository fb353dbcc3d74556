"""What problems say to people, in both languages."""

from __future__ import annotations

from typing import Final

from subgraphs.users.identity import MAX_NAME_LENGTH, Locale
from subgraphs.users.passwords import MAX_LENGTH, MIN_LENGTH
from subgraphs.users.service.profiles import MAX_SEARCH_LENGTH, MIN_SEARCH_LENGTH

_ENGLISH: Final[dict[str, str]] = {
    "email_malformed": "This is not an e-mail address.",
    "text_unprintable": "The text contains control characters.",
    "name_empty": "Enter a name.",
    "name_long": f"A name has at most {MAX_NAME_LENGTH} characters.",
    "url_unacceptable": "Use an https address without spaces.",
    "time_zone_unknown": "This is not a time zone we know. Use an IANA name such as America/Sao_Paulo.",
    "password_short": f"A password has at least {MIN_LENGTH} characters.",
    "password_long": f"A password has at most {MAX_LENGTH} characters.",
    "password_common": "This password is one of the first that attackers try. Choose another.",
    "password_personal": "A password must not contain your name or e-mail address.",
    "roles_empty": "A user has at least one role.",
    "roles_own_admin": "Administrators cannot take the ADMIN role from themselves; another one can.",
    "search_length": f"Search for {MIN_SEARCH_LENGTH} to {MAX_SEARCH_LENGTH} characters.",
    "sign_out_target": "Give a session or a refresh token, not both.",
    "sign_up_accepted": "We have sent you a mail. Open the link in it to go on.",
    "mail_accepted": "If this address has an account that needs it, a mail is on its way.",
    "invalid_credentials": (
        "E-mail or password is wrong, or the address is not confirmed yet: then open the link in our mail first."
    ),
    "wrong_password": "The present password is wrong.",
    "too_many_attempts": "Too many attempts. Try again later.",
    "session_ended": "The session has ended. Sign in again.",
    "already_refreshed": "This session was refreshed a moment ago. Go on with the newer refresh token.",
    "expired_link": "The link was used before, or is too old. Ask for a new one.",
    "unknown_user": "There is no such user.",
    "administrator_account": (
        "Administrators cannot delete their account. Have another administrator take the ADMIN role from you first."
    ),
    "deleted_account": "Deleted account",
}

_PORTUGUESE: Final[dict[str, str]] = {
    "email_malformed": "Isto não é um endereço de e-mail.",
    "text_unprintable": "O texto contém caracteres de controle.",
    "name_empty": "Informe um nome.",
    "name_long": f"Um nome tem no máximo {MAX_NAME_LENGTH} caracteres.",
    "url_unacceptable": "Use um endereço https sem espaços.",
    "time_zone_unknown": "Não conhecemos este fuso horário. Use um nome IANA, como America/Sao_Paulo.",
    "password_short": f"A senha precisa ter pelo menos {MIN_LENGTH} caracteres.",
    "password_long": f"A senha pode ter no máximo {MAX_LENGTH} caracteres.",
    "password_common": "Esta senha é uma das primeiras que invasores tentam. Escolha outra.",
    "password_personal": "A senha não pode conter seu nome nem seu e-mail.",
    "roles_empty": "Um usuário tem pelo menos um papel.",
    "roles_own_admin": "Administradores não podem tirar de si mesmos o papel ADMIN; outro administrador pode.",
    "search_length": f"Pesquise de {MIN_SEARCH_LENGTH} a {MAX_SEARCH_LENGTH} caracteres.",
    "sign_out_target": "Informe uma sessão ou um refresh token, não ambos.",
    "sign_up_accepted": "Enviamos um e-mail para você. Abra o link para continuar.",
    "mail_accepted": "Se este endereço tiver uma conta que precise dele, um e-mail está a caminho.",
    "invalid_credentials": (
        "E-mail ou senha incorretos, ou o endereço ainda não foi confirmado: nesse caso, abra antes o link do nosso "
        "e-mail."
    ),
    "wrong_password": "A senha atual está incorreta.",
    "too_many_attempts": "Muitas tentativas. Tente novamente mais tarde.",
    "session_ended": "A sessão terminou. Entre novamente.",
    "already_refreshed": "Esta sessão foi renovada há instantes. Continue com o refresh token mais novo.",
    "expired_link": "O link já foi usado ou é antigo demais. Peça um novo.",
    "unknown_user": "Este usuário não existe.",
    "administrator_account": (
        "Administradores não podem excluir a própria conta. Peça antes que outro administrador tire de você o papel "
        "ADMIN."
    ),
    "deleted_account": "Conta excluída",
}

MESSAGES: Final[dict[Locale, dict[str, str]]] = {"en": _ENGLISH, "pt-BR": _PORTUGUESE}


def message(locale: Locale, key: str) -> str:
    """The text for ``key`` in the caller's language."""
    return MESSAGES[locale][key]
