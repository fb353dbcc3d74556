"""Sign-up: one account per address, however often and however concurrently, and no way to ask which exist."""

import asyncio
import re

import argon2
import pytest
from sqlalchemy import func, select

from shared.testing.plugin import count_queries
from subgraphs.users.models import User
from subgraphs.users.tests.conftest import PASSWORD, UsersUnderTest

VERIFY = """
mutation Verify($token: String!) {
  verifyEmail(input: {token: $token}) {
    __typename
    ... on EmailVerified { user { email isEmailVerified } }
    ... on Problem { message }
  }
}
"""

REQUEST_VERIFICATION = """
mutation Request($email: Email!) {
  requestEmailVerification(input: {email: $email}) { __typename ... on MailRequestAccepted { message } }
}
"""


async def test_a_new_user_verifies_their_address_and_signs_in(users: UsersUnderTest) -> None:
    assert (await users.sign_up(email="Ana.Ribeiro@Reservei.Example"))["__typename"] == "SignUpAccepted"
    [mail] = await users.mails()
    assert mail.to == "Ana.Ribeiro@reservei.example"
    assert mail.template == "users/verify_email"
    verified = (await users.data(VERIFY, {"token": mail.context["token"]}))["verifyEmail"]
    assert verified["user"] == {"email": "Ana.Ribeiro@reservei.example", "isEmailVerified": True}
    signed_in = await users.sign_in("ana.ribeiro@RESERVEI.example")
    assert signed_in["__typename"] == "SignInSuccess"
    assert signed_in["user"]["displayName"] == "Ana Ribeiro"


async def test_registration_and_verification_are_announced_in_order(users: UsersUnderTest) -> None:
    await users.sign_up()
    [mail] = await users.mails()
    await users.data(VERIFY, {"token": mail.context["token"]})
    registered, verified = await users.events()
    assert (registered.type, registered.aggregate_sequence) == ("user.registered", 1)
    assert (verified.type, verified.aggregate_sequence) == ("user.email_verified", 2)
    assert registered.aggregate_id == verified.aggregate_id
    assert b'"roles":["TRAVELER"]' in bytes(registered.payload)


async def test_nobody_signs_in_before_the_address_is_verified(users: UsersUnderTest) -> None:
    await users.sign_up()
    right = await users.sign_in(password=PASSWORD)
    wrong = await users.sign_in(password="something else entirely")
    unknown = await users.sign_in("nobody@reservei.example")
    assert right == wrong == unknown
    assert right["__typename"] == "InvalidCredentials"


@pytest.mark.parametrize("users_settings", [{"sign_in_requires_verified_email": False}], indirect=True)
async def test_a_platform_may_let_people_in_before_they_verify(users: UsersUnderTest) -> None:
    await users.sign_up()
    assert (await users.sign_in())["__typename"] == "SignInSuccess"


async def test_a_verification_link_works_once(users: UsersUnderTest) -> None:
    await users.sign_up()
    [mail] = await users.mails()
    outcomes = [await users.data(VERIFY, {"token": mail.context["token"]}) for _ in range(2)]
    assert [outcome["verifyEmail"]["__typename"] for outcome in outcomes] == ["EmailVerified", "ExpiredLink"]


async def test_a_verification_link_expires(users: UsersUnderTest) -> None:
    await users.sign_up()
    [mail] = await users.mails()
    users.clock.move(hours=48, seconds=1)
    outcome = (await users.data(VERIFY, {"token": mail.context["token"]}))["verifyEmail"]
    assert outcome["__typename"] == "ExpiredLink"
    assert (await users.sign_in())["__typename"] == "InvalidCredentials"


async def test_a_token_for_one_purpose_is_no_good_for_another(users: UsersUnderTest) -> None:
    await users.sign_up()
    [mail] = await users.mails()
    reset = """mutation Reset($token: String!) {
      resetPassword(input: {token: $token, newPassword: "uma senha bem longa"}) { __typename }
    }"""
    outcome = await users.data(reset, {"token": mail.context["token"]})
    assert outcome["resetPassword"]["__typename"] == "ExpiredLink"
    assert (await users.data(VERIFY, {"token": mail.context["token"]}))["verifyEmail"]["__typename"] == "EmailVerified"


async def test_tokens_of_mails_are_not_in_the_database(users: UsersUnderTest) -> None:
    await users.sign_up()
    [mail] = await users.mails()
    async with users.database.read() as session:
        digests = list(await session.scalars(select(func.encode(_digest_column(), "escape"))))
    assert len(digests) == 1
    assert mail.context["token"] not in digests[0]


def _digest_column():
    from subgraphs.users.models import OneTimeToken

    return OneTimeToken.digest


async def test_a_known_address_gets_the_same_answer_and_its_owner_a_mail(users: UsersUnderTest) -> None:
    await users.add("known@reservei.example", "Dona da Conta")
    known = await users.sign_up(email="KNOWN@reservei.example", displayName="Somebody Else")
    new = await users.sign_up(email="new@reservei.example", displayName="Somebody Else")
    assert known == new
    mails = {mail.to: mail for mail in await users.mails()}
    assert mails["known@reservei.example"].template == "users/sign_up_attempt"
    assert mails["known@reservei.example"].context["name"] == "Dona da Conta"
    assert mails["new@reservei.example"].template == "users/verify_email"
    # The owner's account is what it was.
    assert (await users.sign_in("known@reservei.example", PASSWORD))["user"]["displayName"] == "Dona da Conta"


