"""A hospital with a few scripts of its own: real programs that are really run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from tests.house import write_site

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECRET = "sw0rdfish-of-the-router"
ENTRY: dict[str, Any] = {
    "summary": "Restarts the router of a site.",
    "owner": "network",
    "reach": "local",
    "reads": False,
    "service": "portal",
    "environment": "test",
}
READING: dict[str, Any] = {
    "summary": "Counts the files of a folder.",
    "owner": "interfaces",
    "reach": "local",
    "reads": True,
}
SITE = {"name": "site", "type": "choice", "description": "Which site", "choices": ["north", "east"]}


def program(folder: Path, name: str, body: str) -> str:
    """Write a Python program that may be run; returns its path."""
    file = folder / name
    file.write_text(f"#!{sys.executable} -ISu\n{body}\n", "utf-8")
    file.chmod(0o755)
    return str(file)


def entry(name: str, command: list[str], **over: object) -> dict[str, Any]:
    """Return the entry of a script that changes something."""
    return {"name": name, "command": command, **ENTRY, **over}


def reading(name: str, command: list[str], **over: object) -> dict[str, Any]:
    """Return the entry of a script that only reads."""
    return {"name": name, "command": command, **READING, **over}


def write(folder: Path, *scripts: Mapping[str, object], **blocks: object) -> Path:
    """Write scripts.yaml; returns it."""
    file = folder / "scripts.yaml"
    file.write_text(json.dumps({"scripts": scripts, **blocks}), "utf-8")
    return file


def hospital(folder: Path, url: str, *scripts: Mapping[str, object], **blocks: object) -> Path:
    """Write a whole hospital with these scripts; returns its settings file."""
    write(folder, *scripts, **blocks)
    return write_site(folder, url, scripts="scripts.yaml")
