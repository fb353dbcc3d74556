"""Mutations of the users domain."""
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from typing import Annotated

import strawberry

from shared.auth import Role
from shared.graphql import BadUserInput, Forbidden, parse_id
from subgraphs.users import models
from subgraphs.users.accounts import SignedIn
from subgraphs.users.identity import InvalidValue
from subgraphs.users.schema.inputs import (
    ChangePasswordInput,
    DeleteMyAccountInput,
    RefreshSessionInput,
    RequestEmailVerificationInput,
    RequestPasswordResetInput,
    ResetPasswordInput,
    SetUserRolesInput,
    SignInInput,
    SignOutInput,
    SignUpInput,
    UpdateProfileInput,
    VerifyEmailInput,
)
from subgraphs.users.schema.outcomes import (
    AccountDeleted,
    AdministratorAccount,
    AlreadyRefreshed,
    ChangePasswordResult,
    DeleteMyAccountResult,
    EmailVerified,
    ExpiredLink,
    InvalidCredentials,
    MailRequestAccepted,
    PasswordChanged,
    RefreshSessionResult,
    RefusesInput,
    RequestMailResult,
    ResetPasswordResult,
    SessionEnded,
    SetUserRolesResult,
    SignInResult,
    SignInSuccess,
    SignOutResult,
    SignOutSuccess,
    SignUpAccepted,
    SignUpResult,
    TooManyAttempts,
    UnknownUser,
    UpdateProfileResult,
    UserUpdated,
    VerifyEmailResult,
    say,
)
from subgraphs.users.schema.types import Info, User
from subgraphs.users.service import outcomes, profiles
from subgraphs.users.service.outcomes import Device
from subgraphs.users.service.profiles import UNCHANGED


