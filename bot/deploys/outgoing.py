"""What is about to go out: the commits since what runs there, in the words of a card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model import MOST_COMMITS, DeployState, Relation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import ChangeList, Commit, Deploy

PUT_THERE: Final = frozenset(
    {DeployState.SUCCEEDED, DeployState.VALIDATING, DeployState.NOT_VALIDATED}
)
"""How a deploy stands that has left its version there, as far as is certain."""
LOOKED_BACK: Final = 100  # deploys of one environment
SHOWN: Final = 10  # commits that are named one by one
LABEL: Final = "Goes out"
NOTHING_NEW: Final = {
    Relation.SAME: "none: it runs there already",
    Relation.BEHIND: "none: it goes back",
}
FIRST: Final = "not known: nothing that was deployed from here runs there yet"


@dataclass(frozen=True)
class Outgoing:
    """What a deploy brings: `since` is the one that runs there, None where none does.

    `changes` is None where the list is not known, and `why` says why.
    """

    since: Deploy | None = None
    changes: ChangeList | None = None
    why: str = ""

    @property
    def is_known(self) -> bool:
        """Say whether every commit that goes out is in the list."""
        found = self.changes
        return found is not None and found.is_whole and found.relation is not Relation.UNKNOWN


def running(history: Sequence[Deploy], before: Deploy | None = None) -> Deploy | None:
    """Return the deploy whose version runs there, of deploys newest first; None for none.

    `before` leaves out that one and whatever was asked for after it. What did not end well is
    passed over: then the list begins earlier and is the longer one.
    """
    there = [one for one in history if one.state in PUT_THERE and _is_before(one, before)]
    return max(there, key=lambda one: one.finished or one.planned or one.created, default=None)


def _is_before(one: Deploy, before: Deploy | None) -> bool:
    return before is None or (one.id != before.id and one.created <= before.created)


def counted(found: Outgoing) -> str:
    """Return how much goes out, in words that stay the same for the same two commits."""
    if found.since is None:
        return FIRST
    changes = found.changes
    if changes is None:
        return "not known: the list could not be read"
    if changes.relation in NOTHING_NEW:
        return NOTHING_NEW[changes.relation]
    if not found.is_known:
        many = f"more than {MOST_COMMITS}" if len(changes.commits) >= MOST_COMMITS else "not known"
        return f"{many}: the list is not whole"
    number = str(len(changes.commits))
    if changes.relation is Relation.DIVERGED:
        return f"{number}, and some of what runs there is not in it"
    return number


def described(found: Outgoing, people: Mapping[str, str]) -> str:
    """Return the list as people read it; `people` has the person of an address."""
    if found.since is None:
        return FIRST
    since = f"{found.since.version} ({found.since.commit[:12]}, {found.since.id})"
    changes = found.changes
    if changes is None:
        return (
            f"not known since {since}: {found.why} Who wrote the other commits is not known either."
        )
    lines = [f"{_said(found)} since {since}"]
    lines += [_line(one, people) for one in changes.commits[:SHOWN]]
    left = len(changes.commits) - SHOWN
    if left > 0:
        lines.append(f"and {left} more" if found.is_known else f"and at least {left} more")
    if changes.url:
        lines.append(changes.url)
    return "\n".join(lines)


def _said(found: Outgoing) -> str:
    number = counted(found)
    if number == "1" or number.startswith("1,"):
        return number.replace("1", "1 commit", 1)
    if number[0].isdigit():
        digits, comma, rest = number.partition(",")
        return f"{digits} commits{comma}{rest}"
    return number


def _line(commit: Commit, people: Mapping[str, str]) -> str:
    names = [people.get(address, "somebody unknown") for address in commit.authors]
    who = ", ".join(dict.fromkeys(names)) or "somebody unknown"
    return f"• {commit.id[:8]} {commit.title or '(no message)'} ({who})"
