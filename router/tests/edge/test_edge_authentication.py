"""Tokens: no token is anonymous, a bad one is UNAUTHENTICATED, whatever the protocol."""

from __future__ import annotations

import time

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.exceptions import ConnectionClosed

from router.policies.authentication import Authenticator
from router.policies.errors import RequestRefused
from router.tests.edge.conftest import LastMoments, RouterServer
from router.tests.edge.support import close_code, hear, only_code, open_session, open_socket, say, subscribe
from shared.auth import KeySetUnavailable, Role, TokenVerifier
from shared.config import PlatformSettings
from shared.testing.identity import TestIssuer, make_principal

QUERY = {"query": '{ header(name: "authorization") }'}


def bad_tokens(issuer: TestIssuer) -> dict[str, str]:
    """Tokens that prove nothing, by what is wrong with them."""
    principal = make_principal(Role.ADMIN)
    good = issuer.token(principal)
    claims = jwt.decode(good, options={"verify_signature": False})
    header = {"kid": "test-key"}
    return {
        "expired": issuer.token(principal, exp=int(time.time()) - 1),
        "forged": jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=header),
        "alg none": jwt.encode(claims, None, algorithm="none", headers=header),
        "hmac": jwt.encode(claims, "k" * 32, algorithm="HS256", headers=header),
        "wrong audience": issuer.token(principal, aud="somebody-else"),
        "wrong issuer": issuer.token(principal, iss="https://evil.example"),
        "unknown key": jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": "other"}),
        "changed": good[:-4] + ("AAAA" if not good.endswith("AAAA") else "BBBB"),
        "not a token": "hello",
        "empty parts": "..",
    }


KINDS = sorted(bad_tokens(TestIssuer(PlatformSettings(_env_file=None))))


async def test_no_token_is_an_anonymous_caller(http: aiohttp.ClientSession, router: str) -> None:
    async with http.post(f"{router}/graphql", json=QUERY) as response:
        assert await response.json() == {"data": {"header": None}}


async def test_a_good_token_is_passed_on_to_subgraphs(
    http: aiohttp.ClientSession, router: str, issuer: TestIssuer
) -> None:
    bearer = f"Bearer {issuer.token(make_principal())}"
    async with http.post(f"{router}/graphql", json=QUERY, headers={"authorization": bearer}) as response:
        assert await response.json() == {"data": {"header": bearer}}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bad_token_is_401_and_runs_nothing(
    http: aiohttp.ClientSession, router: str, issuer: TestIssuer, kind: str
) -> None:
    headers = {"authorization": f"Bearer {bad_tokens(issuer)[kind]}"}
    async with http.post(f"{router}/graphql", json=QUERY, headers=headers) as response:
        assert response.status == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        body = await response.json()
    assert "data" not in body
    assert only_code(body) == "UNAUTHENTICATED"


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer ", "token"])
async def test_another_scheme_is_401(http: aiohttp.ClientSession, router: str, value: str) -> None:
    async with http.post(f"{router}/graphql", json=QUERY, headers={"authorization": value}) as response:
        assert response.status == 401
        assert only_code(await response.json()) == "UNAUTHENTICATED"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bad_token_closes_the_socket_with_4403(router: str, issuer: TestIssuer, kind: str) -> None:
    async with open_socket(router) as client:
        payload = {"authorization": f"Bearer {bad_tokens(issuer)[kind]}"}
        await say(client, {"type": "connection_init", "payload": payload})
        assert await close_code(client) == 4403
        assert (client.close_reason or "").startswith("UNAUTHENTICATED")


@pytest.mark.parametrize("place", ["authorization", "Authorization", "headers"])
async def test_a_socket_takes_its_token_from_connection_init(router: str, issuer: TestIssuer, place: str) -> None:
    bearer = f"Bearer {issuer.token(make_principal())}"
    payload = {"headers": {"Authorization": bearer}} if place == "headers" else {place: bearer}
    async with open_session(router, payload) as client:
        await subscribe(client, QUERY["query"])
        assert (await hear(client))["payload"] == {"data": {"header": bearer}}


async def test_a_subscription_ends_clearly_when_its_token_expires(
    router_server: RouterServer, issuer: TestIssuer
) -> None:
    payload = {"authorization": f"Bearer {issuer.token(make_principal())}"}
    for seconds in (0.3, 3, 30):  # longer when the machine was too slow to subscribe meanwhile
        async with (
            router_server(tokens=LastMoments(issuer.verifier(), seconds=seconds)) as router,
            open_session(router, payload) as client,
        ):
            try:
                await subscribe(client, "subscription { silence }")
                message = await hear(client)
            except ConnectionClosed:
                continue
            assert (message["type"], message["id"]) == ("error", "1")
            assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert await close_code(client) == 4403
            return
    pytest.fail("the socket was closed without a word about the subscription")


async def test_without_auth_tokens_are_only_passed_on(http: aiohttp.ClientSession, router_server: RouterServer) -> None:
    async with (
        router_server("jwt: {enabled: false}") as router,
        http.post(f"{router}/graphql", json=QUERY, headers={"authorization": "Bearer whatever"}) as response,
    ):
        assert await response.json() == {"data": {"header": "Bearer whatever"}}


async def test_when_keys_cannot_be_fetched_signed_in_callers_get_503_and_anonymous_ones_are_served(
    http: aiohttp.ClientSession, issuer: TestIssuer
) -> None:
    class NoKeys:
        async def fetch(self) -> dict[str, object]:
            raise KeySetUnavailable("down")

    verifier = TokenVerifier(NoKeys(), issuer="https://reservei.local", audience="reservei")
    with pytest.raises(RequestRefused) as refused:
        await Authenticator(verifier).identify(f"Bearer {issuer.token(make_principal())}")
    assert refused.value.status == 503
    assert only_code(refused.value.response) == "UNAVAILABLE"
    assert (await Authenticator(verifier).identify(None)).claims is None


async def test_claims_reach_the_engine(issuer: TestIssuer) -> None:
    principal = make_principal(Role.HOTEL_MANAGER)
    identity = await Authenticator(issuer.verifier()).identify(f"Bearer {issuer.token(principal)}")
    assert identity.claims is not None
    assert identity.claims["sub"] == str(principal.user_id)
    assert identity.claims["roles"] == ["HOTEL_MANAGER"]
    assert identity.expires_at == principal.expires_at
