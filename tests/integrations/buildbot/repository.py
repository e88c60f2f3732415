"""A git repository whose versions the played CI servers build: 1.4.1, 1.4.2 and 1.5.0."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

VERSIONS = ("1.4.1", "1.4.2", "1.5.0")
# Held until the process ends, when its folder goes with it.
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


@cache
def repository() -> tuple[str, dict[str, str]]:
    """Return where it is, and the commit of each version; each process makes one."""
    folder = tempfile.TemporaryDirectory(prefix="wardroom-repository-")
    _FOLDERS.append(folder)
    commits: dict[str, str] = {}
    _git(folder.name, "init", "-q", ".")
    for version in VERSIONS:
        text = f"portal {version}\n\nCo-authored-by: Somebody Else <Else@Hospital.test>"
        _git(folder.name, "commit", "-q", "--allow-empty", "-m", text)
        _git(folder.name, "tag", "-a", f"portal/{version}", "-m", "annotated")
        commits[version] = _git(folder.name, "rev-parse", "HEAD")
    return folder.name, commits


def _git(folder: str | Path, *words: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=T@hospital.test")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
