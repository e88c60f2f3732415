"""What a request looks like while it waits and once it has ended: the same message throughout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.api import given, signature
from bot.dispatch.digest import SHOWN
from bot.model import Button, Reason, Reply, RequestState, Style, Visibility
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Request

ENDINGS = {
    RequestState.APPROVED: Reason.OK,
    RequestState.REJECTED: Reason.REJECTED,
    RequestState.EXPIRED: Reason.EXPIRED,
    RequestState.CANCELLED: Reason.CANCELLED,
    RequestState.SUPERSEDED: Reason.SUPERSEDED,
}
CI = "CI"  # the field with how CI stands by now, where that is not as it was asked for
FOUND = "Pre-checks"  # the field with what was found before anybody was asked to approve

GOES_OUT = "Goes out"  # the field with the commits since what runs there

STAYS = (FOUND, CI, GOES_OUT)  # fields that are kept as they are when somebody approves


def waiting(
    request: Request,
    missing: Sequence[str],
    *,
    fields: Sequence[tuple[str, str]] = (),
    refs: dict[str, str] | None = None,
) -> Reply:
    """Return the card of a request that waits, with its two buttons."""
    short = request.digest[:SHOWN]
    return Reply(
        text=f"{request.proposal.summary} waits for approval as {request.id}.",
        reason=Reason.PENDING_APPROVAL,
        title=f"{request.proposal.summary}?",
        fields=(
            ("Request", request.id),
            ("Asked by", request.requester),
            *{**dict(described(request)), **dict(fields)}.items(),
            ("Needs", "; ".join(missing)),
            ("Approved by", given(request.approvals) or "nobody yet"),
            *_signatures(request),
            ("Expires", f"{written(request.expires)}, and then it is not run"),
        ),
        buttons=(
            Button("Approve", f"approve {request.id} --proposal {short}", Style.PRIMARY),
            Button("Reject", f"reject {request.id}", asks="reason"),
        ),
        visibility=Visibility.PUBLIC,
        topic=request.id,
        request=request.id,
        refs=refs or {},
    )


def ended(request: Request) -> Reply:
    """Return the record line that replaces the buttons: who, what, when and why."""
    state = request.state.value
    at = written(request.decided_at) if request.decided_at else ""
    why = f": {request.why}" if request.why else ""
    run = "" if request.state is RequestState.APPROVED else " It was not run."
    return Reply(
        text=f"{request.id} was {state} by {request.decided_by} at {at}{why}.{run}",
        reason=ENDINGS[request.state],
        title=request.proposal.summary,
        fields=(
            ("Request", request.id),
            ("Asked by", request.requester),
            *described(request),
            ("Approved by", given(request.approvals) or "nobody"),
            *_signatures(request),
        ),
        visibility=Visibility.PUBLIC,
        topic=request.id,
        request=request.id,
    )


def with_signature(reply: Reply, request: Request, person: str) -> Reply:
    """Return an answer to an approval with its signature, which the record keeps from there."""
    signed = (one for one in request.approvals if one.person == person and one.is_signed)
    mine = next(signed, None)
    if mine is None or mine.signed_at is None:
        return reply
    parts = {
        "signed_name": mine.signed_name,
        "signed_at": written(mine.signed_at, to_the_second=True),
        "meaning": mine.meaning,
    }
    text = f"Signed by {signature(mine)}. {reply.text}"
    return replace(reply, text=text, refs={**reply.refs, **parts})


def _signatures(request: Request) -> list[tuple[str, str]]:
    return [("Signed", signature(one)) for one in request.approvals if one.is_signed]


def described(request: Request) -> tuple[tuple[str, str], ...]:
    """Return what a human wants to see of a proposal: its reason and what it was resolved to."""
    shown = dict(request.proposal.facts)
    reason = request.proposal.values.get("reason", "")
    rows = [("Reason", reason)] if reason else []
    rows += [(name.replace("_", " ").capitalize(), value) for name, value in shown.items()]
    return tuple(rows)
