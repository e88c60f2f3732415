"""The hospital's own Python environment: Buildbot, pynetdicom and what they need.

`python3 -m sandbox.venv FOLDER` makes one ahead of time; WARDROOM_SANDBOX_VENV=FOLDER shares it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.layout import SOURCE
from sandbox.mortal import wrapped
from sandbox.sentences import ROOMY_BYTES, Problem, about_disk, require_space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.layout import Layout

LOCK = SOURCE / "requirements.lock"
NEEDED_BYTES = ROOMY_BYTES


def place(layout: Layout) -> Path:
    """Return where the environment is, or shall be."""
    shared = os.environ.get("WARDROOM_SANDBOX_VENV")
    return Path(shared).resolve() if shared else layout.sandbox / "venv"


def ensure(folder: Path, say: Callable[[str], None]) -> Path:
    """Return the environment's Python; installs what is missing, once, and says so."""
    with _alone(folder):
        if not _is_ready(folder):
            _install(folder, say)
    return folder / "bin" / "python"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp() -> str:
    inside = f"{sys.version_info.major}.{sys.version_info.minor}\n".encode()
    return hashlib.sha256(LOCK.read_bytes() + inside).hexdigest()


def _is_ready(folder: Path) -> bool:
    mark = folder / "installed"
    return mark.exists() and mark.read_text("utf-8") == _stamp()


def _install(folder: Path, say: Callable[[str], None]) -> None:
    require_space(folder.parent, NEEDED_BYTES)
    names = [
        line.partition("==")[0] for line in LOCK.read_text("utf-8").splitlines() if "==" in line
    ]
    say(f"Installing {len(names)} packages for the hospital's CI and DICOM, once: about a minute")
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)], lambda _: None, _no_venv)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    seen: list[str] = []

    def progress(line: str) -> None:
        if line.startswith("Collecting "):
            seen.append(line.split()[1].partition("==")[0])
            if len(seen) % 10 == 0:
                say(f"  {len(seen)} of {len(names)}: {seen[-1]}")
        elif line.startswith("Installing collected"):
            say("  unpacking")

    wanted = ["--no-deps", "--require-hashes", "--progress-bar", "off", "-r", str(LOCK)]
    _run([*pip, "install", *wanted], progress, _no_packages)
    _run([*pip, "check"], lambda _: None, _no_packages)
    (folder / "installed").write_text(_stamp(), "utf-8")


def _run(
    command: list[str], heed: Callable[[str], None], problem: Callable[[str], Problem]
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        wrapped(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment,
        process_group=0,
    ) as process:
        last = ""
        try:
            for line in process.stdout or ():
                heed(line)
                last = line.strip() or last
                if "No space left on device" in line:
                    last = "No space left on device"
                    break
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # pip and venv have helpers of their own
            raise
    if process.returncode:
        raise problem(last)


def _no_venv(last: str) -> Problem:
    return Problem(
        "This Python cannot make a virtual environment: install its venv package (Debian: apt"
        f" install python3-venv) and run this again. It said: {last}"
    )


def _no_packages(last: str) -> Problem:
    return Problem(
        "The hospital's packages could not be installed: check the disk and the way to your"
        f" package index, and run this again. pip said: {last}"
    )


def main(folder: str) -> int:
    """Make the environment in a folder; returns the exit code."""
    try:
        ensure(Path(folder).resolve(), lambda text: print(text, flush=True))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as error:
        print(about_disk(error, Path(folder)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
