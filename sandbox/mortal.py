"""Processes that die with whoever started them, even when that one was killed outright.

As a script it runs any command so: `python -I -S mortal.py PARENT-PID COMMAND...`. The wish is
stated after the fork and survives the exec, so the command itself need not know. Linux only;
elsewhere a killed parent leaves its children to the next start.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; leave now if it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


def wrapped(command: Sequence[str]) -> list[str]:
    """Return the command line of a command that dies with this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main(parent: int, command: list[str]) -> None:
    """Become the command."""
    die_with(parent)
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is the whole purpose
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
