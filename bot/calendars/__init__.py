"""Times that recur in a site's own time zone, and the change freezes that are made of them.

`spans` and `occurrences` are what everything else needs: an `Occurrences` answers `.at(moment)`
and `.after(moment)`, both with a `Span` of aware UTC moments.
"""

from __future__ import annotations

from bot.calendars.occurrences import Length, Recurring
from bot.calendars.rule import Rule
from bot.calendars.spans import Edges, Occurrences, Once, Several, Span

__all__ = ["Edges", "Length", "Occurrences", "Once", "Recurring", "Rule", "Several", "Span"]
