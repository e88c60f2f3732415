"""Steps of several commands: typed together, or one after the other for each of some items.

What an item came to is a result of its own, and the run is kept after each: after a kill it goes on
with the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.model import Reason, StepState
from bot.model.runs import RunbookRun, StepResult
from bot.runbooks import filling
from bot.runbooks.document import ForEach, Together
from bot.runbooks.going import LONGEST, Stand

if TYPE_CHECKING:
    from bot.model import Reply

ITEM: Final = "item"
# What a probe says of what it has asked, where that is not well.
_NOT_WELL: Final = frozenset({"failed", "unknown"})


def is_well(reply: Reply) -> bool:
    """Say whether an answer came, and what was asked is not down."""
    return reply.reason is Reason.OK and reply.refs.get("standing") not in _NOT_WELL


def result(name: str, reply: Reply, by: str, now: datetime) -> StepResult:
    """Return what one command came to."""
    state = StepState.DONE if reply.reason is Reason.OK else StepState.FAILED
    figures = {**reply.refs, "reason": reply.reason.value}
    return StepResult(name, state, reply.text[:LONGEST], by, now, figures)


def asked(at: Stand, step: Together, replies: Sequence[Reply], now: datetime) -> RunbookRun:
    """Return the run after all that was typed together had its answer."""
    who = at.run.person
    parts = [
        result(one.id, reply, who, now) for one, reply in zip(step.together, replies, strict=True)
    ]
    well = sum(is_well(reply) for reply in replies)
    return at.passed(_all(step.id, well, len(parts), who, now), parts=parts)


def items(at: Stand, step: ForEach) -> Sequence[str]:
    """Return for what a step is done; `BadInput` where that is not known."""
    if isinstance(step.for_each, tuple):
        return step.for_each
    return split(filling.text(step.for_each, at.values))


def split(words: str) -> Sequence[str]:
    """Return the items of a list as it is typed: words with commas between them."""
    return [word.strip() for word in words.split(",") if word.strip()]


def so_far(at: Stand, step: ForEach) -> Sequence[StepResult]:
    """Return what the items came to that were done since the run came to the step."""
    found: list[StepResult] = []
    for one in reversed(at.run.results):
        if not one.step.startswith(f"{step.id}["):
            break
        found.insert(0, one)
    return found


def next_item(at: Stand, step: ForEach) -> str:
    """Return the item whose turn it is."""
    return items(at, step)[len(so_far(at, step))]


def each(at: Stand, step: ForEach, reply: Reply, now: datetime) -> RunbookRun:
    """Return the run after one item: it stays at the step until all are done."""
    before, all_of_them = so_far(at, step), items(at, step)
    made = result(f"{step.id}[{len(before)}]", reply, at.run.person, now)
    item = all_of_them[len(before)]
    well = "yes" if is_well(reply) else "no"
    made = replace(made, figures={**made.figures, ITEM: item, "well": well})
    if len(before) + 1 < len(all_of_them):
        return replace(at.run, results=(*at.run.results, made), changed=now)
    passed = sum(one.figures["well"] == "yes" for one in (*before, made))
    return at.passed(_all(step.id, passed, len(all_of_them), at.run.person, now), parts=[made])


def _all(name: str, well: int, total: int, who: str, now: datetime) -> StepResult:
    figures = {
        "passed": str(well),
        "failed": str(total - well),
        "done": str(total),
        "reason": Reason.OK.value,
    }
    text = f"{well} of {total} are well"
    return StepResult(name, StepState.DONE, text, who, now, figures)
