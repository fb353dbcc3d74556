"""How often one may try: per account and per client address, counted in Redis over all processes.

Counting happens outside the database transaction, so that a failed attempt counts although its transaction wrote
nothing. An address is counted before an account: what an exhausted address tries costs the account nothing. When
Redis does not answer, its error goes up and the caller gets ``UNAVAILABLE``: unlimited guessing would be worse than
a sign-in that has to wait.
"""

from __future__ import annotations

import ipaddress

from shared.resilience import Rate, RateLimiter
from subgraphs.users.service.outcomes import TooManyAttempts
from subgraphs.users.settings import UsersSettings

_IPV6_NETWORK = 64
"""One customer of a provider holds a whole /64, so that is what counts as an address."""


class Attempts:
    """The limits of this domain. Each ``may_...`` counts an attempt and answers ``None`` when it may go on."""

    def __init__(self, limiter: RateLimiter, settings: UsersSettings) -> None:
        self._limiter = limiter
        self._settings = settings

    async def may_sign_in(self, email_key: str, address: str | None) -> TooManyAttempts | None:
        """Before a password is checked for an e-mail, known or not."""
        return await self._hit_both(
            (_by_address("sign-in", address), self._settings.sign_in_address_rate),
            (_by_account("sign-in", email_key), self._settings.sign_in_account_rate),
        )

    async def signed_in(self, email_key: str, address: str | None) -> None:
        """After a password proved right: only failures should count."""
        await self._limiter.reset(_by_account("sign-in", email_key))
        if (key := _by_address("sign-in", address)) is not None:
            await self._limiter.refund(key, self._settings.sign_in_address_rate)

    async def may_sign_up(self, email_key: str, address: str | None) -> TooManyAttempts | None:
        """Before a sign-up, which costs a password hash and sends a mail."""
        return await self._hit_both(
            (_by_address("sign-up", address), self._settings.sign_up_address_rate),
            (_by_account("mail", email_key), self._settings.mail_account_rate),
        )

    async def may_request_mail(self, email_key: str, address: str | None) -> TooManyAttempts | None:
        """Before a stranger has us mail somebody."""
        return await self._hit_both(
            (_by_address("mail", address), self._settings.mail_address_rate),
            (_by_account("mail", email_key), self._settings.mail_account_rate),
        )

    async def _hit_both(self, *limits: tuple[str | None, Rate]) -> TooManyAttempts | None:
        for key, rate in limits:
            if key is not None and not (decision := await self._limiter.hit(key, rate)).allowed:
                return TooManyAttempts(retry_after_seconds=decision.retry_after)
        return None


def _by_account(action: str, email_key: str) -> str:
    return f"{action}:account:{email_key}"


def _by_address(action: str, address: str | None) -> str | None:
    """``None`` when the call came from inside: there is no address to count."""
    return f"{action}:address:{_network(address)}" if address else None


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
