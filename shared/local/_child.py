"""Becomes another program after tying its life to ours: ``_child.py SIGNAL PARENT UID GID ARGUMENT...``

Run as a script with ``python -I -S`` (15 ms), because doing this in ``preexec_fn`` would run Python between fork and
exec of a process that has threads, which may deadlock. It must import nothing of the project: after the change of
user it may not be allowed to read it.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def _main() -> None:
    death_signal, parent, uid, gid = (int(argument) for argument in sys.argv[1:5])
    command = sys.argv[5:]
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, because that change clears the setting; exec keeps it.
    if libc is not None and libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # it died before we asked to be told
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  the command is our own caller's


_main()
