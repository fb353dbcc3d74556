"""HTTP routes of this domain: unsubscribe links, and what the mail provider reports.

| route | who | answers |
|---|---|---|
| ``GET /unsubscribe/{token}`` | a person who followed the link | a page with a button; it changes nothing, for mail scanners follow links too |
| ``POST /unsubscribe/{token}`` | that button, or a mail program (RFC 8058) | 200 when it is done, also again; 404 for a token that is not ours |
| ``POST /webhooks/mail`` | the mail provider, signed | 200 when it is stored, now or before; 400 unsigned or unreadable; 404 when not set up; 413 too large |
"""  # noqa: E501  # a table

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shared.graphql.context import preferred_locale
from subgraphs.notifications.resources import NotificationsResources
from subgraphs.notifications.service import bounces, choosing
from subgraphs.notifications.service.errors import PreferenceLocked

log = structlog.get_logger(__name__)

_MAX_BODY_BYTES: Final = 64_000
_PAGE: Final = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>Reservei</title></head>
<body style="font: 16px/1.5 sans-serif; max-width: 32em; margin: 3em auto; padding: 0 1em">{body}</body></html>"""
_WORDS: Final = {
    "en": {
        "ask": "You will get no more of these mails.",
        "button": "Unsubscribe",
        "done": "Done: you will get no more of these mails. You can change this in your account at any time.",
        "unknown": "This link is not one of ours.",
    },
    "pt-BR": {
        "ask": "Você não vai mais receber estes e-mails.",
        "button": "Não receber mais",
        "done": "Pronto: você não vai mais receber estes e-mails. Dá para mudar isso na sua conta quando quiser.",
        "unknown": "Este link não é nosso.",
    },
}
_HEADERS: Final = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


def routes(resources: NotificationsResources) -> Sequence[BaseRoute]:
    """The routes on the open resources."""

    async def ask(request: Request) -> Response:
        if resources.secrets.read_unsubscribe_token(request.path_params["token"]) is None:
            return _page(request, "unknown", status=404)
        return _page(request, "ask", has_button=True)

    async def unsubscribe(request: Request) -> Response:
        what = resources.secrets.read_unsubscribe_token(request.path_params["token"])
        if what is None:
            return _page(request, "unknown", status=404)
        user_id, kind, channel = what
        try:
            async with resources.database.transaction() as session:
                await choosing.switch_off(session, user_id, kind, channel)
        except PreferenceLocked:  # it was free to choose when the link was made
            return _page(request, "unknown", status=404)
        return _page(request, "done")

    async def mail_report(request: Request) -> Response:
        secret = resources.settings.bounce_secret
        if secret is None:
            return JSONResponse({"error": "RESERVEI_NOTIFICATIONS_BOUNCE_SECRET is not set."}, status_code=404)
        if (body := await _bounded_body(request)) is None:
            return JSONResponse({"error": "The body is too large."}, status_code=413)
        signature = request.headers.get(bounces.SIGNATURE_HEADER, "")
        now = resources.clock()
        try:
            report = bounces.read_report(secret.get_secret_value().encode(), signature, body, now)
        except bounces.InvalidReport as error:
            log.warning("mail report refused", reason=str(error))
            return JSONResponse({"error": f"The report is not accepted: {error}."}, status_code=400)
        async with resources.database.transaction() as session:
            is_applied = await bounces.apply(session, report, resources.secrets, now)
        return JSONResponse({"received": True, "applied": is_applied})

    return [
        Route("/unsubscribe/{token}", ask, methods=["GET"]),
        Route("/unsubscribe/{token}", unsubscribe, methods=["POST"]),
        Route("/webhooks/mail", mail_report, methods=["POST"]),
    ]


def _page(request: Request, key: str, *, status: int = 200, has_button: bool = False) -> HTMLResponse:
    language = preferred_locale(request.headers.get("accept-language"))
    words = _WORDS[language]
    body = f"<p>{html.escape(words[key])}</p>"
    if has_button:
        body += f'<form method="post"><button>{html.escape(words["button"])}</button></form>'
    return HTMLResponse(_PAGE.format(lang=language, body=body), status_code=status, headers=_HEADERS)


async def _bounded_body(request: Request) -> bytes | None:
    """The body, or ``None`` as soon as it is known to be too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
