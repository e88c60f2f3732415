"""Replies that hold everything, everything hostile, and too much of it."""

from __future__ import annotations

from bot.model import (
    Button,
    Form,
    Input,
    InputKind,
    Reason,
    Reply,
    Step,
    StepState,
    Style,
    Table,
    Visibility,
)

FORM = Form(
    "deploy",
    "Deploy a version",
    (
        Input("service", "Service", InputKind.CHOICE, ("lab-results", "pacs"), value="pacs"),
        Input("version", "Version", hint="Such as 1.4.2."),
        Input("reason", "Reason", InputKind.LONG_TEXT, required=False),
    ),
)
FULL = Reply(
    text="deploy lab-results 1.4.2 to production waits for approval as REQ-1.",
    reason=Reason.PENDING_APPROVAL,
    title="Deploy lab-results 1.4.2 to production?",
    fields=(("Asked by", "engineer"), ("Needs", "2 approvals, one by a release_manager")),
    items=("Interfaces: 3", "Sites: 2"),
    table=Table(("Build", "State"), (("17", "green"), ("16", ""))),
    code="step one\n  step two",
    progress=(
        Step("CI is green", StepState.DONE, "commit 4f2a"),
        Step("Deploy job", StepState.RUNNING),
        Step("Smoke probe", StepState.WAITING),
    ),
    buttons=(
        Button("Approve", "approve REQ-1", Style.PRIMARY),
        Button("Reject", "reject REQ-1", asks="reason"),
        Button("Roll back", "rollback lab-results production", Style.DANGER),
    ),
    visibility=Visibility.PUBLIC,
    topic="REQ-1",
    request="REQ-1",
    refs={"change": "CHG-4"},
)

# What SEC-08 names, and what else acts instead of being read (platforms.md §3.6).
ATTACKS = (
    "<!channel> <!here> <!everyone> <!subteam^S1|team>",
    "<@U012ABC|anna> <@W9> <#C012|general>",
    "<https://evil.test|https://bank.test> [bank](https://evil.test)",
    "@here @channel @everyone",
    "<at>Anna</at> </at>",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)> ' onmouseover='x",
    "{{constructor.constructor('x')()}} {% raw %} ${7*7} {0} {text}",
    "*bold* _italic_ ~strike~ `code` ```block``` > quote",
    "&lt;!channel&gt; &amp;lt;script&amp;gt;",
    "\x1b[2J\x1b]0;title\x07 \x9b31m \x08\x08\x00",
    "approve \u202etset ot\u202c \u2066x\u2069",
    "line\r\nSet-Cookie: a=b\r\rX: y",
    "lone \ud83d surrogate",
    "<!date^1392734382^{date}|x>",
)


def hostile(attack: str) -> Reply:
    """Return a reply with the attack in every place that somebody's text can get to."""
    return Reply(
        text=attack,
        reason=Reason.FAILED,
        title=attack,
        fields=((attack, attack),),
        items=(attack,),
        table=Table((attack, "b"), ((attack, attack),)),
        code=attack,
        progress=(Step(attack, StepState.FAILED, attack),),
        buttons=(
            Button(attack, attack, Style.DANGER, confirm=attack),
            Button(attack, attack, asks="reason"),
        ),
        form=Form(
            attack,
            attack,
            (
                Input("a", attack, InputKind.CHOICE, (attack, "b"), hint=attack, value=attack),
                Input("c", attack, value=attack),
                Input("d", attack, InputKind.LONG_TEXT, value=attack),
            ),
            submit=attack,
        ),
        topic=attack,
    )


def huge() -> Reply:
    """Return a reply that breaks every limit there is."""
    long = "word " * 500
    return Reply(
        text=long * 2,
        reason=Reason.FAILED,
        title=long,
        fields=tuple((f"Field {n} {long}", long) for n in range(60)),
        items=tuple(f"{n} {long}" for n in range(400)),
        table=Table(
            tuple(f"column {n} {long}" for n in range(30)),
            tuple(tuple(long for _ in range(30)) for _ in range(120)),
        ),
        code=long * 5,
        progress=tuple(Step(long, StepState.RUNNING, long) for _ in range(90)),
        buttons=tuple(
            Button(f"{n} {long}", f"run {n} {long}"[:1900], Style.DANGER, confirm=long)
            for n in range(60)
        ),
    )
