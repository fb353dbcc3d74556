"""Payments: what travelers pay, through which provider, and the double-entry ledger that accounts for it.

``service`` is what the rest of the domain calls; ``provider`` is what a payment company must offer; ``sandbox`` and
``stripe_provider`` are two of those.
"""
