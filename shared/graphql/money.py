"""Money: integer minor units inside, a decimal amount with its currency in GraphQL. Never a float."""

from decimal import Decimal, InvalidOperation

import strawberry

from shared.graphql.errors import BadUserInput
from shared.graphql.scalars import CurrencyCode

_EXPONENTS = {"BRL": 2, "USD": 2, "EUR": 2, "ARS": 2, "GBP": 2, "CLP": 0, "JPY": 0, "PYG": 0, "UYU": 2}
"""Digits after the point of the currencies we trade in (ISO 4217)."""

MAX_MINOR = 10**13
"""No single amount of ours comes near 100 billion; more is a mistake or an attack on 64-bit sums."""


def currency_exponent(currency: str) -> int:
    """Digits after the decimal point of ``currency``. Raises ``BadUserInput`` for one we do not trade in."""
    try:
        return _EXPONENTS[currency]
    except KeyError:
        known = ", ".join(sorted(_EXPONENTS))
        raise BadUserInput(f"We do not trade in {currency}. Currencies: {known}.", field="currency") from None


@strawberry.federation.type(shareable=True, description="An amount of money in one currency.")
class Money:
    """What prices, payments and refunds are shown as."""

    amount: Decimal = strawberry.field(description='The amount in whole units of the currency: `"349.90"`.')
    currency: CurrencyCode = strawberry.field(description="The currency, as its ISO 4217 code.")

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> "Money":
        """Money from integer minor units, such as centavos."""
        return cls(
            amount=Decimal(minor).scaleb(-currency_exponent(currency)),
            currency=CurrencyCode(currency),
        )


@strawberry.input(description="An amount of money in one currency.")
class MoneyInput:
    """What a caller pays, asks for or sets as a price."""

    amount: Decimal = strawberry.field(description='The amount in whole units of the currency: `"349.90"`.')
    currency: CurrencyCode = strawberry.field(
        default=CurrencyCode("BRL"), description="The currency, as its ISO 4217 code."
    )

    def to_minor(self, field: str = "amount") -> int:
        """The amount in integer minor units.

        Raises:
            BadUserInput: not a finite number, too many decimals for the currency, or beyond ``MAX_MINOR``.
        """
        exponent = currency_exponent(self.currency)
        try:
            minor = self.amount.scaleb(exponent)
            exact = minor.to_integral_exact()
        except (InvalidOperation, OverflowError, ValueError):
            raise BadUserInput("The amount must be a finite number.", field=field) from None
        if not exact.is_finite() or abs(exact) > MAX_MINOR:
            raise BadUserInput("The amount is out of range.", field=field)
        if exact != minor:
            raise BadUserInput(f"{self.currency} has {exponent} decimals at most.", field=field)
        return int(exact)
