"""Coupons: discounts with a code, what they are good for, and who has used them.

- ``models``: the tables.
- ``rules``: whether a coupon counts for a booking, and what it takes off. Pure.
- ``repository``: the statements; a use is taken by one conditional UPDATE.
- ``desk``: the use cases.
"""
