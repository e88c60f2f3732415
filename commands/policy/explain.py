"""Explain what policy says to a command: which rules pass, and what would satisfy the others."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, FreeText, Option, PolicyExplainer, Reply, Risk, args


class Args(args):
    """A command in quotes, who would type it, and whose approvals to assume."""

    line: Annotated[str, FreeText("the command, in quotes")]
    as_: Annotated[str, Option("a person or a role; you, unless it is given")] = ""
    approved_by: Annotated[str, Option("people, such as release-manager,engineer-2")] = ""


async def run(arguments: Args, caller: Caller, explainer: PolicyExplainer) -> Reply:
    """Ask the parser and the policies; nothing is run, opened or asked for."""
    line, who, approved_by = arguments.line, arguments.as_, arguments.approved_by
    return await explainer.explain(caller, line, who, approved_by)


command = Command(
    "policy explain",
    Args,
    run,
    summary="Explain what policy says to a command.",
    role="reader",
    risk=Risk.READ,
    examples=(
        'policy explain "deploy lab-results 1.4.2 to production" --as engineer',
        'policy explain "deploy pacs 1.4.2 to production" --approved-by release-manager',
    ),
)
