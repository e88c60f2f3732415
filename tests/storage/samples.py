"""A request as the road opens it."""

from __future__ import annotations

from datetime import timedelta

from bot.model import Place, Proposal, Request, RequestState
from tests.databases import NOON

DIGEST = "5e" * 32
DEPLOY = Proposal(
    "deploy",
    {"service": "lab-results", "version": "1.4.2", "environment": "production"},
    {"commit": "ab" * 20},
    "Deploy lab-results 1.4.2 to production",
)
ASKED = Request(
    id="",
    proposal=DEPLOY,
    digest=DIGEST,
    requester="engineer",
    place=Place("slack", "C1", "171.2"),
    state=RequestState.PENDING,
    created=NOON,
    expires=NOON + timedelta(hours=4),
    needs=("release_manager", "any"),
    correlation="c-1",
)
