"""Inputs of the mutations and the search."""

import strawberry

from shared.contracts.users import DEFAULT_TIME_ZONE
from shared.graphql import Email, Url
from subgraphs.users.schema.types import LocaleName, RoleName

_NEW_PASSWORD = "10 to 128 characters, any script; not a common one, and without the user's own name or address."  # noqa: S105


@strawberry.input(description="Who signs up.")
class SignUpInput:
    """Input of ``signUp``."""

    email: Email = strawberry.field(description="The user's address; case does not matter.")
    password: str = strawberry.field(description=_NEW_PASSWORD)
    display_name: str = strawberry.field(description="The name that others see, 1 to 80 characters.")
    locale: LocaleName | None = strawberry.field(
        default=None, description="Language of our mails; by default the one of the request."
    )
    time_zone: str = strawberry.field(
        default=DEFAULT_TIME_ZONE,
        description="Where the user lives, as an IANA time zone: `America/Manaus`. We do not disturb them at night.",
    )


@strawberry.input(description="Who signs in.")
class SignInInput:
    """Input of ``signIn``."""

    email: Email = strawberry.field(description="The user's address; case does not matter.")
    password: str = strawberry.field(description="The user's password.")


@strawberry.input(description="The session to go on with.")
class RefreshSessionInput:
    """Input of ``refreshSession``."""

    refresh_token: str = strawberry.field(description="The newest refresh token of the session.")


@strawberry.input(description="The session to end; without any field, the session of this request.")
class SignOutInput:
    """Input of ``signOut``."""

    session_id: strawberry.ID | None = strawberry.field(
        default=None, description="One of `mySessions`, to sign out another device."
    )
    refresh_token: str | None = strawberry.field(
        default=None, description="Ends its session also when the access token has run out."
    )


@strawberry.input(description="What to change. Fields that are not given stay as they are.")
class UpdateProfileInput:
    """Input of ``updateProfile``."""

    display_name: strawberry.Maybe[str] = strawberry.field(description="The name that others see, 1 to 80 characters.")
    avatar_url: strawberry.Maybe[Url | None] = strawberry.field(
        description="Address of a picture (https); null removes it."
    )
    locale: strawberry.Maybe[LocaleName] = strawberry.field(description="Language of our mails.")
    time_zone: strawberry.Maybe[str] = strawberry.field(
        description="Where the user lives, as an IANA time zone: `America/Manaus`."
    )


@strawberry.input(description="The present and the new password.")
class ChangePasswordInput:
    """Input of ``changePassword``."""

    current_password: str = strawberry.field(description="The present password.")
    new_password: str = strawberry.field(description=_NEW_PASSWORD)


@strawberry.input(description="The proof that the account's owner asks for its end.")
class DeleteMyAccountInput:
    """Input of ``deleteMyAccount``."""

    password: str = strawberry.field(description="The present password.")


@strawberry.input(description="Whom to mail a link to choose a new password.")
class RequestPasswordResetInput:
    """Input of ``requestPasswordReset``."""

    email: Email = strawberry.field(description="The address of the account.")


@strawberry.input(description="A new password, with the proof that came by mail.")
class ResetPasswordInput:
    """Input of ``resetPassword``."""

    token: str = strawberry.field(description="The token from the mail.")
    new_password: str = strawberry.field(description=_NEW_PASSWORD)


@strawberry.input(description="Whom to mail a fresh link that confirms the address.")
class RequestEmailVerificationInput:
    """Input of ``requestEmailVerification``."""

    email: Email = strawberry.field(description="The address to confirm.")


@strawberry.input(description="The proof that came by mail.")
class VerifyEmailInput:
    """Input of ``verifyEmail``."""

    token: str = strawberry.field(description="The token from the mail.")


@strawberry.input(description="Whose roles to set, and which.")
class SetUserRolesInput:
    """Input of ``setUserRoles``."""

    user_id: strawberry.ID = strawberry.field(description="The user.")
    roles: list[RoleName] = strawberry.field(description="All the roles that the user has from now on; at least one.")


@strawberry.input(description="Narrows a search for users. Criteria that are not given match everybody.")
class UserFilter:
    """Filter of ``users``."""

    search: str | None = strawberry.field(
        default=None,
        description=(
            "Part of a name or address, 2 to 100 characters. Case and accents do not matter, and a typing error in "
            "a longer text is forgiven."
        ),
    )
    role: RoleName | None = strawberry.field(default=None, description="Users who have this role.")
    is_email_verified: bool | None = strawberry.field(
        default=None, description="Whether the address is to be confirmed already (true) or not yet (false)."
    )
