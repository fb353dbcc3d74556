"""Enums of the notifications domain, with the descriptions that GraphiQL shows."""

from enum import Enum

import strawberry

from subgraphs.notifications import kinds

_K, _C = kinds.Kind, kinds.Channel


@strawberry.enum(description="What a notification is about.")
class NotificationKind(Enum):
    """``kinds.Kind`` with descriptions."""

    BOOKING_CONFIRMED = strawberry.enum_value(_K.BOOKING_CONFIRMED, description="A booking is sold and paid.")
    BOOKING_FAILED = strawberry.enum_value(_K.BOOKING_FAILED, description="A booking did not come about.")
    BOOKING_CANCELLED = strawberry.enum_value(_K.BOOKING_CANCELLED, description="A booking was called off.")
    BOOKING_CHANGED = strawberry.enum_value(_K.BOOKING_CHANGED, description="A booked stay has changed.")
    PAYMENT_DUE = strawberry.enum_value(_K.PAYMENT_DUE, description="A booking waits to be paid, by PIX say.")
    CHECK_IN_REMINDER = strawberry.enum_value(_K.CHECK_IN_REMINDER, description="A stay begins within a day.")
    REVIEW_REQUEST = strawberry.enum_value(_K.REVIEW_REQUEST, description="A stay is over: how was it?")
    MISSION_COMPLETED = strawberry.enum_value(_K.MISSION_COMPLETED, description="A mission is completed.")
    LEVEL_UP = strawberry.enum_value(_K.LEVEL_UP, description="A higher level is reached.")
    COUPON_GRANTED = strawberry.enum_value(_K.COUPON_GRANTED, description="There is a new coupon.")
    NEW_SIGN_IN = strawberry.enum_value(
        _K.NEW_SIGN_IN, description="Somebody signed in from a new device. Cannot be switched off."
    )
    PASSWORD_CHANGED = strawberry.enum_value(
        _K.PASSWORD_CHANGED, description="The password is another one. Cannot be switched off."
    )
    CAMPAIGN = strawberry.enum_value(_K.CAMPAIGN, description="Advertising. Off unless switched on.")
    DIGEST = strawberry.enum_value(_K.DIGEST, description="The daily mail that gathers others.")


@strawberry.enum(description="A way to a traveler.")
class NotificationChannel(Enum):
    """``kinds.Channel`` with descriptions."""

    IN_APP = strawberry.enum_value(_C.IN_APP, description="In the app: `User.notifications`.")
    EMAIL = strawberry.enum_value(_C.EMAIL, description="A mail to the account's address.")
    SMS = strawberry.enum_value(_C.SMS, description="An SMS to the phone number in the preferences.")
    PUSH = strawberry.enum_value(_C.PUSH, description="Web push to every registered browser.")


@strawberry.enum(description="What became of a delivery.")
class DeliveryState(Enum):
    """``models.Delivery.state`` with descriptions."""

    PENDING = strawberry.enum_value("PENDING", description="In the queue, for the first time or again.")
    HELD = strawberry.enum_value("HELD", description="Waits for the traveler's daily digest.")
    SENT = strawberry.enum_value("SENT", description="The provider has taken it.")
    DIGESTED = strawberry.enum_value("DIGESTED", description="Became part of a digest.")
    DEAD = strawberry.enum_value("DEAD", description="Given up; see `reason`.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Not sent: too late, switched off, or refused.")
    BOUNCED = strawberry.enum_value("BOUNCED", description="Was sent and came back.")


@strawberry.enum(description="What became of one attempt at a delivery.")
class AttemptOutcome(Enum):
    """``models.DeliveryAttempt.outcome`` with descriptions."""

    UNKNOWN = strawberry.enum_value("UNKNOWN", description="Under way, or nobody knows: we were cut off.")
    SENT = strawberry.enum_value("SENT", description="The provider has taken it.")
    RETRY = strawberry.enum_value("RETRY", description="Not now; it was or will be tried again.")
    REFUSED = strawberry.enum_value("REFUSED", description="Refused for good.")
