"""The SQL of the users domain: plain functions, whose session type says whether they write.

Rows are locked in this order: user, session, refresh token. The one exception is a refresh, which takes the token
first and then its session; nothing else locks a refresh token of a living session, so the orders never meet.
"""
