"""The embedded runtime: real servers under a data directory, without installation and without root.

``runtime.LocalRuntime`` is what the command line uses; ``postgres.EmbeddedPostgres`` and ``valkey.EmbeddedValkey``
alone suit tests. Nothing is imported here, so that ``errors`` costs a command no more than itself.
"""
