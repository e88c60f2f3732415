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

_REACH = 20
_FEWEST, _MOST = 5, 12
_LONGEST_PREFIX = 5
_PORTS = 65_535
_WALL = "\ue000"

_FIVE_DIGITS = re.compile(r"\d{5}")
_DIGIT = re.compile(r"\d")
# Digits in one piece, or in groups a space, dash or line break apart (00-12-34, 0012 3456).
_NUMBER = re.compile(r"\d+(?:[ \t\r\n-]{1,2}\d{1,5}(?!\d)){0,11}")
_PIECE = re.compile(r"\d+")
_ENDS_NUMBER = re.compile(r"(?![a-z_]|[.:,]\d)")
_PREFIX = re.compile(r"(?:(?<![0-9a-z\\])[a-z]{1,4}-?)\Z")
_MORE = re.compile(
    r"(?:\s{0,3}[,;/&+]\s{0,3}|\s{1,3}(?:and|or)\s{1,3})(?:[a-z]{1,3}-?)?\d{5,12}(?!\w)"
)
_BEFORE = re.compile(
    r"(?<![0-9a-z._:/\#-])(?P<digits>\d{5,12})"
    r"(?P<link>\s{0,2}[(\[]\s?(?:the\s)?|\s{1,2}(?:is|was)\s(?:(?:the|an?|his|her|their)\s)?"
    r"|[ ,=-]{1,2})\Z"
)
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
    if not view.has_digit:
        return
    low = view.low
    digit = 0
    for place in view.word_starts(_STEMS):
        keyword = _KEYWORD.match(low, place)
        if keyword is None:
            continue
        if digit < keyword.end():
            # keywords come in order, so every digit is looked for once
            found = _DIGIT.search(low, keyword.end())
            digit = found.start() if found else len(low) + _REACH
        name = keyword.lastgroup or ""
        is_tight = name.startswith("tight")
        if end := _after(view, keyword.end(), digit, is_tight=is_tight):
            yield _KINDS[name], place, end
        elif not is_tight and (start := _before(low, keyword)) is not None:
            yield _KINDS[name], start, keyword.end()


def _after(view: View, place: int, digit: int, *, is_tight: bool) -> int | None:
    """Return the end of the first number in reach that is a patient's."""
    low = view.low
    while digit - place <= _REACH + _LONGEST_PREFIX and (number := _NUMBER.match(low, digit)):
        gap = low[place:digit]
        if _WALL in gap or '",' in gap or _is_log_line(gap, number):
            return None
        if (
            number.end() - digit >= _FEWEST
            and not _is_clock(gap, number)
            and (end := _patients_end(view, gap, number, must_be_tight=is_tight))
        ):
            return _with_list(low, end)
        following = _DIGIT.search(low, number.end(), place + _REACH + _LONGEST_PREFIX + 1)
        if following is None:
            return None
        digit = following.start()
    return None


def _is_log_line(gap: str, number: re.Match[str]) -> bool:
    """Tell the next line of a log, or another paragraph, below a line that ends in the keyword."""
    return "\n" in gap and ("\n\n" in gap or bool(_DATE.match(number.group())))


def _is_clock(gap: str, number: re.Match[str]) -> bool:
    """Tell a written date, a decimal or a time."""
    if _WRITTEN_DATE.match(number.group()) or _AFTER_DATE.search(gap):
        return True
    return gap[-1:] in {".", ":", ","} and gap[-2:-1].isdigit()


def _patients_end(
    view: View, gap: str, number: re.Match[str], *, must_be_tight: bool
) -> int | None:
    """Return where a number ends, or None when it counts, dates or names something else."""
    end = _number_end(number, view.low)
    is_glued = gap[-1:].isalnum() or gap[-1:] == "-"
    prefix = _PREFIX.search(gap) if is_glued else None
    if end is None or (prefix is None and gap[-1:].isalnum()):
        return None
    between = gap[: prefix.start()] if prefix else gap
    is_tight = between in _PLAIN_GAPS or bool(_TIGHT.match(between))
    if len(between) > _REACH or (must_be_tight and (not is_tight or "\n" in gap)):
        return None
    if prefix and (not is_tight or prefix.group().rstrip("-") in TICKETS):
        return None
    digits = view.low[number.start() : end]
    if digits[0] == "0":
        return end
    is_other = UNITS.match(view.low, end) or (not is_tight and _is_other(gap, digits))
    return None if is_other else end


def _number_end(number: re.Match[str], low: str) -> int | None:
    """Return the end of five to twelve digits: the first piece alone, or the first groups."""
    count, end = 0, None
    for piece in _PIECE.finditer(low, number.start(), number.end()):
        count += len(piece.group())
        if count > _MOST:
            break
        if count >= _FEWEST and _ENDS_NUMBER.match(low, piece.end()):
            end = piece.end()
            if piece.start() == number.start():
                break
    return end


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


def _before(low: str, keyword: re.Match[str]) -> int | None:
    """Return where a number right before the keyword begins (`00123456 (MRN)`)."""
    place = keyword.start()
    window = low[max(0, place - _REACH) : place]
    number = _BEFORE.search(window) if _FIVE_DIGITS.search(window) else None
    if number is None:
        return None
    link = number["link"].strip()
    is_said = link.startswith(("(", "[", "is", "was")) or _CLOSES.match(low, keyword.end())
    if number["digits"][0] != "0" and not is_said:
        return None
    word = _LAST_WORD.search(window[: number.start()].rpartition("\n")[2])
    if number["digits"][0] != "0" and word and word.group(1) in OTHER_NUMBERS:
        return None
    return place - len(window) + number.start()
