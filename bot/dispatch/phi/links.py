"""Addresses with a patient's identifier in their path or query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

_KIND = "patient-link"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_PATH = re.compile(
    rf"patient(?<![a-z0-9]patient)s?/(?:{_UUID}|[a-z]{{0,4}}[-.]?\d{{4,64}}|\d{{3}})(?![\w.])[^\s\"'<>]{{0,200}}"
    rf"|patient(?<![a-z0-9]patient)s?/(?:[a-z]{{0,4}}[-.]?\d{{4,64}})(?=\.(?:\s|$))"
)
# FHIR ids are free; in a reference, spelled like the type, three digits are enough.
_REFERENCE = re.compile(r"Patient/(?:[A-Za-z-]{0,20}\d){3}[A-Za-z0-9-]{0,64}(?![\w.]\w)")
_QUERY = re.compile(
    r"[?&;](?:mrn|csn|ssn|nhs_?(?:number|no)?|pat(?:ient)?[._-]?(?:id(?:entifier)?|mrn|number|no)?"
    r"|medical_?record(?:_?number)?|accession(?:_?(?:number|no|id))?|encounter_?id|visit_?(?:id|number)"
    r"|subject|member_?id)(?::[a-z]{2,12})?="
    r"(?=[^\s&\"'<>\d]{0,60}+\d)(?![{$:<])(?:patient/)?[^\s&\"'<>]{2,200}"
)
_SEARCH = re.compile(
    r"p(?<![a-z0-9]p)(?:atients?|erson)/?(?:_search)?\?(?:[^\s\"'<>]{1,80}&)?"
    r"(?:identifier|name|family|given|birth_?date|dob|phone|email|address(?:-[a-z]{2,12})?)"
    r"(?::[a-z]{2,12})?=(?![{$:<])[^\s\"'<>]{2,200}"
)
_PERSONAL = re.compile(
    r"[?&;](?:dob|birth_?date|date_?of_?birth)=(?:[a-z]{2})?\d{1,4}[-/.]?\d\d[-/.]?\d{2,4}[^\s\"'<>]{0,200}"
)


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the patient paths and query parameters of addresses."""
    low = view.low
    if "patient" in low and "/" in low:
        for match in _REFERENCE.finditer(view.text):
            yield _KIND, match.start(), match.end()
        for match in _PATH.finditer(low):
            yield _KIND, match.start(), match.end()
    if "=" in low and ("?" in low or "&" in low or ";" in low):
        for pattern in (_QUERY, _PERSONAL, _SEARCH):
            for match in pattern.finditer(low):
                yield _KIND, match.start(), match.end()
