"""The sale of a booking as a persisted saga: hotels keeps the rooms, the provider the money, we the order of things.

- ``table``: the steps, and what follows on what. Read this first.
- ``lifecycle``: how a saga is begun, moved and turned back, within a transaction.
- ``replies``: what other domains answer, as signals to the saga.
- ``executor``: the workers that run due steps.
"""
