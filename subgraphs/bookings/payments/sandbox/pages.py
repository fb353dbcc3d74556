"""The sandbox's pages for travelers: pass 3-D Secure, pay a PIX code or a boleto.

``GET /sandbox/payments/{reference}`` shows a charge, ``POST`` with ``action=pay`` or ``action=fail`` acts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from shared.graphql import Money
from subgraphs.bookings.payments.sandbox import books
from subgraphs.bookings.payments.sandbox.models import ChargeState, SandboxCharge
from subgraphs.bookings.payments.sandbox.provider import Sandbox, UnknownCharge

_MAX_FORM_BYTES: Final = 1_000

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Payment sandbox</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem }}</style>
<h1>Payment sandbox</h1>
<p>{method} of {currency} {amount}: <strong>{state}</strong></p>
{form}
</html>"""
_FORM: Final = """<form method="post"><button name="action" value="pay">{pay}</button>
<button name="action" value="fail">Fail</button></form>"""


def sandbox_routes(sandbox: Sandbox) -> Sequence[BaseRoute]:
    """The routes of the pages. Anybody who knows a charge's reference may act on it: there is no real money here."""

    async def show(request: Request) -> Response:
        async with sandbox.database.read() as session:
            charge = await books.charge_by_reference(session, request.path_params["reference"])
        if charge is None:
            return PlainTextResponse("There is no such payment.", status_code=404)
        return HTMLResponse(_page(charge), headers={"content-security-policy": _POLICY})

    async def act(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_FORM_BYTES:
                return PlainTextResponse("The form is too large.", status_code=413)
        action = parse_qs(body.decode("latin-1")).get("action", [""])[0]
        if action not in ("pay", "fail"):
            return PlainTextResponse("Say action=pay or action=fail.", status_code=400)
        try:
            state = await sandbox.act(request.path_params["reference"], pay=action == "pay")
        except UnknownCharge:
            return PlainTextResponse("There is no such payment.", status_code=404)
        return PlainTextResponse(f"{state}\n")

    path = "/sandbox/payments/{reference}"
    return [Route(path, show, methods=["GET"]), Route(path, act, methods=["POST"])]


def _page(charge: SandboxCharge) -> str:
    waits = charge.state == ChargeState.WAITING
    pay = "Pass 3-D Secure" if charge.token is not None else "Pay"
    return _PAGE.format(
        method=escape(charge.method.title()),
        currency=escape(charge.currency),
        amount=format(Money.of_minor(charge.amount_minor, charge.currency).amount, ",f"),
        state=escape(charge.state.lower()),
        form=_FORM.format(pay=pay) if waits else "",
    )
