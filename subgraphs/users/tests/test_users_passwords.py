"""New passwords: by knowing the old one, or by reading the mail."""

import asyncio

import argon2
import pytest

from shared.testing import make_principal
from subgraphs.users.identity import InvalidValue
from subgraphs.users.passwords import check_password
from subgraphs.users.tests.conftest import PASSWORD, UsersUnderTest

NEW = "uma senha bem nova"
CHANGE = """mutation Change($current: String!, $new: String!) {
  changePassword(input: {currentPassword: $current, newPassword: $new}) {
    __typename
    ... on PasswordChanged { user { email } }
    ... on InvalidInput { field }
    ... on Problem { message }
  }
}"""
REQUEST_RESET = """mutation Request($email: Email!) {
  requestPasswordReset(input: {email: $email}) { __typename ... on MailRequestAccepted { message } }
}"""
RESET = """mutation Reset($token: String!, $new: String!) {
  resetPassword(input: {token: $token, newPassword: $new}) {
    __typename
    ... on PasswordChanged { user { email } }
    ... on InvalidInput { field }
  }
}"""


async def test_changing_the_password_ends_the_other_sessions_and_says_so(users: UsersUnderTest) -> None:
    await users.add()
    laptop, phone = await users.sign_in(), await users.sign_in()
    answer = await users.data(CHANGE, {"current": PASSWORD, "new": NEW}, token=laptop["accessToken"])
    assert answer["changePassword"] == {
        "__typename": "PasswordChanged",
        "user": {"email": "ana@reservei.example"},
    }
    assert (await users.refresh(phone["refreshToken"]))["__typename"] == "SessionEnded"
    assert (await users.refresh(laptop["refreshToken"]))["__typename"] == "SignInSuccess"
    assert (await users.sign_in(password=PASSWORD))["__typename"] == "InvalidCredentials"
    assert (await users.sign_in(password=NEW))["__typename"] == "SignInSuccess"
    assert (await users.events())[-2].type == "user.password_changed"  # notifications writes to them; a sign-in follows


async def test_a_wrong_present_password_changes_nothing(users: UsersUnderTest) -> None:
    ana = await users.add()
    token = (await users.sign_in())["accessToken"]
    answer = await users.data(CHANGE, {"current": "not this one", "new": NEW}, token=token)
    assert answer["changePassword"]["__typename"] == "InvalidCredentials"
    assert (await users.user(ana.id)).password_hash == ana.password_hash
    assert await users.mails() == []


@pytest.mark.parametrize("users_settings", [{"sign_in_attempts_per_account": 3}], indirect=True)
async def test_guessing_the_present_password_is_limited_like_signing_in(users: UsersUnderTest) -> None:
    await users.add()
    token = (await users.sign_in())["accessToken"]
    for _ in range(3):
        await users.data(CHANGE, {"current": "wrong", "new": NEW}, token=token)
    answer = await users.data(CHANGE, {"current": PASSWORD, "new": NEW}, token=token)
    assert answer["changePassword"]["__typename"] == "TooManyAttempts"
    assert (await users.sign_in())["__typename"] == "TooManyAttempts"


async def test_the_new_password_must_be_acceptable(users: UsersUnderTest) -> None:
    ana = await users.add()
    answer = await users.data(
        CHANGE, {"current": PASSWORD, "new": "ana-ribeiro-1990"}, as_=make_principal(user_id=ana.id)
    )
    assert (answer["changePassword"]["__typename"], answer["changePassword"]["field"]) == (
        "InvalidInput",
        "newPassword",
    )
    assert (await users.sign_in())["__typename"] == "SignInSuccess"


async def test_of_two_changes_at_once_one_wins_and_the_other_knows(users: UsersUnderTest) -> None:
    ana = await users.add()
    caller = make_principal(user_id=ana.id)
    answers = await asyncio.gather(
        *(users.data(CHANGE, {"current": PASSWORD, "new": f"{NEW} {n}"}, as_=caller) for n in range(4))
    )
    kinds = sorted(answer["changePassword"]["__typename"] for answer in answers)
    assert kinds == ["InvalidCredentials"] * 3 + ["PasswordChanged"]


async def test_a_password_is_reset_by_mail(users: UsersUnderTest) -> None:
    await users.add()
    session = await users.sign_in()
    assert (await users.data(REQUEST_RESET, {"email": "ANA@reservei.example"}))["requestPasswordReset"]
    [mail] = await users.mails()
    assert mail.template == "users/reset_password"
    assert mail.context["link"].startswith(f"{users.platform.public_url}/reset-password#token=")
    answer = await users.data(RESET, {"token": mail.context["token"], "new": NEW})
    assert answer["resetPassword"]["user"] == {"email": "ana@reservei.example"}
    assert (await users.refresh(session["refreshToken"]))["__typename"] == "SessionEnded"
    assert (await users.sign_in(password=PASSWORD))["__typename"] == "InvalidCredentials"
    assert (await users.sign_in(password=NEW))["__typename"] == "SignInSuccess"
    assert [mail.template for mail in await users.mails()] == ["users/reset_password"]


