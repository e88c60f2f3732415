"""What a change looks like to people: just opened, and with everything that is linked to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.api import given, overlapping, signature
from bot.model import (
    Change,
    Deploy,
    Overlap,
    Reply,
    Request,
    StepState,
    Task,
    TicketApproval,
)
from bot.moments import written
from bot.stores import Following

PROBES = ("probe", "check", "validat")  # steps of a deploy that say whether it works


def opened(change: Change, task: Task | None, met: Sequence[Overlap]) -> Reply:
    """Return what is said of a change that was just opened."""
    text = (
        f"{change.number} is open for {change.environment} of {change.service}, from "
        f"{written(change.window_start)} to {written(change.window_end)}."
    )
    if task is not None:
        text += f" {task.id} asks somebody else to review it, until {written(task.due)}."
    if met:
        text += f" At the same time: {'; '.join(map(overlapping, met))}."
    text += (
        f" `deploy {change.service} VERSION to {change.environment} --change {change.number} "
        "--reason ...` deploys under it."
    )
    refs = {"change": change.number, "state": change.state.value}
    if task is not None:
        refs["task"] = task.id
    return Reply(text, refs=refs)


def shown(
    change: Change,
    deploy: Deploy | None,
    request: Request | None,
    tasks: Sequence[Task],
    ticket: Following | None = None,
) -> Reply:
    """Return a change with the deploy, the request, the reviews and the ticket of it."""
    refs = {
        "change": change.number,
        "state": change.state.value,
        "deploy": change.deploy,
        "request": change.request,
        "result": change.result.value if change.result else "",
        "task": tasks[0].id if tasks else "",
        "ticket": ticket.number if ticket else "",
    }
    result = f" ({change.result.value})" if change.result else ""
    fields = [*_said(change), *_linked(change, deploy, request), *_reviews(tasks), *_ticket(ticket)]
    return Reply(
        text=f"{change.number} is {change.state.value}{result}: {change.summary}",
        title=change.number,
        fields=tuple((name, value) for name, value in fields if value),
        refs={name: value for name, value in refs.items() if value},
    )


def _ticket(ticket: Following | None) -> Iterator[tuple[str, str]]:
    if ticket is None:
        return
    yield "Ticket", ticket.said
    if ticket.approval is not TicketApproval.NONE:
        yield f"Approval at {ticket.system}", ticket.approval.value
    found = ", ".join(ticket.conflicts).replace("_", " ")
    yield f"Conflicts at {ticket.system}", found


def _said(change: Change) -> Iterator[tuple[str, str]]:
    yield "Type", change.type.value
    yield "State", change.state.value
    yield "Service", f"{change.service}, {change.environment}"
    yield "Sites", ", ".join(change.sites)
    yield "Version", change.version
    yield "Template", " ".join([change.template, *change.parameters]).strip()
    yield "Incident", change.incident
    yield "Risk", change.risk
    yield "Clinical impact", change.clinical_impact
    yield "Implementation", change.implementation
    yield "Test evidence", change.test_evidence
    yield "Back-out plan", change.backout
    yield "Validator", change.validator
    yield "Window", f"{written(change.window_start)} to {written(change.window_end)}"
    yield "Despite", ", ".join(change.despite)
    yield "Because", change.despite_reason


def _linked(
    change: Change, deploy: Deploy | None, request: Request | None
) -> Iterator[tuple[str, str]]:
    yield "Requested by", change.requester
    yield "Request", change.request
    yield "Approved by", given(request.approvals) if request else ", ".join(change.approvers)
    for approval in request.approvals if request else ():
        yield "Signed", signature(approval)
    yield "Deploy", f"{deploy.id} ({deploy.state.value})" if deploy else change.deploy
    for step in deploy.steps if deploy else ():
        is_probe = any(word in step.label.lower() for word in PROBES)
        if is_probe and step.state is not StepState.WAITING:
            yield step.label, f"{step.state.value} {step.detail}".strip()
    if deploy is not None and deploy.validated_by:
        at = f", {written(deploy.validated)}" if deploy.validated else ""
        yield "Validated by", f"{deploy.validated_by}{at}: {deploy.validation}"
    yield "Result", change.result.value if change.result else ""
    yield "Closing note", change.close_note
    yield "Closed", written(change.closed) if change.closed else ""


def _reviews(tasks: Sequence[Task]) -> Iterator[tuple[str, str]]:
    for task in tasks:
        if task.closed is None:
            yield "Review", f"{task.id} is open, due {written(task.due)}"
        else:
            at = written(task.closed)
            yield "Review", f"{task.id} closed by {task.closed_by}, {at}: {task.findings}"
