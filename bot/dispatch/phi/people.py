"""Hints of a person, worth a warning: a birth date, a titled name, a bed, a patient's file."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from bot.dispatch.phi.view import Stems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.dispatch.phi.view import View

_Span = tuple[int, int]

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DAY_FIRST = re.compile(
    r"\d(?<!\d\d)(?:"
    r"(?<=[12])\d{3}[-/. ]?\d\d[-/. ]?\d\d"
    r"|\d?[-/. ]\d{1,2}[-/. ](?:\d{4}|\d\d)"
    rf"|\d?(?:st|nd|rd|th)?[ -]{_MONTH}[ -,]{{1,2}}\d{{2,4}}"
    r")(?!\d)"
)
_MONTH_FIRST = re.compile(rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}(?!\d)")

_BIRTH_STEMS = Stems("dob", "d.o.b", "born", "birth", "date")
_BIRTH = re.compile(
    r"(?:dob|d\.o\.b\.?|born|birth[\s_-]?(?:date|day)|date[\s_-]of[\s_-]birth)(?![a-z0-9])"
)
_BIRTH_REACH = 20

_TITLED = re.compile(r"M(?<!\wM)(?:r|rs|s|iss|x|aster|R|RS|S)\b\.? {1,2}[A-Z][A-Za-z'-]{1,30}")
_TITLE_REACH = 80

_BED_STEMS = Stems("bed", "room", "rm", "bay", "cubicle")
_BED = re.compile(r"(?:bed|room|rm|bay|cubicle)\s{0,2}\#?(?:[a-z]?\d{1,4}[a-z]?|[a-z])(?![a-z0-9])")
_EVENT_STEMS = Stems(
    *("coded", "coding", "code blue", "code red", "arrest", "died", "deceased", "expired"),
    *("passed away", "intubated", "discharged", "admitted", "transferred", "fell", "seiz"),
    *("septic", "bleed"),
)
_EVENT_AFTER, _EVENT_BEFORE = 60, 40

_FILE = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2,20}[_,^-][A-Z]{2,20}(?:[_-][A-Za-z0-9]{1,20}){0,4}"
    r"\.(?:png|jpe?g|dcm|pdf|tiff?|bmp|zip|hl7|xml)\b"
    r"|(?<![A-Za-z0-9])\w{1,80}\.dcm\b"
)
_FILE_ENDS = (".png", ".jp", ".dcm", ".pdf", ".tif", ".bmp", ".zip", ".hl7", ".xml")


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield what may point at a person without being an identifier."""
    if view.has_digit:
        births = [
            hit.span()
            for at in view.word_starts(_BIRTH_STEMS)
            if (hit := _BIRTH.match(view.low, at))
        ]
        titled = [hit.span() for hit in _TITLED.finditer(view.text)] if "M" in view.text else []
        if births or titled:
            yield from _dated(view.low, births, titled)
    yield from _beds(view)
    if view.mentions(_FILE_ENDS):
        yield from _files(view.text)


def _dated(
    low: str, births: Sequence[_Span], titled: Sequence[_Span]
) -> Iterator[tuple[str, int, int]]:
    dates = sorted(hit.span() for form in (_DAY_FIRST, _MONTH_FIRST) for hit in form.finditer(low))
    for start, end in births:
        date = _first(dates, end, end + _BIRTH_REACH)
        if date and not _is_cut(low, end, date[0]):
            yield "date-of-birth", start, date[1]
    for start, end in titled:
        if _first(dates, start - _TITLE_REACH, end + _TITLE_REACH):
            yield "named-person", start, end


def _first(spans: Sequence[_Span], low: int, high: int) -> _Span | None:
    """Return the first of the sorted spans that begins between two places."""
    index = bisect_left(spans, (low, 0))
    return spans[index] if index < len(spans) and spans[index][0] <= high else None


def _is_cut(low: str, start: int, end: int) -> bool:
    return "\n" in low[start:end] or "\ue000" in low[start:end]


def _beds(view: View) -> Iterator[tuple[str, int, int]]:
    low = view.low
    beds = [hit.span() for at in view.word_starts(_BED_STEMS) if (hit := _BED.match(low, at))]
    if not beds:
        return
    events = [(at, at) for at in view.word_starts(_EVENT_STEMS)]
    for start, end in beds:
        event = _first(events, start - _EVENT_BEFORE, end + _EVENT_AFTER)
        if event and "\n" not in low[min(start, event[0]) : max(end, event[0])]:
            yield "bed-event", start, end


def _files(text: str) -> Iterator[tuple[str, int, int]]:
    for hit in _FILE.finditer(text):
        yield "patient-file", *hit.span()
