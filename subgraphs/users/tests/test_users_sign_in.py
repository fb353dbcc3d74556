"""Sign-in: who gets in, what a failure tells, and how often one may fail."""

import asyncio

import argon2
import pytest
from sqlalchemy import func, select, update

from shared.auth import Role, TokenVerifier
from shared.testing.plugin import count_queries
from subgraphs.users.models import User, UserSession
from subgraphs.users.tests.conftest import ME, PASSWORD, UsersUnderTest, cheap_settings


async def test_signing_in_gives_a_token_that_proves_who_one_is(users: UsersUnderTest) -> None:
    ana = await users.add("ana@reservei.example", "Ana", Role.TRAVELER, Role.HOTEL_MANAGER)
    answer = await users.sign_in()
    assert answer["user"] == {"id": str(ana.id), "displayName": "Ana", "email": "ana@reservei.example"}
    me = (await users.data(ME, token=answer["accessToken"]))["me"]
    assert me["id"] == str(ana.id)
    assert me["roles"] == ["TRAVELER", "HOTEL_MANAGER"]


async def test_the_token_carries_the_agreed_claims(users: UsersUnderTest) -> None:
    import jwt

    ana = await users.add()
    token = (await users.sign_in())["accessToken"]
    header = jwt.get_unverified_header(token)
    [key] = (await users.resources.jwks.fetch())["keys"]
    assert (header["alg"], header["kid"], header["typ"]) == ("EdDSA", key["kid"], "at+jwt")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == users.platform.token_issuer
    assert claims["aud"] == users.platform.token_audience
    assert claims["sub"] == str(ana.id)
    assert claims["roles"] == ["TRAVELER"]
    assert claims["exp"] - claims["iat"] == 600
    assert set(claims) == {"iss", "aud", "sub", "sid", "roles", "jti", "iat", "exp"}
    async with users.database.read() as session:
        assert str(await session.scalar(select(UserSession.id))) == claims["sid"]


async def test_the_sign_in_of_the_graphiql_page_works_as_it_is_written_there(users: UsersUnderTest) -> None:
    await users.add()
    query = (
        "mutation SignIn($email: Email!, $password: String!) { signIn(input: {email: $email, password: $password}) "
        "{ __typename ... on SignInSuccess { accessToken refreshToken user { displayName } } "
        "... on Problem { message } } }"
    )
    good = await users.data(query, {"email": "ana@reservei.example", "password": PASSWORD})
    assert good["signIn"]["user"] == {"displayName": "Ana Ribeiro"}
    bad = await users.data(query, {"email": "ana@reservei.example", "password": "wrong"})
    assert bad["signIn"]["__typename"] == "InvalidCredentials"
    assert bad["signIn"]["message"]


async def test_unknown_address_and_wrong_password_cost_and_answer_the_same(
    users: UsersUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await users.add("known@reservei.example")
    await users.sign_up(email="unverified@reservei.example")
    await users.sign_in()  # the process now knows its signing key
    verified: list[str] = []
    original = argon2.PasswordHasher.verify

    def counted(self, stored, password):
        verified.append(stored)
        return original(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    observations = []
    for email in ("known@reservei.example", "unknown@reservei.example", "unverified@reservei.example"):
        verified.clear()
        with count_queries(users.database) as statements:
            answer = await users.sign_in(email, "this is not the password")
        # The decoy has the parameters of a real hash, so that the work is the same and not only its number.
        observations.append((answer, list(statements), [stored.rsplit("$", 2)[0] for stored in verified]))
    assert observations[0] == observations[1] == observations[2]
    assert len(observations[0][1]) == 1
    assert len(observations[0][2]) == 1


async def test_a_wrong_password_opens_no_session(users: UsersUnderTest) -> None:
    await users.add()
    assert (await users.sign_in(password="wrong password"))["__typename"] == "InvalidCredentials"
    async with users.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(UserSession)) == 0


async def test_the_way_a_keyboard_composes_accents_does_not_matter(users: UsersUnderTest) -> None:
    import unicodedata

    password = unicodedata.normalize("NFC", "coração é pátria")
    hashed = await users.resources.accounts.hasher.hash(password)
    ana = await users.add()
    async with users.database.transaction() as session:
        await session.execute(update(User).where(User.id == ana.id).values(password_hash=hashed))
    assert (await users.sign_in(password=unicodedata.normalize("NFD", password)))["__typename"] == "SignInSuccess"


@pytest.mark.parametrize("users_settings", [{"sign_in_attempts_per_account": 3}], indirect=True)
async def test_failures_are_limited_per_account_from_wherever_they_come(users: UsersUnderTest) -> None:
    await users.add()
    for number in range(3):
        answer = await users.sign_in(password="wrong", headers=_from(f"198.51.100.{number}"))
        assert answer["__typename"] == "InvalidCredentials"
    refused = await users.sign_in(headers=_from("198.51.100.99"))  # with the right password
    assert refused["__typename"] == "TooManyAttempts"
    assert 0 < refused["retryAfterSeconds"] <= 300
    async with users.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(UserSession)) == 0


@pytest.mark.parametrize("users_settings", [{"sign_in_attempts_per_account": 3}], indirect=True)
async def test_an_unknown_account_is_limited_like_a_known_one(users: UsersUnderTest) -> None:
    await users.add("known@reservei.example")
    answers = [
        [(await users.sign_in(email, "wrong"))["__typename"] for _ in range(4)]
        for email in ("known@reservei.example", "unknown@reservei.example")
    ]
    assert answers[0] == answers[1] == ["InvalidCredentials"] * 3 + ["TooManyAttempts"]


