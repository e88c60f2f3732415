"""The hospital's git repository: made once, from our sources, the same commits everywhere.

The first commit is `sandbox/services` as it stands, version 1.4.1 of everything. Each later
version is a patch in `sandbox/versions/VERSION/SERVICE.patch`, whose first lines are the commit's
message. Names, dates and settings are fixed, so the commits have the same ids on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.estate import FIRST_VERSION, SERVICES, VERSIONS, author, tag
from sandbox.layout import SOURCE
from sandbox.sentences import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.layout import Layout

# Git as the hospital runs it: whatever this machine or its user has set is not the hospital's.
DEAF = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
WHO = "Hospital Integration <integration@hospital.example>"
# Monday 2 March 2026, 08:00 UTC; each commit a day after the one before.
FIRST_DAY, DAY = 1_772_438_400, 86_400


def require_git() -> None:
    """Raise `Problem` where there is no git."""
    if shutil.which("git") is None:
        raise Problem(
            "The sandbox hospital needs git to hold the sources that its CI builds: install it"
            " (Debian: apt install git; macOS: xcode-select --install) and run this again."
        )


def make(layout: Layout) -> None:
    """Make the repository where there is none yet; half a repository is never left behind."""
    if layout.repository.exists():
        return
    layout.repository.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layout.repository.parent) as folder:
        fresh = Path(folder) / "hospital.git"
        git(None, "init", "--quiet", "--bare", "--template=", str(fresh))
        git(fresh, "symbolic-ref", "HEAD", "refs/heads/main")
        git(fresh, "fast-import", "--quiet", stdin=_first_commit())
        for number, patch in enumerate(patches(), start=1):
            _commit(fresh, patch, number)
        fresh.rename(layout.repository)


def patches() -> Iterator[Path]:
    """Return the patches in the order of the history."""
    for version in VERSIONS[1:]:
        for service in SERVICES:
            yield SOURCE / "versions" / version / f"{service.id}.patch"


def commit_of(layout: Layout, ref: str) -> str:
    """Return the commit that a tag or branch names; `Problem` when there is none."""
    return git(layout.repository, "rev-parse", "--verify", f"{ref}^{{commit}}").decode().strip()


def export(layout: Layout, ref: str, folder: Path) -> None:
    """Put the files of one commit into a folder."""
    archive = git(layout.repository, "archive", "--format=tar", ref)
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def _first_commit() -> bytes:
    day = f"{WHO} {FIRST_DAY} +0000\n"
    head = f"commit refs/heads/main\nauthor {day}committer {day}"
    parts = [head.encode(), _data(b"services: version 1.4.1 of everything\n")]
    for path in sources():
        name = path.relative_to(SOURCE / "services").as_posix()
        parts += [f"M 100644 inline {name}\n".encode(), _data(_text(path))]
    for service in SERVICES:
        parts.append(f"reset refs/tags/{tag(service.id, FIRST_VERSION)}\n".encode())
        parts.append(b"from refs/heads/main\n\n")
    return b"".join(parts)


def sources() -> list[Path]:
    """Return the files of the first commit: what the services run and test with."""
    found = (SOURCE / "services").rglob("*")
    return sorted(path for path in found if path.suffix == ".py" or path.name == "VERSION")


def _text(path: Path) -> bytes:
    # However this tree was checked out, the hospital's repository has plain line ends.
    return path.read_bytes().replace(b"\r\n", b"\n")


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _commit(repository: Path, patch: Path, number: int) -> None:
    message = _text(patch).partition(b"\ndiff --git ")[0].strip() + b"\n"
    day = f"{FIRST_DAY + number * DAY} +0000"
    who = {"GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day}
    if person := author(patch.stem):
        who |= {"GIT_AUTHOR_NAME": person.name, "GIT_AUTHOR_EMAIL": person.email}
    git(repository, "read-tree", "refs/heads/main")
    git(repository, "apply", "--cached", "--whitespace=nowarn", stdin=_text(patch))
    tree = git(repository, "write-tree").decode().strip()
    commit = git(repository, "commit-tree", tree, "-p", "refs/heads/main", stdin=message, env=who)
    for ref in ("heads/main", f"tags/{tag(patch.stem, patch.parent.name)}"):
        git(repository, "update-ref", f"refs/{ref}", commit.decode().strip())


def git(
    repository: Path | None, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> bytes:
    """Run git, deaf to the settings of this machine; `Problem` with its last line when it fails."""
    name, _, mail = WHO.rpartition(" ")
    settings = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    settings |= DEAF | {"GIT_DEFAULT_HASH": "sha1", "LC_ALL": "C"}
    settings |= {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail.strip("<>")}
    settings |= {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": mail.strip("<>")}
    where = [] if repository is None else ["--git-dir", str(repository)]
    done = subprocess.run(
        ["git", *where, *words],
        input=stdin,
        env=settings | (env or {}),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise Problem(f"git {words[0]} failed: {said[-1]}")
    return done.stdout
