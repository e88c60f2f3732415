"""HL7 v2: segments in any framing, case or separator, fields named with their value, HL7 in XML."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.dispatch.phi.extents import delimited_end, line_end
from bot.dispatch.phi.view import Stems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

_SEGMENT = "hl7v2-segment"
_FIELD = "hl7v2-field"

# Segments that begin with a set id (HL7 v2.9 chapters 3 to 12); known in any case.
_NUMBERED = """
    PID NK1 PV1 OBX OBR IN1 GT1 DG1 AL1 NTE SPM PR1 FT1 TXA UB1 UB2
    """.split()  # noqa: SIM905 (a column of words would be longer than the code)
# Segments of the same messages without one; only in capitals, their names are also words.
_PLAIN = """
    EVN PD1 PV2 MRG ORC IN2 IN3 ROL ACC SCH RGS AIS AIG AIL AIP RXA RXC RXD RXE RXG RXO RXR
    TQ1 TQ2 DB1 ARV PRT PDA ABS IAM IAR CTD CTI PRB GOL RF1 AUT PRD CON BLG SAC INV ERR MSA
    QPD QRD QRF QAK PEO PES CDO DRG PTH VAR RDT SID OM1 STF PRA
    """.split()  # noqa: SIM905 (a column of words would be longer than the code)
_HEADERS = frozenset({"MSH", "FHS", "BHS"})
_IS_NUMBERED = frozenset(_NUMBERED)
_IS_PLAIN = frozenset(_PLAIN)
_IS_KNOWN = _HEADERS | _IS_NUMBERED | _IS_PLAIN

_CUSTOM_HEADER = re.compile(r"msh(?<![a-z0-9]msh)([^\w\s|])([^\w\s]{3,5})\1")
_VALUED_FIELD = re.compile(
    r"(?:pid|nk1|in1|gt1|mrg)[-.](?:[1-9]\d?)(?:[.-]\d{1,2})*\s{0,3}"
    r"(?:[:=]|\bis\b|\bwas\b)\s{0,3}[\"'\[]?(?:[^\s\"'^]{0,30}\^[^\s\"']{1,40}|\d{5,12}\b)"
)
_XML_FIELD = re.compile(r"<(?:pid|nk1|pv1|obx|in1|gt1|mrg)\.\d{1,2}(?:\.\d{1,2})?>\s{0,20}[^<\s]")
_CLOCK = re.compile(r"(?:19|20)\d{6}")
# A component in the first word of a field: `|DOE^JANE`, `|123^^^MR`; prose has it later (ORU^R01).
_COMPONENTS = re.compile(r"(?:\A|[^\w\s^]|\t)\s?(?:[^\s|^]{1,60}\^[\w^]|\^\^)")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
# Text after a quote or a space is the sentence around an empty segment.
_FILLED = re.compile(r"[^\w\s\"'`]{0,3}[^\W_]")
_ENCODING = re.compile(r"[^\w\s]{2,5}(?:amp;)?\Z")
_WINDOW = 160
_MIN_MANY = 5
_HEADER_FIELDS = 2
_RARE_SEPARATORS = "\t,;~!#"
_FIELD_STEMS = Stems("pid-", "pid.", "nk1-", "nk1.", "in1-", "in1.", "gt1-", "gt1.", "mrg-", "mrg.")
_XML_STEMS = ("<pid.", "<nk1.", "<pv1.", "<obx.", "<in1.", "<gt1.", "<mrg.")


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the segments, valued fields and XML fields of HL7 v2 messages."""
    low = view.low
    if "|" in low:
        yield from _segments(view.text, "|")
    for separator in _RARE_SEPARATORS if "^" in low and "pid" in low else ():
        if f"pid{separator}" in low:
            yield from _retyped(view.text, separator)
    if "msh" in low and (header := _CUSTOM_HEADER.search(low)):
        yield from _segments(view.text, header.group(1))
    for start in view.word_starts(_FIELD_STEMS):
        if match := _VALUED_FIELD.match(low, start):
            yield _FIELD, match.start(), match.end()
    if "<" in low and view.mentions(_XML_STEMS):
        for match in _XML_FIELD.finditer(low):
            yield _SEGMENT, match.start(), line_end(low, match.end())


@lru_cache(maxsize=64)
def _candidates(separator: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9]{{2}})\s{{0,3}}{re.escape(separator)}")


@lru_cache(maxsize=64)
def _set_id(separator: str) -> re.Pattern[str]:
    return re.compile(rf"\s?\d{{0,2}}\s?{re.escape(separator)}")


def _segments(text: str, separator: str) -> Iterator[tuple[str, int, int]]:
    covered = 0
    for match in _candidates(separator).finditer(text):
        name = match.group(1).upper()
        if name not in _IS_KNOWN and name[0] != "Z":
            continue
        # `PID|PV1|OBX` is a list of names
        following = text[match.end() : match.end() + 3].upper()
        if following in _IS_KNOWN or match.start() < covered:
            continue
        if _is_segment(text, match, separator):
            covered = delimited_end(text, match.end(), (separator, "^"))
            yield _SEGMENT, match.start(), covered


def _retyped(text: str, separator: str) -> Iterator[tuple[str, int, int]]:
    """Yield PID segments that were pasted through a spreadsheet: set id first, then components."""
    covered = 0
    for match in _candidates(separator).finditer(text):
        rest = text[match.end() : match.end() + _WINDOW]
        is_pid = match.group(1).upper() == "PID" and match.start() >= covered
        if is_pid and _set_id(separator).match(rest) and _COMPONENTS.search(rest):
            covered = delimited_end(text, match.end(), (separator, "^"))
            yield _SEGMENT, match.start(), covered


def _is_segment(text: str, match: re.Match[str], separator: str) -> bool:
    """Tell a segment from talk about one (`the PID| prefix`, a table of processes)."""
    name = match.group(1)
    rest = text[match.end() : match.end() + _WINDOW]
    is_capital = name.isupper()
    if separator not in rest:
        return is_capital and "^" in rest and bool(_COMPONENTS.match(rest))
    if name.upper() in _HEADERS:
        return _is_header(rest.split(separator, 3))
    if not _has_content(rest.split("\n\n", 1)[0].split(separator)):
        return False
    if "^" in rest and _COMPONENTS.search(rest):
        return True
    if name.upper() in _IS_NUMBERED and _set_id(separator).match(rest):
        return _is_dense(rest, separator)
    return is_capital and _is_record(rest, separator)


def _has_content(fields: list[str]) -> bool:
    """Tell whether a field after the first holds anything; the last must begin with it at once."""
    closed = any(_LETTER_OR_DIGIT.search(field) for field in fields[1:-1])
    return closed or (len(fields) > 1 and _FILLED.match(fields[-1]) is not None)


def _is_header(fields: list[str]) -> bool:
    """Ask a header for its encoding characters and more than one field after them."""
    is_whole = len(fields) > _HEADER_FIELDS and _ENCODING.match(fields[0]) is not None
    return is_whole and any(_LETTER_OR_DIGIT.search(field) for field in fields[1:])


def _is_dense(rest: str, separator: str) -> bool:
    """Tell a segment from `| PID | 1 | init |`, a table: a spaced segment has an empty field."""
    if not rest.startswith(" "):
        return True
    return "" in [field.strip() for field in rest.splitlines()[0].split(separator)[1:-1]]


def _is_record(rest: str, separator: str) -> bool:
    fields = [field.strip() for field in rest.split(separator, _MIN_MANY)]
    if len(fields) >= _MIN_MANY or fields[:-1].count("") > 1:
        return True
    return any(_CLOCK.match(field) for field in fields)
