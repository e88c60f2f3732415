"""Says which address a button may open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.model import Button

LONGEST: Final = 2000
# Of this machine or by TLS, and nothing that an attribute or a template could be made of.
ADDRESS: Final = re.compile(
    r"(?:https://[A-Za-z0-9]|http://(?:127\.0\.0\.1|localhost|\[::1\])[:/])"
    r"[^\s<>\"'`{}|\\^\x00-\x1f\x7f-\uffff]*"
)


def opened(button: Button) -> str:
    """Return what a button opens, "" for one that types, or whose address is not plain."""
    is_plain = len(button.url) <= LONGEST and ADDRESS.fullmatch(button.url)
    return button.url if is_plain else ""
