"""``reservei call <domain> <query>``: one operation against a subgraph's own port, signed as the router would."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer


def call(
    domain: Annotated[str, typer.Argument(help="The subgraph: users, hotels or bookings.")],
    query: Annotated[str, typer.Argument(help="The operation, or @FILE.")],
    variables: Annotated[str, typer.Option(help="Variables, as a JSON object.")] = "{}",
    token: Annotated[str | None, typer.Option(help="An access token to call with; see `reservei token`.")] = None,
) -> None:
    """Send one operation to a single subgraph, signed, and print its answer. Clients talk to the router instead.

    Ends with exit code 1 when the answer has errors.
    """
    import asyncio

    import aiohttp

    from reservei.domains import DOMAINS, domain_port
    from shared.auth import service_signature
    from shared.config import platform_settings
    from shared.local.errors import LocalRuntimeError
    from shared.local.files import stored_secret

    if domain not in DOMAINS:
        raise typer.BadParameter(f"there is no domain {domain!r}; choose from {', '.join(DOMAINS)}")
    try:
        given = json.loads(variables)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"--variables is not JSON: {error}") from None
    text = Path(query[1:]).read_text(encoding="utf-8") if query.startswith("@") else query
    settings = platform_settings()
    body = json.dumps({"query": text, "variables": given}).encode()
    secret = (
        settings.service_secret.get_secret_value()
        if settings.service_secret is not None
        else stored_secret(settings.data_dir, "service_secret")
    )
    headers = {
        "content-type": "application/json",
        service_signature.HEADER: service_signature.sign(secret, body, time.time()),
    }
    if token is not None:
        headers["authorization"] = f"Bearer {token.removeprefix('Bearer ')}"

    async def send() -> bool:
        url = f"http://{settings.host}:{domain_port(domain)}/graphql"
        try:
            async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
                answer = await response.json()
        except aiohttp.ClientConnectionError:
            raise LocalRuntimeError(
                f"The {domain} subgraph does not answer at {url}.",
                f"Start it: reservei up, or reservei serve {domain}.",
            ) from None
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return not answer.get("errors")

    if not asyncio.run(send()):
        raise typer.Exit(1)
