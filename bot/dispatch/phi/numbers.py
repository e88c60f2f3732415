"""Numbers that a keyword makes a patient's: MRN, CSN, FIN, accession, visit, patient id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dispatch.phi.quantities import OTHER_NUMBERS, TICKETS, UNITS
from bot.dispatch.phi.view import Stems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

_NUMBER_WORD = r"[\s_.-]{0,2}(?:identifiers?|ids?|numbers?|nums?|no\b\.?|nrs?\b|\#)"
# Tried at the start of a word; the order matters where one keyword begins another.
_KEYWORD = re.compile(
    rf"""
    (?:
      (?P<mrn> mrns? | mrno | medical[\s_-]{{1,3}}records?(?:{_NUMBER_WORD}|(?=\s?[:\#]))
             | (?:hospital|chart|medrec|unit[\s_-]record){_NUMBER_WORD} )
    | (?P<encounter> csns? | (?:visit|encounter|contact[\s_-]serial|fin|csn|har
             | (?:hospital|patient)[\s_-]account){_NUMBER_WORD} )
    | (?P<accession> accessions?(?:{_NUMBER_WORD})? | acc{_NUMBER_WORD} )
    | (?P<nhs> nhs{_NUMBER_WORD} )
    | (?P<patient> (?:(?:patients?|pat|pt)(?:\s(?:with|whose|has)(?:\s(?:the|an?))?)?
             | chi|subject|e?mpi){_NUMBER_WORD} | patid | ptid )
    | (?P<plan> (?:subscriber|beneficiary|insurance|insured|health[\s_-]plan){_NUMBER_WORD}
             | policy[\s_-]{{1,2}}(?:number|no\b)
             | member[\s_-]{{0,2}}(?:id|number|no)(?=\W{{0,4}}[a-z]{{0,3}}\d{{8}}) )
    | (?P<tight_mrn> medical[\s_-]{{1,3}}records? )
    | (?P<tight_encounter> fin | har | encounter | visit )
    | (?P<tight_patient> pt | patient )
    )(?:(?![a-z0-9])|(?<=mrn|csn|fin)(?=\d{{5}}))
    """,
    re.VERBOSE,
)
_STEMS = Stems(
    *("mrn", "medical", "medrec", "hospital", "chart", "unit", "csn", "visit", "encounter"),
    *("contact", "fin", "har", "acc", "nhs", "pat", "pt", "chi", "subject", "empi", "mpi"),
    *("subscriber", "beneficiary", "insur", "health", "policy", "member"),
)
_KINDS = {
    "mrn": "mrn",
    "encounter": "encounter-number",
    "accession": "accession-number",
    "nhs": "nhs-number",
    "patient": "patient-id",
    "plan": "health-plan-number",
    "tight_mrn": "mrn",
    "tight_encounter": "encounter-number",
    "tight_patient": "patient-id",
}

_Span = tuple[int, int]

_REACH = 20
# A number and what must part it from the next take six characters.
_MOST_IN_REACH = 5
_FEWEST, _MOST = 5, 12
_LONGEST_PREFIX = 5
_PORTS = 65_535
_DATE_LENGTH = len("20240611")
_WALL = "\ue000"

# Digits in one piece, or in groups a space, dash or line break apart (00-12-34, 0012 3456).
_NUMBER = re.compile(r"(\d+)(?:[ \t\r\n-]{1,2}\d{1,5}(?!\d)){0,11}")
_PIECE = re.compile(r"\d+")
_ENDS_NUMBER = re.compile(r"(?![a-z_]|[.:,]\d)")
_PREFIX = re.compile(r"(?:(?<![0-9a-z\\])[a-z]{1,4}-?)\Z")
_MORE = re.compile(
    r"(?:\s{0,3}[,;/&+]\s{0,3}|\s{1,3}(?:and|or)\s{1,3})(?:[a-z]{1,3}-?)?\d{5,12}(?!\w)"
)
_LINK = re.compile(
    r"\s{0,2}[(\[]\s?(?:the\s)?|\s{1,2}(?:is|was)\s(?:(?:the|an?|his|her|their)\s)?|[ ,=-]{1,2}"
)
_LONGEST_LINK = 12
_NO_START = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._:/#-")
_PLAIN_GAPS = frozenset({"", " ", ":", ": ", "=", " #"})
_CLOSES = re.compile(r"\s*(?:[.,;:!?)]|\Z)")
_LAST_WORD = re.compile(r"([a-z]+)[^a-z0-9]*\Z")
# Nothing but signs and a linking word between the keyword and the number.
_TIGHT = re.compile(
    r"[\s:=#.*_~\"'`()\[\]<>|/\\-]*+(?:(?:is|was|no|num|number|of|tel|id|td)\b[\s:=#.*\"'`<>]*+){0,2}\Z"
)
_WRITTEN_DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d|\d\d-\d\d-(?:19|20)\d\d")
_AFTER_DATE = re.compile(r"(?:19|20)\d\d-?\d\d-?\d\d[ t]\Z")
_DATE = re.compile(
    r"(?:19|20)\d\d[- ]?(?:0[1-9]|1[0-2])[- ]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?:0?[1-9]|[12]\d|3[01])[- ](?:0?[1-9]|1[0-2])[- ](?:19|20)\d\d"
)


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield every number within twenty characters of a word that makes it a patient's."""
    low = view.low
    keywords = [
        keyword
        for place in (view.word_starts(_STEMS) if view.has_digit else ())
        if (keyword := _KEYWORD.match(low, place))
    ]
    if not keywords:
        return
    numbers = [span for hit in _NUMBER.finditer(low) if (span := _identifier(hit, low))]
    following = 0
    for keyword in keywords:
        # keywords come in order, so every number is passed once
        while following < len(numbers) and numbers[following][0] < keyword.end():
            following += 1
        name = keyword.lastgroup or ""
        is_tight = name.startswith("tight")
        near = numbers[following : following + _MOST_IN_REACH]
        if end := _after(low, keyword.end(), near, must_be_tight=is_tight):
            yield _KINDS[name], keyword.start(), end
        elif following and not is_tight:
            start = _before(low, keyword, numbers[following - 1])
            if start is not None:
                yield _KINDS[name], start, keyword.end()


def _identifier(number: re.Match[str], low: str) -> _Span | None:
    """Return the span of five to twelve digits: the first piece alone, or the first groups."""
    start = number.start()
    first = number.end(1) - start
    if first >= _FEWEST:
        end = number.end(1)
        return (start, end) if first <= _MOST and _ENDS_NUMBER.match(low, end) else None
    if number.end() - start <= _FEWEST:
        return None
    count, span = 0, None
    for piece in _PIECE.finditer(low, start, number.end()):
        count += piece.end() - piece.start()
        if count > _MOST:
            break
        if count >= _FEWEST and _ENDS_NUMBER.match(low, piece.end()):
            span = (start, piece.end())
    return span


def _after(low: str, place: int, numbers: list[_Span], *, must_be_tight: bool) -> int | None:
    """Return the end of the first number in reach of a keyword that is a patient's."""
    for number in numbers:
        if number[0] - place > _REACH + _LONGEST_PREFIX:
            return None
        gap = low[place : number[0]]
        if _WALL in gap or '",' in gap or _is_log_line(gap, low, number[0]):
            return None
        if not _is_clock(gap, low, number[0]) and _is_patients(
            low, gap, number, must_be_tight=must_be_tight
        ):
            return _with_list(low, number[1])
    return None


def _is_log_line(gap: str, low: str, start: int) -> bool:
    """Tell the next line of a log, or another paragraph, below a line that ends in the keyword."""
    return "\n" in gap and ("\n\n" in gap or bool(_DATE.match(low, start)))


def _is_clock(gap: str, low: str, start: int) -> bool:
    """Tell a written date, a decimal or a time."""
    if _WRITTEN_DATE.match(low, start):
        return True
    if len(gap) > _DATE_LENGTH and _AFTER_DATE.search(gap):
        return True
    return gap[-1:] in {".", ":", ","} and gap[-2:-1].isdigit()


def _is_patients(low: str, gap: str, number: _Span, *, must_be_tight: bool) -> bool:
    """Tell a patient's number from one that counts, dates or names something else."""
    prefix = None
    if gap[-1:].isalnum() or gap[-1:] == "-":
        prefix = _PREFIX.search(gap)
        if prefix is None and gap[-1:] != "-":
            return False
    between = gap[: prefix.start()] if prefix else gap
    is_tight = between in _PLAIN_GAPS or bool(_TIGHT.match(between))
    if len(between) > _REACH or (must_be_tight and (not is_tight or "\n" in gap)):
        return False
    if prefix and (not is_tight or prefix.group().rstrip("-") in TICKETS):
        return False
    if low[number[0]] == "0":
        return True
    if UNITS.match(low, number[1]):
        return False
    return is_tight or not _is_other(gap, low[number[0] : number[1]])


def _is_other(gap: str, digits: str) -> bool:
    """Tell a number that the words before it make a count, a date or a port."""
    word = _LAST_WORD.search(gap)
    if word and word.group(1) in OTHER_NUMBERS:
        return True
    if _DATE.match(digits):
        return True
    is_glued = gap.endswith(":") and digits.isdigit() and int(digits) <= _PORTS
    return is_glued and gap[-2:-1].isalnum()


def _with_list(low: str, end: int) -> int:
    while more := _MORE.match(low, end):
        end = more.end()
    return end


def _before(low: str, keyword: re.Match[str], number: _Span) -> int | None:
    """Return where a number right before the keyword begins (`00123456 (MRN)`)."""
    start, end = number
    link = low[end : keyword.start()]
    if len(link) > _LONGEST_LINK or not _LINK.fullmatch(link):
        return None
    if start and low[start - 1] in _NO_START:
        return None
    if low[start] == "0":
        return start
    is_said = link.strip().startswith(("(", "[", "is", "was")) or _CLOSES.match(low, keyword.end())
    line = low[max(0, start - _REACH) : start].rpartition("\n")[2]
    word = _LAST_WORD.search(line)
    return start if is_said and not (word and word.group(1) in OTHER_NUMBERS) else None