@pytest.mark.parametrize("users_settings", [{"sign_in_attempts_per_address": 3}], indirect=True)
async def test_failures_are_limited_per_address_whomever_they_are_about(users: UsersUnderTest) -> None:
    await users.add()
    for number in range(3):
        await users.sign_in(f"user{number}@reservei.example", "wrong", headers=_from("198.51.100.7"))
    refused = await users.sign_in(headers=_from("198.51.100.7"))
    assert refused["__typename"] == "TooManyAttempts"
    assert (await users.sign_in(headers=_from("198.51.100.8")))["__typename"] == "SignInSuccess"


@pytest.mark.parametrize("users_settings", [{"sign_in_attempts_per_address": 2}], indirect=True)
async def test_an_ipv6_customer_is_one_address(users: UsersUnderTest) -> None:
    for number in range(2):
        await users.sign_in(f"user{number}@reservei.example", "wrong", headers=_from(f"2001:db8:1:2::{number}"))
    same = await users.sign_in("c@reservei.example", "wrong", headers=_from("2001:db8:1:2:ffff::1"))
    other = await users.sign_in("c@reservei.example", "wrong", headers=_from("2001:db8:1:3::1"))
    assert (same["__typename"], other["__typename"]) == ("TooManyAttempts", "InvalidCredentials")


@pytest.mark.parametrize(
    "users_settings", [{"sign_in_attempts_per_account": 3, "sign_in_attempts_per_address": 3}], indirect=True
)
async def test_only_failures_count(users: UsersUnderTest) -> None:
    await users.add()
    answers = [(await users.sign_in())["__typename"] for _ in range(6)]
    assert answers == ["SignInSuccess"] * 6


@pytest.mark.parametrize("users_settings", [{"sign_in_attempts_per_account": 5}], indirect=True)
async def test_guesses_at_the_same_time_do_not_pass_the_limit(users: UsersUnderTest) -> None:
    await users.add()
    answers = await asyncio.gather(*(users.sign_in(password=f"guess number {n}") for n in range(20)))
    kinds = [answer["__typename"] for answer in answers]
    assert kinds.count("InvalidCredentials") == 5
    assert kinds.count("TooManyAttempts") == 15


@pytest.mark.parametrize("users_settings", [{"mails_per_account": 2}], indirect=True)
async def test_nobody_can_flood_a_mailbox(users: UsersUnderTest) -> None:
    await users.add("victim@reservei.example")
    reset = """mutation Reset($email: Email!) { requestPasswordReset(input: {email: $email}) { __typename } }"""
    kinds = []
    for email in ("victim@reservei.example", "nobody@reservei.example"):
        answers = [await users.data(reset, {"email": email}) for _ in range(3)]
        kinds.append([answer["requestPasswordReset"]["__typename"] for answer in answers])
    assert kinds[0] == kinds[1] == ["MailRequestAccepted"] * 2 + ["TooManyAttempts"]
    assert (await users.sign_up(email="victim@reservei.example"))["__typename"] == "TooManyAttempts"
    assert len(await users.mails()) == 2


async def test_an_old_hash_is_renewed_at_the_next_sign_in(users: UsersUnderTest) -> None:
    from subgraphs.users.passwords import PasswordHasher

    older = PasswordHasher(cheap_settings(argon2_time_cost=2))
    old_hash = await older.hash(PASSWORD)
    older.close()
    ana = await users.add()
    async with users.database.transaction() as session:
        await session.execute(update(User).where(User.id == ana.id).values(password_hash=old_hash))
    assert (await users.sign_in())["__typename"] == "SignInSuccess"
    renewed = (await users.user(ana.id)).password_hash
    assert "t=1" in renewed
    assert "t=2" in old_hash
    assert (await users.sign_in())["__typename"] == "SignInSuccess"


async def test_the_default_hash_is_what_owasp_recommends() -> None:
    from subgraphs.users.passwords import PasswordHasher
    from subgraphs.users.settings import UsersSettings

    hasher = PasswordHasher(UsersSettings())
    try:
        assert (await hasher.hash("x")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    finally:
        hasher.close()


async def test_no_session_opens_on_a_password_that_was_replaced_while_it_was_checked(users: UsersUnderTest) -> None:
    from subgraphs.users.service.outcomes import Device, InvalidCredentials

    ana = await users.add()
    accounts = users.resources.accounts
    assert await accounts.sessions.check_credentials(ana, PASSWORD)
    # Between the check and the session, somebody resets the password.
    async with users.database.transaction() as session:
        new_hash = await accounts.hasher.hash("uma senha bem nova")
        await session.execute(update(User).where(User.id == ana.id).values(password_hash=new_hash))
    async with users.database.transaction() as session:
        outcome = await accounts.sessions.begin(
            session, user_id=ana.id, checked_hash=ana.password_hash, new_hash=None, device=Device()
        )
    assert outcome == InvalidCredentials()


async def test_an_unreachable_limiter_refuses_rather_than_lets_guess(
    users: UsersUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    async def broken(*_args, **_kwargs):
        raise RedisConnectionError("down")

    await users.add()
    monkeypatch.setattr(type(users.resources.redis), "execute_command", broken)
    response = await users.execute(
        """mutation { signIn(input: {email: "ana@reservei.example", password: "x"}) { __typename } }"""
    )
    assert response["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "redis" not in str(response).lower()


async def test_the_platform_verifies_our_tokens_by_the_published_keys_alone(users: UsersUnderTest) -> None:
    ana = await users.add()
    token = (await users.sign_in())["accessToken"]
    verifier = TokenVerifier(
        users.resources.jwks, issuer=users.platform.token_issuer, audience=users.platform.token_audience
    )
    principal = await verifier.verify(token)
    assert principal.user_id == ana.id
    assert principal.roles == {Role.TRAVELER}


def _from(address: str) -> dict[str, str]:
    return {"x-reservei-client-address": address}
