"""Replies of every shape, as commands give them."""

from __future__ import annotations

from bot.model import (
    Button,
    Form,
    Input,
    InputKind,
    Place,
    Reason,
    Reply,
    Step,
    StepState,
    Style,
    Table,
)

PLACE = Place("web", "console")
PENDING = Reply(
    "Production needs 2 approvals, one by a release manager.",
    Reason.PENDING_APPROVAL,
    title="REQ-12: deploy lab-results 1.4.2 to production",
    fields=(("Asked by", "Engineer"), ("Commit", "9f2c1ab03d77"), ("Approved by", "nobody yet")),
    buttons=(
        Button("Approve", "approve REQ-12", Style.PRIMARY),
        Button("Reject", "reject REQ-12", asks="reason"),
        Button("Cancel", "cancel REQ-12", Style.DANGER, confirm="Cancel REQ-12? It will not run."),
    ),
    topic="REQ-12",
    request="REQ-12",
)
APPROVED = Reply(
    "Approved by Release manager. It runs now.",
    title="REQ-12: deploy lab-results 1.4.2 to production",
    topic="REQ-12",
    request="REQ-12",
)
FORM = Reply(
    "`deploy` needs more.",
    Reason.BAD_INPUT,
    form=Form(
        "deploy",
        "Deploy a version",
        (
            Input("service", "Service", InputKind.CHOICE, ("lab-results", "portal")),
            Input("version", "Version", hint="such as 1.4.2"),
            Input("reason", "Reason", InputKind.LONG_TEXT, required=False),
        ),
        submit="Deploy",
    ),
)
BUILDS = Reply(
    "Builds of lab-results.",
    table=Table(
        ("Build", "Ref", "State", "Started", "What it was"),
        tuple((str(n), "1.4.2", "green", "2026-03-09 07:12", "unit tests " * 6) for n in range(4)),
    ),
)
LOG = Reply("The end of build 39.", code="x" * 300 + "\nFAILED test_ack_timeout")
REFUSED = Reply("You asked for REQ-12 yourself.", Reason.NOT_AUTHORISED)
BROKEN = Reply("Something failed (ref 4f2a).", Reason.FAILED)


def deploying(*states: StepState) -> Reply:
    """Return a deploy's message with its steps in these states."""
    labels = ("CI is green", "Deploy job", "Smoke probe")
    steps = tuple(Step(label, state) for label, state in zip(labels, states, strict=True))
    return Reply("Deploying.", title="DEP-3: lab-results 1.4.2", progress=steps, topic="DEP-3")