async def test_a_known_address_costs_the_same_statements_and_the_same_hashes(
    users: UsersUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await users.add("known@reservei.example")
    hashes = _count_hashes(monkeypatch)
    work = []
    for email in ("known@reservei.example", "new@reservei.example"):
        hashes.clear()
        with count_queries(users.database) as statements:
            await users.sign_up(email=email, displayName="Somebody Else")
        work.append((list(hashes), [_shape(statement) for statement in statements]))
    assert work[0] == work[1]
    assert work[0][0] == ["hash"]


async def test_a_mail_to_an_unproven_mailbox_carries_nothing_a_stranger_wrote(users: UsersUnderTest) -> None:
    await users.sign_up(email="victim@reservei.example", displayName="Win at casino.example now")
    await users.sign_up(email="victim@reservei.example", displayName="Win at casino.example now")
    for mail in await users.mails():
        assert "casino" not in str(mail.context)


async def test_of_many_sign_ups_with_one_address_at_once_one_makes_the_account(users: UsersUnderTest) -> None:
    answers = await asyncio.gather(
        *(
            users.sign_up(email=email, password=f"{PASSWORD} {number}")
            for number, email in enumerate(("race@reservei.example", "RACE@reservei.example") * 2)
        )
    )
    assert {answer["__typename"] for answer in answers} == {"SignUpAccepted"}
    async with users.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 1
    templates = sorted(mail.template for mail in await users.mails())
    assert templates == ["users/sign_up_attempt"] * 3 + ["users/verify_email"]
    assert [event.type for event in await users.events()] == ["user.registered"]


async def test_an_address_that_somebody_else_signed_up_with_is_won_back_by_its_owner(users: UsersUnderTest) -> None:
    await users.sign_up(email="owner@reservei.example", password="the attacker chose this")
    await users.sign_up(email="owner@reservei.example", password="this was my own idea")
    second = (await users.mails())[1]
    reset = """mutation Reset($token: String!, $password: String!) {
      resetPassword(input: {token: $token, newPassword: $password}) {
        __typename ... on PasswordChanged { user { isEmailVerified } }
      }
    }"""
    variables = {"token": second.context["token"], "password": "finally my own one"}
    outcome = await users.data(reset, variables)
    assert outcome["resetPassword"] == {"__typename": "PasswordChanged", "user": {"isEmailVerified": True}}
    assert (await users.sign_in("owner@reservei.example", "finally my own one"))["__typename"] == "SignInSuccess"
    attacker = await users.sign_in("owner@reservei.example", "the attacker chose this")
    assert attacker["__typename"] == "InvalidCredentials"


async def test_asking_for_another_verification_mail_answers_the_same_for_everybody(users: UsersUnderTest) -> None:
    await users.add("done@reservei.example")
    await users.sign_up(email="waiting@reservei.example")
    answers = [
        await users.data(REQUEST_VERIFICATION, {"email": email})
        for email in ("done@reservei.example", "waiting@reservei.example", "nobody@reservei.example")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert [mail.to for mail in await users.mails()] == ["waiting@reservei.example"] * 2


@pytest.mark.parametrize("users_settings", [{"uniform_response_seconds": 0.2}], indirect=True)
async def test_the_answer_takes_its_time_whether_or_not_there_was_work(users: UsersUnderTest) -> None:
    loop = asyncio.get_running_loop()
    for email in ("nobody@reservei.example", "nobody-either@reservei.example"):
        began = loop.time()
        await users.data(REQUEST_VERIFICATION, {"email": email})
        assert loop.time() - began >= 0.19


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"password": "password1234"}, "password"),
        ({"password": "ababababababab"}, "password"),
        ({"password": "abcdefghijkl"}, "password"),
        ({"password": "my name is RIBEIRO"}, "password"),
        ({"displayName": "   "}, "displayName"),
        ({"displayName": "x" * 81}, "displayName"),
        ({"displayName": "Ana\u0000"}, "displayName"),
        ({"displayName": "Ana \u202e evil"}, "displayName"),
    ],
)
async def test_unacceptable_input_says_which_field_and_creates_nobody(
    users: UsersUnderTest, values: dict[str, str], field: str
) -> None:
    answer = await users.sign_up(**values)
    assert answer["__typename"] == "InvalidInput"
    assert answer["field"] == field
    assert answer["message"]
    async with users.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 0
    assert await users.mails() == []


async def test_a_password_problem_says_the_same_for_known_and_unknown_addresses(users: UsersUnderTest) -> None:
    await users.add("known@reservei.example")
    known = await users.sign_up(email="known@reservei.example", password="short")
    assert known == await users.sign_up(email="new@reservei.example", password="short")


async def test_problems_speak_the_callers_language(users: UsersUnderTest) -> None:
    query = """mutation { signUp(input: {email: "a@reservei.example", password: "x", displayName: "A"}) {
      ... on Problem { message } } }"""
    english = await users.data(query, headers={"accept-language": "en"})
    portuguese = await users.data(query, headers={"accept-language": "pt-BR,pt;q=0.9"})
    assert english["signUp"]["message"] == "A password has at least 10 characters."
    assert portuguese["signUp"]["message"] == "A senha precisa ter pelo menos 10 caracteres."


def _count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every Argon2 computation."""
    noted: list[str] = []
    for name in ("hash", "verify"):
        original = getattr(argon2.PasswordHasher, name)

        def counted(self, *args, _name=name, _original=original):
            noted.append(_name)
            return _original(self, *args)

        monkeypatch.setattr(argon2.PasswordHasher, name, counted)
    return noted


def _shape(statement: str) -> str:
    """A statement without the number of rows that it inserts."""
    return re.sub(r"VALUES.*", "VALUES", re.sub(r"\s+", " ", statement))
