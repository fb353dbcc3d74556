"""Inputs of the notifications domain."""

import strawberry

from shared.graphql import Url
from subgraphs.notifications.kinds import Channel, Kind
from subgraphs.notifications.schema.enums import NotificationChannel, NotificationKind
from subgraphs.notifications.service.choosing import Changes


@strawberry.input(description="Whether a kind of notification is to come by a channel.")
class PreferenceInput:
    """A choice."""

    kind: NotificationKind = strawberry.field(description="What it is about.")
    channel: NotificationChannel = strawberry.field(description="How it comes.")
    is_enabled: bool = strawberry.field(description="Whether it is to come.")


@strawberry.input(description="A daily span in which nothing disturbs that can wait. It may go over midnight.")
class QuietHoursInput:
    """Quiet hours, in the traveler's time zone."""

    starts_at: str = strawberry.field(description="Local time, `HH:MM`, such as `22:00`.")
    ends_at: str = strawberry.field(description="Local time, `HH:MM`, such as `07:30`.")


@strawberry.input(description="What to change; what is left out stays as it is.")
class UpdateNotificationPreferencesInput:
    """Choices of the caller."""

    preferences: list[PreferenceInput] = strawberry.field(
        default_factory=list, description="Kinds by channels; the others stay. The last one counts."
    )
    quiet_hours: QuietHoursInput | None = strawberry.field(
        default=strawberry.UNSET, description="The quiet hours; null removes them."
    )
    has_daily_digest: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether mails that can wait are gathered into one a day."
    )
    phone_number: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where SMS go to, as `+5521987654321`; null removes it."
    )

    def to_changes(self) -> Changes:
        """The same for the use case."""
        quiet, has_digest = self.quiet_hours, self.has_daily_digest
        return Changes(
            choices={(Kind(each.kind.name), Channel(each.channel.name)): each.is_enabled for each in self.preferences},
            has_quiet_hours=None if quiet is strawberry.UNSET else quiet is not None,
            quiet_from=quiet.starts_at if quiet else None,
            quiet_until=quiet.ends_at if quiet else None,
            has_daily_digest=None if has_digest is strawberry.UNSET else has_digest,
            changes_phone_number=self.phone_number is not strawberry.UNSET,
            phone_number=self.phone_number or None,
        )


@strawberry.input(description="The keys of a browser's subscription, as `PushSubscription.toJSON()` gives them.")
class PushKeysInput:
    """Keys of RFC 8291."""

    p256dh: str = strawberry.field(description="The browser's public key, base64url.")
    auth: str = strawberry.field(description="The secret that it shares with us, base64url.")


@strawberry.input(description="A browser's subscription, as `PushSubscription.toJSON()` gives it.")
class RegisterPushSubscriptionInput:
    """A browser."""

    endpoint: Url = strawberry.field(description="Where its push service takes messages.")
    keys: PushKeysInput = strawberry.field(description="What messages to it are encrypted with.")
    label: str | None = strawberry.field(default=None, description="What to call it, up to 80 characters.")
