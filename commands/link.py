"""Join a second chat account to yourself: `link` here gives a code, `link CODE` there takes it."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Linking, Risk, Secret, args

# Four groups of four consonants; what phones and people put between them does not matter.
CODE = r"(?i)\b(?:[B-DF-HJ-NP-TV-XZ]{4}[^A-Za-z0-9]{1,3}){3}[B-DF-HJ-NP-TV-XZ]{4}\b"


class Args(args):
    """The code, in the chat that does not know you yet; nothing in the one that does."""

    code: Annotated[str, FreeText("the code from your other chat"), Secret(CODE)] = ""


async def run(arguments: Args, caller: Caller, linking: Linking) -> Done:
    """Make a code, or take one."""
    if arguments.code.strip():
        return await linking.redeem(caller, arguments.code)
    return await linking.offer(caller)


command = Command(
    "link",
    Args,
    run,
    summary="Link another chat account to yourself.",
    role="visitor",
    risk=Risk.CHANGE,
    examples=("link", "link BDFG-HJKL-MNPQ-RSTV"),
    repeatable=True,
)