@strawberry.type
class Mutation:
    """What one can do as a user, or to one."""

    @strawberry.mutation(
        description=(
            "Open an account. Anybody may. The answer is the same for a new and for a known address; the mail that "
            "follows tells its owner. Repeating it sends another mail and creates no second account."
        ),
        extensions=[RefusesInput()],
    )
    async def sign_up(
        self, info: Info, input: Annotated[SignUpInput, strawberry.argument(description="Who signs up.")]
    ) -> SignUpResult:
        caller = info.context.caller
        refusal = await info.context.accounts.sign_up(
            email=input.email,
            password=input.password,
            display_name=input.display_name,
            locale=caller.locale if input.locale is None else input.locale.tag,
            time_zone=input.time_zone,
            address=caller.address,
        )
        if refusal is not None:
            return TooManyAttempts.of(refusal, info)
        return SignUpAccepted(message=say(info, "sign_up_accepted"))

    @strawberry.mutation(
        description=(
            "Begin a session with e-mail and password. Anybody may; failures are limited per account and per internet "
            "address. Each success begins another session."
        ),
        extensions=[RefusesInput()],
    )
    async def sign_in(
        self, info: Info, input: Annotated[SignInInput, strawberry.argument(description="Who signs in.")]
    ) -> SignInResult:
        outcome = await info.context.accounts.sign_in(email=input.email, password=input.password, device=_device(info))
        if isinstance(outcome, SignedIn):
            return SignInSuccess.of(outcome)
        if isinstance(outcome, outcomes.TooManyAttempts):
            return TooManyAttempts.of(outcome, info)
        return InvalidCredentials(message=say(info, "invalid_credentials"))

    @strawberry.mutation(
        description=(
            "Exchange a refresh token for a new access token and the next refresh token. Whoever holds the token may. "
            "Not idempotent: a refresh token works once. One that comes again within seconds answers "
            "`AlreadyRefreshed`; one that comes again later was stolen, and ends the session for everybody."
        )
    )
    async def refresh_session(
        self, info: Info, input: Annotated[RefreshSessionInput, strawberry.argument(description="The session.")]
    ) -> RefreshSessionResult:
        outcome = await info.context.accounts.refresh(refresh_token=input.refresh_token)
        if isinstance(outcome, SignedIn):
            return SignInSuccess.of(outcome)
        if isinstance(outcome, outcomes.AlreadyRefreshed):
            return AlreadyRefreshed(message=say(info, "already_refreshed"))
        return SessionEnded(message=say(info, "session_ended"))

    @strawberry.mutation(
        description=(
            "End one session: this one, another of one's own, or the one of a refresh token. For signed-in users, and "
            "for whoever holds the refresh token. Repeating it changes nothing. Access tokens that were issued "
            "already run out within minutes."
        ),
        extensions=[RefusesInput()],
    )
    async def sign_out(
        self,
        info: Info,
        input: Annotated[SignOutInput | None, strawberry.argument(description="Which session.")] = None,
    ) -> SignOutResult:
        target = input or SignOutInput()
        if target.refresh_token is not None and target.session_id is not None:
            raise InvalidValue("sessionId", "sign_out_target")
        sessions = info.context.accounts.sessions
        if target.refresh_token is not None:
            async with info.context.database.transaction() as session:
                ended = await sessions.end_by_refresh_token(session, target.refresh_token)
            return SignOutSuccess(ended_session_count=int(ended))
        principal = info.context.require_principal()
        session_id = principal.session_id if target.session_id is None else parse_id(target.session_id, "sessionId")
        if session_id is None:
            raise BadUserInput("This access token belongs to no session. Name one.", field="sessionId")
        async with info.context.database.transaction() as session:
            ended = await sessions.end(session, user_id=principal.user_id, session_id=session_id)
        return SignOutSuccess(ended_session_count=int(ended))

    @strawberry.mutation(
        description=(
            "End every session of the signed-in user, this one included. Repeating it changes nothing. Access tokens "
            "that were issued already run out within minutes."
        )
    )
    async def sign_out_everywhere(self, info: Info) -> SignOutResult:
        user_id = info.context.require_principal().user_id
        async with info.context.database.transaction() as session:
            count = await info.context.accounts.sessions.end_all(session, user_id=user_id)
        return SignOutSuccess(ended_session_count=count)

    @strawberry.mutation(
        description=(
            "Change the signed-in user's own profile. Fields that are not given stay as they are. Repeating it "
            "changes nothing."
        ),
        extensions=[RefusesInput()],
    )
    async def update_profile(
        self, info: Info, input: Annotated[UpdateProfileInput, strawberry.argument(description="What to change.")]
    ) -> UpdateProfileResult:
        principal = info.context.require_principal()
        async with info.context.database.transaction() as session:
            outcome = await profiles.update_profile(
                session,
                user_id=principal.user_id,
                display_name=UNCHANGED if input.display_name is None else input.display_name.value,
                avatar_url=UNCHANGED if input.avatar_url is None else input.avatar_url.value,
                locale=UNCHANGED if input.locale is None else input.locale.value.tag,
                time_zone=UNCHANGED if input.time_zone is None else input.time_zone.value,
            )
        if isinstance(outcome, models.User):
            return UserUpdated(user=User(row=outcome))
        return UnknownUser(message=say(info, "unknown_user"))

    @strawberry.mutation(
        description=(
            "Change the signed-in user's own password. Needs the present one, whose failures count like failed "
            "sign-ins. Ends the user's other sessions. Not idempotent: the second call would need the new password."
        ),
        extensions=[RefusesInput()],
    )
    async def change_password(
        self, info: Info, input: Annotated[ChangePasswordInput, strawberry.argument(description="Both passwords.")]
    ) -> ChangePasswordResult:
        principal = info.context.require_principal()
        outcome = await info.context.accounts.change_password(
            user_id=principal.user_id,
            session_id=principal.session_id,
            current=input.current_password,
            new=input.new_password,
            address=info.context.caller.address,
        )
        if isinstance(outcome, models.User):
            return PasswordChanged(user=User(row=outcome))
        if isinstance(outcome, outcomes.TooManyAttempts):
            return TooManyAttempts.of(outcome, info)
        if isinstance(outcome, outcomes.InvalidCredentials):
            return InvalidCredentials(message=say(info, "wrong_password"))
        return UnknownUser(message=say(info, "unknown_user"))

    @strawberry.mutation(
        description=(
            "Delete the signed-in user's own account, for good. Needs the password, whose failures count like failed "
            "sign-ins. Personal data is erased here and in every other domain, and all sessions end; bookings stay, "
            "without a name. Administrators cannot. Repeating it answers `UnknownUser` and changes nothing."
        )
    )
    async def delete_my_account(
        self, info: Info, input: Annotated[DeleteMyAccountInput, strawberry.argument(description="The password.")]
    ) -> DeleteMyAccountResult:
        outcome = await info.context.accounts.delete_account(
            user_id=info.context.require_principal().user_id,
            password=input.password,
            address=info.context.caller.address,
        )
        if isinstance(outcome, models.User):
            assert outcome.deleted_at is not None, "the outcome of a deletion"
            return AccountDeleted(deleted_at=outcome.deleted_at)
        if isinstance(outcome, outcomes.TooManyAttempts):
            return TooManyAttempts.of(outcome, info)
        if isinstance(outcome, outcomes.InvalidCredentials):
            return InvalidCredentials(message=say(info, "wrong_password"))
        if isinstance(outcome, outcomes.AdministratorAccount):
            return AdministratorAccount(message=say(info, "administrator_account"))
        return UnknownUser(message=say(info, "unknown_user"))

    @strawberry.mutation(
        description=(
            "Ask for a mail with a link to choose a new password. Anybody may, a few times an hour. The answer is the "
            "same for every address. Repeating it sends another mail; the earlier links stay good."
        ),
        extensions=[RefusesInput()],
    )
    async def request_password_reset(
        self, info: Info, input: Annotated[RequestPasswordResetInput, strawberry.argument(description="Whom to mail.")]
    ) -> RequestMailResult:
        refusal = await info.context.accounts.request_password_reset(
            email=input.email, address=info.context.caller.address
        )
        if refusal is not None:
            return TooManyAttempts.of(refusal, info)
        return MailRequestAccepted(message=say(info, "mail_accepted"))

    @strawberry.mutation(
        description=(
            "Choose a new password with the token of a mail, which also proves the mailbox. Whoever holds the token "
            "may, once. Ends every session of the user."
        ),
        extensions=[RefusesInput()],
    )
    async def reset_password(
        self, info: Info, input: Annotated[ResetPasswordInput, strawberry.argument(description="Token and password.")]
    ) -> ResetPasswordResult:
        outcome = await info.context.accounts.reset_password(token=input.token, new=input.new_password)
        if isinstance(outcome, models.User):
            return PasswordChanged(user=User(row=outcome, is_own=True))
        return ExpiredLink(message=say(info, "expired_link"))

    @strawberry.mutation(
        description=(
            "Ask for another mail that confirms an address. Anybody may, a few times an hour. The answer is the same "
            "for every address. Repeating it sends another mail; the earlier links stay good."
        ),
        extensions=[RefusesInput()],
    )
    async def request_email_verification(
        self,
        info: Info,
        input: Annotated[RequestEmailVerificationInput, strawberry.argument(description="Whom to mail.")],
    ) -> RequestMailResult:
        refusal = await info.context.accounts.request_email_verification(
            email=input.email, address=info.context.caller.address
        )
        if refusal is not None:
            return TooManyAttempts.of(refusal, info)
        return MailRequestAccepted(message=say(info, "mail_accepted"))

    @strawberry.mutation(description="Confirm an address with the token of a mail. Whoever holds the token may, once.")
    async def verify_email(
        self, info: Info, input: Annotated[VerifyEmailInput, strawberry.argument(description="The token.")]
    ) -> VerifyEmailResult:
        async with info.context.database.transaction() as session:
            outcome = await info.context.accounts.registration.verify_email(session, token=input.token)
        if isinstance(outcome, models.User):
            return EmailVerified(user=User(row=outcome, is_own=True))
        return ExpiredLink(message=say(info, "expired_link"))

    @strawberry.mutation(
        description=(
            "Give a user exactly these roles. For administrators, who cannot take `ADMIN` from themselves. Repeating "
            "it changes nothing. The user's access tokens carry the new roles after their next refresh, within minutes."
        ),
        extensions=[RefusesInput()],
    )
    async def set_user_roles(
        self, info: Info, input: Annotated[SetUserRolesInput, strawberry.argument(description="Whose, and which.")]
    ) -> SetUserRolesResult:
        actor = info.context.require_role(Role.ADMIN)
        user_id = parse_id(input.user_id, "userId")
        async with info.context.database.transaction() as session:
            try:
                outcome = await profiles.set_roles(
                    session, actor_id=actor.user_id, user_id=user_id, roles={name.role for name in input.roles}
                )
            except profiles.NotAnAdministrator:
                raise Forbidden from None
        if isinstance(outcome, models.User):
            return UserUpdated(user=User(row=outcome))
        return UnknownUser(message=say(info, "unknown_user"))


def _device(info: Info) -> Device:
    caller = info.context.caller
    return Device(user_agent=caller.headers.get("user-agent"), address=caller.address)
