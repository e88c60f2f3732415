"""What a message is written on: it keeps every text harmless and every list within bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from bot.render.plain import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.model import Reply

T = TypeVar("T")

NOTHING: Final = "\u2013"  # stands for an empty text, which a platform refuses or does not draw
LEAST: Final = 40  # characters: below this a text says nothing
CELL: Final = 300  # characters of one cell of a table
SHARES: Final = (1.0, 0.6, 0.35, 0.2, 0.1, 0.05)


@dataclass
class Sheet:
    """Keeps what is drawn within bounds, and remembers whether anything was left out.

    `harmless` is what the platform needs done to somebody's text; `has_dates` says whether there
    is room to have moments shown in the reader's own time zone.
    """

    harmless: Callable[[str], str]
    share: float = 1.0
    has_dates: bool = True
    is_cut: bool = False

    def fit(self, said: str, limit: int) -> str:
        """Return harmless text of at most `limit` characters."""
        # One more than fits is enough to see that it has to be cut, however much there is.
        whole = self.harmless(said.strip()[: limit + 1])
        kept = cut(whole, limit)
        self.is_cut |= kept != whole
        return kept

    def body(self, said: str, limit: int) -> str:
        """Return harmless text, shorter where the whole message has to shrink."""
        return self.fit(said, self.room(limit))

    def room(self, limit: int) -> int:
        """Return how many characters of `limit` there are when the whole has to shrink."""
        return max(int(limit * self.share), LEAST)

    def first(self, things: Sequence[T], limit: int) -> Sequence[T]:
        """Return the first things of a list, fewer where the whole message has to shrink."""
        kept = things[: max(int(limit * self.share), 1)]
        self.is_cut |= len(kept) < len(things)
        return kept


def sheets(harmless: Callable[[str], str]) -> Iterator[Sheet]:
    """Yield sheets with ever less room on them; the first that holds a message is its own."""
    yield Sheet(harmless)
    for share in SHARES:
        yield Sheet(harmless, share, has_dates=False)


def as_much_as_fits(reply: Reply, text: int, rows: int) -> Reply:
    """Return a reply without what a fallback cannot hold anyway: drawing it takes time."""
    longest = max(len(reply.fields), len(reply.items), len(reply.progress))
    if reply.table is None and longest <= rows and max(len(reply.text), len(reply.code)) <= text:
        return reply
    table = reply.table
    if table is not None:
        kept = tuple(tuple(cell[:CELL] for cell in row) for row in table.rows[:rows])
        table = replace(table, rows=kept)
    return replace(
        reply,
        text=reply.text[:text],
        fields=reply.fields[:rows],
        items=reply.items[:rows],
        table=table,
        code=reply.code[:text],
        progress=reply.progress[:rows],
    )
