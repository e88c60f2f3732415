"""The hospital's own scripts, which Wardroom is allowed to run: they touch one folder of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.layout import Layout

COUNT = """#!/bin/sh
# Counts the files that wait in a folder.
echo "waiting=$(find "$1" -type f | wc -l | tr -d ' ')"
"""
PUT = """#!/bin/sh
# Puts an empty file into a folder, as a neighbour's system would.
file="$1/$2-$(date +%s)-$$.txt"
: > "$file" && echo "put $file"
"""


def write(layout: Layout) -> None:
    """Write the programs, and the folder that they are about."""
    layout.drops.mkdir(parents=True, exist_ok=True)
    layout.scripts.mkdir(parents=True, exist_ok=True)
    for name, text in (("count-drops", COUNT), ("put-drop", PUT)):
        file = layout.scripts / name
        file.write_text(text, "utf-8")
        file.chmod(0o755)


def declared(layout: Layout, services: Mapping[str, Any]) -> dict[str, Any]:
    """Return scripts.yaml; what changes something acts on the first service there is."""
    drops, name = str(layout.drops), next(iter(services))
    sender = {
        "name": "sender",
        "type": "choice",
        "description": "Who has sent it",
        "choices": ["laboratory", "radiology"],
        "default": "laboratory",
    }
    return {
        "scripts": [
            {
                "name": "count-drops",
                "summary": "Counts the files that wait in the hospital's drop folder.",
                "owner": "interfaces",
                "reach": "local",
                "command": [str(layout.scripts / "count-drops"), drops],
                "reads": True,
                "figures": ["waiting"],
                "runbooks": True,
                "timeout_seconds": 10,
            },
            {
                "name": "put-drop",
                "summary": "Puts an empty file into the hospital's drop folder.",
                "owner": "interfaces",
                "reach": "local",
                "command": [str(layout.scripts / "put-drop"), drops, "{{ sender }}"],
                "parameters": [sender],
                "reads": False,
                "service": name,
                "environment": "test",
                "timeout_seconds": 10,
            },
        ]
    }
