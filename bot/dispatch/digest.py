"""The SHA-256 that approvals bind to: any change of the proposal is another digest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.model import Proposal

SHOWN = 12  # hex digits that a button carries: 48 bits against mistakes, not against forgery


def digest(proposal: Proposal) -> str:
    """Return the digest of exactly what was proposed, as 64 hex digits."""
    exact = {
        "command": proposal.command,
        "values": dict(proposal.values),
        "facts": dict(proposal.facts),
    }
    text = json.dumps(exact, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
