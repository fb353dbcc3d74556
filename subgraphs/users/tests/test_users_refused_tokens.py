"""Tokens that prove nothing: each is refused with a reason, and nothing happens."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from subgraphs.users.tests.conftest import ME, UsersUnderTest


async def _claims_and_kid(users: UsersUnderTest) -> tuple[dict[str, Any], str, str]:
    await users.add()
    token = (await users.sign_in())["accessToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    return claims, jwt.get_unverified_header(token)["kid"], token


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def _assert_refused(users: UsersUnderTest, token: str) -> None:
    mutation = """mutation { updateProfile(input: {displayName: "Mallory"}) { __typename } me { id } }"""
    for operation in (ME, mutation):
        response = await users.execute(operation.replace(" me { id } }", " }"), token=token)
        assert response["data"] is None
        [error] = response["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
    await_ = await users.sign_in()
    assert await_["user"]["displayName"] == "Ana Ribeiro"


async def test_alg_none(users: UsersUnderTest) -> None:
    claims, kid, _ = await _claims_and_kid(users)
    await _assert_refused(users, f"{_encoded({'alg': 'none', 'kid': kid})}.{_encoded(claims)}.")


async def test_a_public_key_used_as_an_hmac_secret(users: UsersUnderTest) -> None:
    claims, kid, _ = await _claims_and_kid(users)
    [public] = (await users.resources.jwks.fetch())["keys"]
    await _assert_refused(
        users, jwt.encode(claims, public["x"].ljust(64, "x"), algorithm="HS256", headers={"kid": kid})
    )


async def test_a_key_of_ones_own_under_our_key_id(users: UsersUnderTest) -> None:
    claims, kid, _ = await _claims_and_kid(users)
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": kid})
    await _assert_refused(users, forged)


async def test_claims_changed_after_signing(users: UsersUnderTest) -> None:
    claims, _, token = await _claims_and_kid(users)
    header, _, signature = token.split(".")
    await _assert_refused(users, f"{header}.{_encoded({**claims, 'roles': ['ADMIN']})}.{signature}")


@pytest.mark.parametrize("claims", [{"aud": "another-service"}, {"iss": "https://evil.example"}])
async def test_another_audience_or_issuer(users: UsersUnderTest, claims: dict[str, str], issuer: Any) -> None:
    ana = await users.add()
    from shared.testing import make_principal

    await _assert_refused(users, issuer.token(make_principal(user_id=ana.id), **claims))


async def test_an_expired_token(users: UsersUnderTest) -> None:
    _, _, token = await _claims_and_kid(users)
    assert (await users.data(ME, token=token))["me"]
    users.clock.move(seconds=601)
    response = await users.execute(ME, token=token)
    assert response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "expired" in response["errors"][0]["message"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "....", "😀", "eyJhbGciOiJFZERTQSJ9.e30.", "' OR 1=1 --"])
async def test_no_token_at_all(users: UsersUnderTest, token: str) -> None:
    await users.add()
    await _assert_refused(users, token)


async def test_a_token_from_before_its_time_is_still_bounded(users: UsersUnderTest, issuer: Any) -> None:
    from shared.testing import make_principal

    await users.add()
    await _assert_refused(users, issuer.token(make_principal(), exp=int(time.time()) - 1))
