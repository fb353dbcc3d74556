"""The one error that the embedded runtime raises for whatever a person at the keyboard can mend."""

from __future__ import annotations


class LocalRuntimeError(Exception):
    """Something outside our code stops a local server: a port, a disk, a version, an address.

    ``what`` is one sentence on what is wrong, ``mend`` one on what to do about it. Together they are the one line
    that the command line prints instead of a traceback.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.what = what
        self.mend = mend
