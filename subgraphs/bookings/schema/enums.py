"""Enums of the bookings domain, with the descriptions that GraphiQL shows."""

from enum import Enum

import strawberry

from subgraphs.bookings.booking import aggregate
from subgraphs.bookings.payments import models as payments
from subgraphs.bookings.repository import sagas

_State = aggregate.BookingState


@strawberry.enum(description="Where a booking stands.")
class BookingState(Enum):
    """``aggregate.BookingState`` with descriptions."""

    PENDING = strawberry.enum_value(_State.PENDING, description="Asked for; the hotel's rooms are being reserved.")
    HELD = strawberry.enum_value(_State.HELD, description="The rooms are kept until `payBy`; the payment is due.")
    AUTHORIZED = strawberry.enum_value(_State.AUTHORIZED, description="The money is there; the rooms are being sold.")
    CONFIRMED = strawberry.enum_value(_State.CONFIRMED, description="The rooms are sold and paid.")
    CHECKED_IN = strawberry.enum_value(_State.CHECKED_IN, description="The guests are there.")
    CHECKED_OUT = strawberry.enum_value(_State.CHECKED_OUT, description="The guests have left.")
    NO_SHOW = strawberry.enum_value(_State.NO_SHOW, description="The guests never came.")
    CANCELLED = strawberry.enum_value(_State.CANCELLED, description="Called off; see `cancellation`.")
    EXPIRED = strawberry.enum_value(_State.EXPIRED, description="Not paid in time; the rooms are free again.")
    FAILED = strawberry.enum_value(_State.FAILED, description="It did not come about; see `failureReason`.")


@strawberry.enum(description="Why a booking did not come about.")
class BookingFailureReason(Enum):
    """``events.FailureReason`` with descriptions."""

    SOLD_OUT = strawberry.enum_value("sold_out", description="The rooms were not free on every night.")
    HOLD_LOST = strawberry.enum_value("hold_lost", description="The rooms were given up before they were paid.")
    POINTS_REFUSED = strawberry.enum_value("points_refused", description="The traveler has fewer points than that.")
    PAYMENT_DECLINED = strawberry.enum_value("payment_declined", description="The traveler's bank declined.")
    PAYMENT_FAILED = strawberry.enum_value("payment_failed", description="The payment did not succeed.")
    UNAVAILABLE = strawberry.enum_value("unavailable", description="Something on our side did not answer in time.")


@strawberry.enum(description="Why a coupon does not count for a booking.")
class CouponRejectionReason(Enum):
    """``coupons.rules.Rejection`` with descriptions."""

    UNKNOWN = strawberry.enum_value("unknown", description="There is no coupon with this code.")
    NOT_YOURS = strawberry.enum_value("not_yours", description="It belongs to another traveler.")
    NOT_YET_VALID = strawberry.enum_value("not_yet_valid", description="Its time has not come.")
    EXPIRED = strawberry.enum_value("expired", description="Its time is over, or it was withdrawn.")
    USED_UP = strawberry.enum_value("used_up", description="It was used as often as it can be.")
    MINIMUM_NOT_REACHED = strawberry.enum_value("minimum_not_reached", description="The rooms cost too little.")
    WRONG_CURRENCY = strawberry.enum_value("wrong_currency", description="It is for prices in another currency.")


@strawberry.enum(description="Where a coupon stands.")
class CouponStatus(Enum):
    """What a coupon is good for at a moment."""

    VALID = strawberry.enum_value("valid", description="It can be used.")
    NOT_YET_VALID = strawberry.enum_value("not_yet_valid", description="Its time has not come.")
    EXPIRED = strawberry.enum_value("expired", description="Its time is over.")
    USED_UP = strawberry.enum_value("used_up", description="It was used as often as it can be.")
    WITHDRAWN = strawberry.enum_value("withdrawn", description="Nobody can use it any more.")


@strawberry.enum(description="A way of paying.")
class PaymentMethod(Enum):
    """The methods."""

    CARD = strawberry.enum_value("card", description="Credit card, at once or in instalments.")
    PIX = strawberry.enum_value("pix", description="PIX, paid by a QR code within minutes.")
    BOLETO = strawberry.enum_value("boleto", description="Boleto, paid at a bank within days.")


_Payment = payments.PaymentState


@strawberry.enum(description="Where a payment stands.")
class PaymentState(Enum):
    """``payments.PaymentState`` with descriptions."""

    PENDING = strawberry.enum_value(_Payment.PENDING, description="Not decided yet.")
    ACTION_REQUIRED = strawberry.enum_value(
        _Payment.ACTION_REQUIRED, description="The traveler must act: see `action`."
    )
    AUTHORIZED = strawberry.enum_value(_Payment.AUTHORIZED, description="The money is reserved.")
    CAPTURED = strawberry.enum_value(_Payment.CAPTURED, description="The money is taken.")
    DECLINED = strawberry.enum_value(_Payment.DECLINED, description="The traveler's bank declined.")
    FAILED = strawberry.enum_value(_Payment.FAILED, description="It did not succeed.")
    VOIDED = strawberry.enum_value(_Payment.VOIDED, description="Given up; nothing was taken.")
    EXPIRED = strawberry.enum_value(_Payment.EXPIRED, description="Not paid in time.")


@strawberry.enum(description="What a traveler has to do to pay.")
class PaymentActionKind(Enum):
    """The kinds of actions."""

    THREE_D_SECURE = strawberry.enum_value("three_d_secure", description="Pass the bank's check at `url`.")
    PIX = strawberry.enum_value("pix", description="Pay `pixCode`.")
    BOLETO = strawberry.enum_value("boleto", description="Pay `boletoLine`.")


@strawberry.enum(description="What a saga does.")
class SagaKind(Enum):
    """The kinds of ``repository.sagas`` with descriptions."""

    SALE = strawberry.enum_value(sagas.SALE, description="Sells a booking.")
    CHANGE = strawberry.enum_value(sagas.CHANGE, description="Changes the stay of a booking that is sold.")


@strawberry.enum(description="Where the saga of a booking stands.")
class SagaState(Enum):
    """The states of ``repository.sagas`` with descriptions."""

    RUNNING = strawberry.enum_value(sagas.RUNNING, description="On its way to a sale, or to another stay.")
    COMPENSATING = strawberry.enum_value(sagas.COMPENSATING, description="Undoing what was done.")
    COMPLETED = strawberry.enum_value(sagas.COMPLETED, description="Sold, or changed.")
    COMPENSATED = strawberry.enum_value(sagas.COMPENSATED, description="All is undone.")
    STUCK = strawberry.enum_value(sagas.STUCK, description="It failed too often: a person has to look.")
