"""Use cases of the notifications domain. None of them commits."""
