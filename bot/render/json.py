"""Draws a Reply as the object that scripts read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.render.text import text

if TYPE_CHECKING:
    from bot.model import Json, Reply


def answer(reply: Reply) -> dict[str, Json]:
    """Return the object of the fixed contract: reason, text, request, refs."""
    return {
        "reason": reply.reason.value,
        "text": text(reply),
        "request": reply.request,
        "refs": dict(reply.refs),
    }
