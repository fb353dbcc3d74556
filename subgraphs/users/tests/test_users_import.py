"""Many users at once, and texts of every kind in every field."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

import subgraphs.users
from shared.auth import Role
from shared.db import utc_now
from shared.messaging.mail import MailTemplates
from shared.testing import make_principal
from shared.testing.plugin import count_queries, eventually
from subgraphs.users.background import keep_house
from subgraphs.users.identity import InvalidValue
from subgraphs.users.models import OneTimeToken, RefreshToken, SigningKey, User, UserSession
from subgraphs.users.service import ImportedUser, housekeeping, import_users, keys
from subgraphs.users.signing_keys import KeyVault
from subgraphs.users.tests.conftest import PASSWORD, UsersUnderTest

HOSTILE = [
    "Zé da Sílvia 😀👩‍👩‍👧",
    "משה כהן",
    "عبد الله",
    "Robert'); DROP TABLE users; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %}",
    "\\u0000 %s %(name)s $1",
    "ﬃ Å Å",
]


async def test_thousands_are_imported_in_few_statements_and_once(
    users: UsersUnderTest,
) -> None:
    hashed = await users.resources.accounts.hasher.hash(PASSWORD)
    rows = [ImportedUser(f"User{n}@reservei.example", f"Pessoa {n}", hashed) for n in range(5_000)]
    with count_queries(users.database) as statements:
        async with users.database.transaction() as session:
            first = await import_users(session, rows)
    assert len(statements) < 100
    async with users.database.transaction() as session:
        again = await import_users(session, [ImportedUser(row.email.upper(), "Other", "other") for row in rows])
    assert (first.created, again.created) == (5_000, 0)
    assert first.ids == again.ids
    assert (await users.sign_in("user4999@reservei.example"))["user"]["displayName"] == "Pessoa 4999"
    assert [event.type for event in await users.events()].count("user.registered") == 5_000


async def test_an_import_keeps_what_it_is_given(users: UsersUnderTest) -> None:
    since = datetime(2020, 2, 29, 12, tzinfo=UTC)
    row = ImportedUser(
        "bruno@reservei.example", "Bruno", "hash", frozenset({Role.HOTEL_MANAGER, Role.TRAVELER}), "en", None, since
    )
    async with users.database.transaction() as session:
        report = await import_users(session, [row, row])
    assert report.ids == {"bruno@reservei.example": row.id}
    bruno = await users.user(row.id)
    assert (bruno.created_at, bruno.email_verified_at) == (since, since)
    assert bruno.role_set == {Role.HOTEL_MANAGER, Role.TRAVELER}


async def test_a_bad_row_imports_nobody(users: UsersUnderTest) -> None:
    rows = [ImportedUser("good@reservei.example", "Good", "hash"), ImportedUser("not an address", "Bad", "hash")]
    with pytest.raises(InvalidValue):
        async with users.database.transaction() as session:
            await import_users(session, rows)
    async with users.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("name", HOSTILE)
async def test_any_name_comes_back_as_it_was_given(users: UsersUnderTest, name: str) -> None:
    import unicodedata

    await users.sign_up(email="x@reservei.example", displayName=name)
    async with users.database.read() as session:
        user = (await session.scalars(select(User))).one()
    expected = unicodedata.normalize("NFC", name)
    query = """query($id: ID!) { user(id: $id) { displayName } }"""
    assert (await users.data(query, {"id": str(user.id)}))["user"] == {"displayName": expected}
    update = """mutation($name: String!) {
      updateProfile(input: {displayName: $name}) { ... on UserUpdated { user { displayName } } }
    }"""
    updated = await users.data(update, {"name": f"{name} 2"}, as_=make_principal(user_id=user.id))
    assert updated["updateProfile"]["user"]["displayName"] == f"{expected} 2"
    # And the name reaches mails as text, not as a template.
    await users.add("owner@reservei.example", name)
    await users.sign_up(email="owner@reservei.example", displayName="Somebody")
    mail = (await users.mails())[-1]
    rendered = _templates().render(mail, sender="noreply@reservei.example").get_content()
    assert expected in rendered


@pytest.mark.parametrize("password", HOSTILE)
async def test_any_password_signs_in(users: UsersUnderTest, password: str) -> None:
    hashed = await users.resources.accounts.hasher.hash(password)
    async with users.database.transaction() as session:
        await import_users(session, [ImportedUser("x@reservei.example", "X", hashed)])
    assert (await users.sign_in("x@reservei.example", password))["__typename"] == "SignInSuccess"
    assert (await users.sign_in("x@reservei.example", f"{password} "))["__typename"] == "InvalidCredentials"


@pytest.mark.parametrize("password", ["\x00" * 12, "a\ud800" * 10, "", "x" * 100_000])
async def test_a_strange_password_is_wrong_and_nothing_else(users: UsersUnderTest, password: str) -> None:
    await users.add()
    assert (await users.sign_in(password=password))["__typename"] == "InvalidCredentials"


@pytest.mark.parametrize("email", ["not an address", "a@b", "ana@reservei.example\u0000", "x" * 300 + "@a.example", ""])
async def test_a_malformed_address_is_a_clear_error(users: UsersUnderTest, email: str) -> None:
    response = await users.execute(
        """mutation($email: Email!) { signIn(input: {email: $email, password: "x"}) { __typename } }""",
        {"email": email},
    )
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "address" in response["errors"][0]["message"]


def _templates() -> MailTemplates:
    return MailTemplates({"users": Path(subgraphs.users.__path__[0]) / "mail"})


@pytest.mark.parametrize(("locale", "language"), [("PT_BR", "pt-BR"), ("EN", "en")])
async def test_every_mail_renders_in_both_languages(users: UsersUnderTest, locale: str, language: str) -> None:
    await users.sign_up(locale=locale)
    verification = (await users.mails())[-1]
    await users.data(
        """mutation($token: String!) { verifyEmail(input: {token: $token}) { __typename } }""",
        {"token": verification.context["token"]},
    )
    await users.sign_up(locale=locale)
    await users.data("""mutation { requestPasswordReset(input: {email: "ana@reservei.example"}) { __typename } }""")
    reset = (await users.mails())[-1]
    await users.data(
        """mutation($token: String!) { resetPassword(input: {token: $token, newPassword: "bem nova e longa"}) {
          __typename } }""",
        {"token": reset.context["token"]},
    )
    mails = await users.mails()
    names = ["verify_email", "sign_up_attempt", "reset_password"]
    assert [mail.template for mail in mails] == [f"users/{name}" for name in names]
    subjects = set()
    for mail in mails:
        assert mail.locale == language
        message = _templates().render(mail, sender="noreply@reservei.example")
        assert mail.context["link"] in message.get_content()
        subjects.add(message["Subject"])
    assert len(subjects) == 3


async def test_housekeeping_removes_what_nobody_can_use_and_nothing_else(users: UsersUnderTest) -> None:
    await users.add()
    await users.sign_up(email="never-verified@reservei.example")
    ended = await users.sign_in()
    await users.refresh(ended["refreshToken"])
    users.clock.move(days=29)
    living = await users.sign_in()
    async with users.database.transaction() as session:
        await keys.rotate(session, KeyVault.of(users.platform), users.settings, users.clock())
    users.clock.move(days=35)
    living = await users.sign_in()
    async with users.database.transaction() as session:
        removed = await housekeeping.purge(session, users.clock())
    assert removed >= 3
    async with users.database.read() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (OneTimeToken, UserSession, RefreshToken, SigningKey, User)
        ]
    # The session of day 29 expired at day 59 and is remembered; that of day 0 expired at day 30, 34 days ago.
    assert counts == [0, 2, 2, 1, 2]
    assert (await users.refresh(living["refreshToken"]))["__typename"] == "SignInSuccess"


async def test_housekeeping_goes_on_by_itself_and_survives_a_failure(
    users: UsersUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await users.sign_up()
    async with users.database.transaction() as session:
        await session.execute(update(OneTimeToken).values(expires_at=utc_now() - timedelta(days=1)))
        await session.execute(update(SigningKey).values(signs_from=utc_now() - timedelta(days=31)))
    rotate_if_due, failures = keys.rotate_if_due, []

    async def fails_once(*args: Any) -> bool:
        if not failures:
            failures.append(1)
            raise OperationalError("SELECT", None, OSError("the database is away"))
        return await rotate_if_due(*args)

    monkeypatch.setattr(keys, "rotate_if_due", fails_once)
    settings = users.settings.model_copy(update={"housekeeping_seconds": 0.01})
    work = asyncio.create_task(keep_house(users.database, KeyVault.of(users.platform), settings))

    async def done() -> bool:
        async with users.database.read() as session:
            tokens = await session.scalar(select(func.count()).select_from(OneTimeToken))
            published = await session.scalar(select(func.count()).select_from(SigningKey))
        return (tokens, published) == (0, 2)

    try:
        await eventually(done)
    finally:
        work.cancel()
        await asyncio.wait([work])
    assert failures


def test_every_type_field_argument_and_value_is_described() -> None:
    from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

    from subgraphs.users.schema import schema

    built = build_schema(schema.as_str(), assume_valid=True)
    missing = []
    for name, type_ in built.type_map.items():
        if name.startswith("_") or (name in {"Query", "Mutation"} and not type_.fields):
            continue
        if isinstance(type_, GraphQLEnumType):
            missing += [f"{name}.{value}" for value, entry in type_.values.items() if not entry.description]
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in type_.fields.items():
                if field_name.startswith("_"):
                    continue
                missing += [] if field.description else [f"{name}.{field_name}"]
                missing += [
                    f"{name}.{field_name}({argument})"
                    for argument, entry in getattr(field, "args", {}).items()
                    if not entry.description
                ]
    assert missing == []
