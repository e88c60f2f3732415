"""Releases of a service in an environment: put beside each other, one of them current."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.sentences import Problem

if TYPE_CHECKING:
    from sandbox.layout import Layout

LEFT_OUT = shutil.ignore_patterns("__pycache__", "test_*.py")


def install(layout: Layout, checkout: Path, service: str, version: str, environment: str) -> Path:
    """Copy a checked-out version into its own folder, whole or not at all.

    `Problem` when the checkout says that it is another version.
    """
    said = (checkout / service / "VERSION").read_text("utf-8").strip()
    if said != version:
        raise Problem(f"The checkout of {service} is version {said}, not {version}.")
    releases = layout.place(service, environment) / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=releases))
    shutil.copytree(checkout / service, fresh / service, ignore=LEFT_OUT)
    for shared in checkout.glob("*.py"):
        shutil.copy(shared, fresh)
    return _put(fresh, releases / version)


def _put(fresh: Path, release: Path) -> Path:
    if release.exists():
        # The running process may still read from the old one: move it away, then remove it.
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=release.parent))
        release.rename(old / release.name)
        fresh.rename(release)
        shutil.rmtree(old, ignore_errors=True)
    else:
        fresh.rename(release)
    release.chmod(0o755)
    return release


def switch(layout: Layout, service: str, version: str, environment: str) -> None:
    """Make an installed version the current one, in one atomic step."""
    current = layout.current(service, environment)
    if not (current.parent / "releases" / version).is_dir():
        raise Problem(f"{service} {version} is not installed in {environment}.")
    fresh = current.with_name(f".current-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path("releases") / version)
    fresh.replace(current)


def current(layout: Layout, service: str, environment: str) -> Path | None:
    """Return the folder of the current release, or None before the first one."""
    link = layout.current(service, environment)
    return link.resolve() if link.exists() else None
