"""The statements of the hotels domain: all of its SQL, and nothing but SQL.

Locks are always taken in this order: the directory lock, hotels by id, destinations by id, nights by key.
"""
