"""X12: an interchange header, a patient's name loop, birth date or identifying reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dispatch.phi.extents import delimited_end, line_start
from bot.dispatch.phi.view import Stems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

_KIND = "x12"

# NM1 qualifiers: IL insured, QC patient, 74 corrected insured, 03 dependent. REF qualifiers: SY
# social security, EA medical record, 1W member, 0F subscriber number.
_SEGMENT = re.compile(
    r"(?:"
    r"isa([*|^:!>])\s?\d\d\s?\1"
    r"|nm1\s?([*|^:!>])\s?(?:il|qc|74|03)\s?\2\s?[12]?\s?\2\s?[a-z]"
    r"|dmg\s?([*|^:!>])\s?d8\s?\3\s?\d{8}"
    r"|ref\s?([*|^:!>])\s?(?:sy|ea|1w|0f)\s?\4\s?[a-z0-9-]{4}"
    r")"
)
_STEMS = Stems("isa", "nm1", "dmg", "ref")


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the lines of every transaction that names a patient."""
    low = view.low
    covered = 0
    for place in view.word_starts(_STEMS):
        match = _SEGMENT.match(low, place) if place >= covered else None
        if match is None:
            continue
        mark = next(group for group in match.groups() if group)
        # what stands before it on the line is part of the transaction when it is delimited too
        first = max(line_start(low, match.start()), covered)
        start = first if mark in low[first : match.start()] else match.start()
        covered = delimited_end(low, match.end(), (mark,))
        yield _KIND, start, covered
