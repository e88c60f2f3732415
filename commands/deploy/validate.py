"""Confirm as the clinical validator that what was deployed works, or say that it does not."""

from __future__ import annotations

import enum
from typing import Annotated

from bot.api import BadInput, Caller, Command, Done, FreeText, Id, Option, Risk, Validating, args


class Verdict(enum.StrEnum):
    """What the validator found."""

    OK = "ok"
    FAILED = "failed"


class Args(args):
    """The deploy, what you found, and how you looked or what is wrong."""

    deploy: Annotated[str, Id("DEP")]
    verdict: Verdict
    note: Annotated[str, Option("how you looked"), FreeText()] = ""
    reason: Annotated[str, Option("what is wrong"), FreeText()] = ""


async def run(arguments: Args, caller: Caller, validating: Validating) -> Done:
    """Take the answer; it ends the deploy and its change."""
    is_good = arguments.verdict is Verdict.OK
    if is_good and arguments.reason:
        raise BadInput(
            "A reason belongs to `failed`. What you looked at goes into `--note ...`; nothing was "
            "recorded."
        )
    said = arguments.note if is_good else arguments.reason or arguments.note
    return await validating.answer(caller, arguments.deploy, is_good=is_good, said=said)


command = Command(
    "deploy validate",
    Args,
    run,
    summary="Confirm as the clinical validator that a deploy works.",
    role="reader",
    risk=Risk.CHANGE,
    examples=(
        'deploy validate DEP-3 ok --note "order and result round trip with a test patient"',
        'deploy validate DEP-3 failed --reason "images of the new scanner are missing"',
    ),
    repeatable=True,
)
