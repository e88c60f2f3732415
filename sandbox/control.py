"""How deploys and tests tell the running supervisor what to do.

Also by hand: `python3 -m sandbox.control HOME restart "lab-results test"`.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.layout import Layout
from sandbox.sentences import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_SECONDS = 90


def call(layout: Layout, request: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the supervisor of one hospital; `Problem` when it cannot do it or is not there."""
    try:
        where = json.loads(layout.control.read_text("utf-8"))
        line = json.dumps({"token": where["token"], **request}).encode() + b"\n"
        with socket.create_connection(("127.0.0.1", where["port"]), PATIENCE_SECONDS) as link:
            link.sendall(line)
            with link.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError, KeyError) as error:
        raise Problem(f"No hospital is running in {layout.home}.") from error
    if "problem" in answer:
        raise Problem(answer["problem"])
    return answer


def main(home: str, verb: str, what: str = "") -> int:
    """Do one thing and print what the supervisor said."""
    try:
        print(json.dumps(call(Layout(Path(home).resolve()), {"do": verb, "what": what}), indent=1))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