async def test_asking_for_a_reset_answers_the_same_for_everybody(users: UsersUnderTest) -> None:
    await users.add("known@reservei.example")
    known = await users.data(REQUEST_RESET, {"email": "known@reservei.example"})
    unknown = await users.data(REQUEST_RESET, {"email": "unknown@reservei.example"})
    assert known == unknown
    assert [mail.to for mail in await users.mails()] == ["known@reservei.example"]


async def test_a_reset_link_works_once_and_takes_the_others_with_it(users: UsersUnderTest) -> None:
    await users.add()
    for _ in range(2):
        await users.data(REQUEST_RESET, {"email": "ana@reservei.example"})
    tokens = [mail.context["token"] for mail in await users.mails()]
    used = (tokens[0], tokens[0], tokens[1])
    answers = [await users.data(RESET, {"token": token, "new": NEW}) for token in used]
    kinds = [answer["resetPassword"]["__typename"] for answer in answers]
    assert kinds == ["PasswordChanged", "ExpiredLink", "ExpiredLink"]


async def test_two_links_of_one_user_used_at_once_do_not_block_each_other(users: UsersUnderTest) -> None:
    await users.add()
    for _ in range(4):
        await users.data(REQUEST_RESET, {"email": "ana@reservei.example"})
    tokens = [mail.context["token"] for mail in await users.mails()]
    answers = await asyncio.gather(
        *(users.data(RESET, {"token": token, "new": f"{NEW} {n}"}) for n, token in enumerate(tokens * 2))
    )
    kinds = sorted(answer["resetPassword"]["__typename"] for answer in answers)
    assert kinds == ["ExpiredLink"] * 7 + ["PasswordChanged"]


async def test_a_reset_link_expires(users: UsersUnderTest) -> None:
    await users.add()
    await users.data(REQUEST_RESET, {"email": "ana@reservei.example"})
    [mail] = await users.mails()
    users.clock.move(minutes=30, seconds=1)
    answer = await users.data(RESET, {"token": mail.context["token"], "new": NEW})
    assert answer["resetPassword"]["__typename"] == "ExpiredLink"
    assert (await users.sign_in())["__typename"] == "SignInSuccess"


async def test_an_unacceptable_password_does_not_use_up_the_link(users: UsersUnderTest) -> None:
    await users.add()
    await users.data(REQUEST_RESET, {"email": "ana@reservei.example"})
    [mail] = await users.mails()
    bad = await users.data(RESET, {"token": mail.context["token"], "new": "short"})
    assert bad["resetPassword"] == {"__typename": "InvalidInput", "field": "newPassword"}
    good = await users.data(RESET, {"token": mail.context["token"], "new": NEW})
    assert good["resetPassword"]["__typename"] == "PasswordChanged"


async def test_a_made_up_token_costs_us_no_hash(users: UsersUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args):
        raise AssertionError("hashed for nothing")

    monkeypatch.setattr(argon2.PasswordHasher, "hash", never)
    answer = await users.data(RESET, {"token": "made up", "new": NEW})
    assert answer["resetPassword"]["__typename"] == "ExpiredLink"


async def test_a_reset_forgives_the_failures_that_led_to_it(users: UsersUnderTest) -> None:
    await users.add()
    for _ in range(10):
        await users.sign_in(password="forgotten")
    assert (await users.sign_in())["__typename"] == "TooManyAttempts"
    await users.data(REQUEST_RESET, {"email": "ana@reservei.example"})
    [mail] = await users.mails()
    await users.data(RESET, {"token": mail.context["token"], "new": NEW})
    assert (await users.sign_in(password=NEW))["__typename"] == "SignInSuccess"


@pytest.mark.parametrize(
    "password",
    [
        "praia-sol-e-mar",
        "צבא הגנה לישראל",
        "😀😃😄😁😆😅😂🤣🥲🥹",
        "'; DROP TABLE users; --",
        "<b>negrito</b>",
        "x y z x y z 1",
    ],
)
def test_any_script_makes_a_password(password: str) -> None:
    check_password(password, email="ana@reservei.example", display_name="Ana Ribeiro")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("123456789", "password_short"),
        ("1234567890", "password_common"),
        ("SENHA123456", "password_common"),
        ("ＱＷＥＲＴＹ１２３４５", "password_common"),
        ("aaaaaaaaaaaa", "password_common"),
        ("9876543210", "password_common"),
        ("MARIANA.souza!", "password_personal"),
        ("xx mariana.souza@reservei.example", "password_personal"),
        ("a" * 64 + "b" * 65, "password_long"),
        ("abcdefgh\ud800xyz", "text_unprintable"),
    ],
)
def test_what_attackers_try_first_makes_none(password: str, reason: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_password(password, email="mariana.souza@reservei.example", display_name="Mariana Souza")
    assert caught.value.reason == reason
