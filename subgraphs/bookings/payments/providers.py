"""Which provider takes which method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from subgraphs.bookings.payments.models import MethodKind
from subgraphs.bookings.payments.provider import PaymentProvider


class MethodUnavailable(Exception):
    """Nobody takes this method of payment, or not in this currency or amount."""

    def __init__(self, method: MethodKind, why: str) -> None:
        super().__init__(f"{method} cannot be used here: {why}.")
        self.method = method


class Providers:
    """The providers in use, and the methods that new payments send to each."""

    def __init__(self, providers: Sequence[PaymentProvider], methods: Mapping[MethodKind, PaymentProvider]) -> None:
        """Set up the choice.

        Args:
            providers: All that may have payments of ours, also those that take no new ones.
            methods: Who takes new payments, by method.
        """
        self._by_name = {provider.name: provider for provider in (*providers, *methods.values())}
        self._by_method = dict(methods)

    def named(self, name: str) -> PaymentProvider:
        """The provider of a payment or a webhook. Raises ``KeyError``."""
        return self._by_name[name]

    def for_method(self, kind: MethodKind) -> PaymentProvider:
        """Who takes new payments of this kind. Raises :class:`MethodUnavailable`."""
        if (provider := self._by_method.get(kind)) is None:
            raise MethodUnavailable(kind, "no payment provider takes it")
        return provider

    @property
    def methods(self) -> frozenset[MethodKind]:
        """The methods that can be used."""
        return frozenset(self._by_method)
