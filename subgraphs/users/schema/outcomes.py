"""What the mutations of the users domain can answer."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension

from shared.graphql import InvalidInput, Problem
from subgraphs.users.accounts import SignedIn
from subgraphs.users.identity import InvalidValue
from subgraphs.users.schema.messages import message
from subgraphs.users.schema.types import Info, User
from subgraphs.users.service import outcomes


@strawberry.type(description="We have sent a mail. The answer is the same whether or not the address was known.")
class SignUpAccepted:
    """The answer to every acceptable sign-up."""

    message: str = strawberry.field(description="What to do next, for people.")


@strawberry.type(description="If a mail is due, it is on its way. The answer is the same for every address.")
class MailRequestAccepted:
    """The answer to every request for a mail."""

    message: str = strawberry.field(description="What to do next, for people.")


@strawberry.type(description="The user is signed in.")
class SignInSuccess:
    """Everything a client needs to act for the user."""

    access_token: str = strawberry.field(
        description="Send it with every request: `Authorization: Bearer <accessToken>`."
    )
    expires_at: datetime = strawberry.field(
        description="When the access token stops being valid. Call `refreshSession` a little before."
    )
    refresh_token: str = strawberry.field(
        description="Exchange it for the next pair of tokens with `refreshSession`. It works once; keep it secret."
    )
    refresh_expires_at: datetime = strawberry.field(description="When the session ends if it is not refreshed before.")
    user: User = strawberry.field(description="Who is signed in.")

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        """The answer for a session that was begun or refreshed."""
        return cls(
            access_token=signed_in.access_token.value,
            expires_at=signed_in.access_token.expires_at,
            refresh_token=signed_in.session.refresh_token,
            refresh_expires_at=signed_in.session.refresh_expires_at,
            user=User(row=signed_in.session.user, is_own=True),
        )


@strawberry.type(description="The sessions are ended. Their access tokens run out within minutes.")
class SignOutSuccess:
    """The answer to a sign-out."""

    ended_session_count: int = strawberry.field(
        description="How many sessions this call ended; 0 when they had ended before."
    )


@strawberry.type(description="The user, after the change.")
class UserUpdated:
    """The answer to a change of a user."""

    user: User = strawberry.field(description="The user as they are now.")


@strawberry.type(description="The password is changed. Other sessions of the user have ended.")
class PasswordChanged:
    """The answer to a change of password."""

    user: User = strawberry.field(description="Whose password it is.")


@strawberry.type(
    description=(
        "The account is deleted: personal data is erased, every session has ended, and other users read a "
        "placeholder for the name. Access tokens run out within minutes."
    )
)
class AccountDeleted:
    """The answer to a deletion."""

    deleted_at: datetime = strawberry.field(description="When the account was deleted.")


@strawberry.type(description="The address is confirmed.")
class EmailVerified:
    """The answer to a good verification token."""

    user: User = strawberry.field(description="Whose address it is.")


@strawberry.type(
    description="Unknown address, wrong password, or an address that is not verified yet: we do not say which."
)
class InvalidCredentials(Problem):
    """The same words for every reason."""


@strawberry.type(description="Too many failures for this account or from this internet address.")
class TooManyAttempts(Problem):
    """A limit was reached."""

    retry_after_seconds: int = strawberry.field(description="How long to wait before the next attempt, in seconds.")

    @classmethod
    def of(cls, refusal: outcomes.TooManyAttempts, info: Info) -> Self:
        """The problem for a refused attempt."""
        return cls(message=say(info, "too_many_attempts"), retry_after_seconds=refusal.retry_after_seconds)


@strawberry.type(description="The refresh token leads to no living session: sign in again.")
class SessionEnded(Problem):
    """Expired, signed out, unknown, or ended because a refresh token came twice."""


@strawberry.type(
    description=(
        "The refresh token was exchanged a moment ago, most likely by another tab. Nothing is lost: go on with the "
        "token that the other call received."
    )
)
class AlreadyRefreshed(Problem):
    """The loser of two refreshes at once."""


@strawberry.type(description="The token of a mail is unknown, was used, or is too old.")
class ExpiredLink(Problem):
    """Ask for a new mail."""


@strawberry.type(description="There is no such user.")
class UnknownUser(Problem):
    """The id belongs to nobody."""


@strawberry.type(
    description="Administrators cannot delete their account; another one takes the role `ADMIN` from them first."
)
class AdministratorAccount(Problem):
    """So the platform never loses its last administrator."""


SignUpResult = Annotated[
    SignUpAccepted | InvalidInput | TooManyAttempts,
    strawberry.union("SignUpResult", description="Outcomes of `signUp`."),
]
SignInResult = Annotated[
    SignInSuccess | InvalidCredentials | TooManyAttempts | InvalidInput,
    strawberry.union("SignInResult", description="Outcomes of `signIn`."),
]
RefreshSessionResult = Annotated[
    SignInSuccess | AlreadyRefreshed | SessionEnded,
    strawberry.union("RefreshSessionResult", description="Outcomes of `refreshSession`."),
]
SignOutResult = Annotated[
    SignOutSuccess | InvalidInput, strawberry.union("SignOutResult", description="Outcomes of `signOut`.")
]
UpdateProfileResult = Annotated[
    UserUpdated | InvalidInput | UnknownUser,
    strawberry.union("UpdateProfileResult", description="Outcomes of `updateProfile`."),
]
ChangePasswordResult = Annotated[
    PasswordChanged | InvalidInput | InvalidCredentials | TooManyAttempts | UnknownUser,
    strawberry.union("ChangePasswordResult", description="Outcomes of `changePassword`."),
]
DeleteMyAccountResult = Annotated[
    AccountDeleted | InvalidCredentials | TooManyAttempts | AdministratorAccount | UnknownUser,
    strawberry.union("DeleteMyAccountResult", description="Outcomes of `deleteMyAccount`."),
]
RequestMailResult = Annotated[
    MailRequestAccepted | TooManyAttempts | InvalidInput,
    strawberry.union(
        "RequestMailResult", description="Outcomes of `requestPasswordReset` and `requestEmailVerification`."
    ),
]
ResetPasswordResult = Annotated[
    PasswordChanged | InvalidInput | ExpiredLink,
    strawberry.union("ResetPasswordResult", description="Outcomes of `resetPassword`."),
]
VerifyEmailResult = Annotated[
    EmailVerified | ExpiredLink, strawberry.union("VerifyEmailResult", description="Outcomes of `verifyEmail`.")
]
SetUserRolesResult = Annotated[
    UserUpdated | InvalidInput | UnknownUser,
    strawberry.union("SetUserRolesResult", description="Outcomes of `setUserRoles`."),
]


def say(info: Info, key: str) -> str:
    """The message for ``key`` in the caller's language."""
    return message(info.context.caller.locale, key)


class RefusesInput(FieldExtension):
    """Turns an unacceptable value, which the use case raised before it wrote anything, into ``InvalidInput``."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        try:
            return await next_(source, info, **kwargs)
        except InvalidValue as error:
            return InvalidInput(message=say(info, error.reason), field=error.field)
