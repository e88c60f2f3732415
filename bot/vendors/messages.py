"""What a commit's message says beside its text: its first line, and who else wrote it."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 120  # characters of a first line that people read
ADDRESS: Final = re.compile(r"[^\s<>@]{1,128}@[^\s<>@]{1,128}")
_BY: Final = re.compile(r"^[ \t]*co-authored-by:(.{0,400})$", re.IGNORECASE | re.MULTILINE)


def title(message: str) -> str:
    """Return the first line of a message, in one line that people read; "" for an empty one."""
    first = next((line for line in message.splitlines() if line.strip()), "")
    text = " ".join("".join(c if c.isprintable() else " " for c in first).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def authors(email: str, message: str) -> tuple[str, ...]:
    """Return the addresses of an author and of the co-authors that a message names, each once.

    None where the author's own is none: who else wrote it does not say who wrote it.
    """
    own = ADDRESS.findall(email)
    if not own:
        return ()
    others = [address for said in _BY.findall(message) for address in ADDRESS.findall(said)]
    return tuple(dict.fromkeys(one.lower() for one in [*own, *others]))
