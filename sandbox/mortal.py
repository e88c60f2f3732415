"""Processes that die with whoever started them, even when that one was killed outright.

As a script it runs any command so: `python -I -S mortal.py PARENT-PID COMMAND...`. On Linux the
wish is stated after the fork and survives the exec, so the command itself need not know. Elsewhere
this process stays beside the command and watches the parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def die_with(parent: int) -> None:
    """Have this process end when its parent does; leave now if it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    else:
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)


def accompany(parent: int, command: Sequence[str]) -> int:
    """Run the command beside this process until it, or the parent, ends; returns its exit code."""
    with subprocess.Popen(command) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        while True:
            try:
                return child.wait(WATCH_SECONDS)
            except subprocess.TimeoutExpired:
                if os.getppid() != parent:
                    child.kill()


def wrapped(command: Sequence[str]) -> list[str]:
    """Return the command line of a command that dies with this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main(parent: int, command: list[str]) -> int:
    """Become the command, or stay with it; returns the exit code."""
    try:
        if sys.platform != "linux":
            return accompany(parent, command)
        die_with(parent)
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is the whole purpose
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
    return 127


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
