"""XML with patient data in it: C-CDA documents and FHIR resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dispatch.phi.extents import xml_extent
from bot.dispatch.phi.fhir import CLINICAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

_TAG = re.compile(r"<(?:[a-z0-9_]{1,12}:)?([a-z]{4,40})(?=[\s>/])")
_VALUE = re.compile(r"""\s{1,9}(?:[a-z:]{2,12}=["'][^"']{0,60}["']\s{1,9})?value\s?=\s?["'][^"']""")
_CDA_TAGS = frozenset({"recordtarget", "patientrole"})
_CHILD = re.compile(r"[^>]{0,300}>[\s>]{0,80}<")
_HEAD = 600


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the XML documents that carry a patient."""
    low = view.low
    if "<" not in low:
        return
    covered = 0
    is_fhir = "hl7.org/fhir" in low
    for match in _TAG.finditer(low):
        if match.start() < covered:
            continue
        if kind := _kind_of(match.group(1), low, match.end(), is_fhir=is_fhir):
            start, covered = xml_extent(low, match.start())
            yield kind, start, covered


def _kind_of(tag: str, low: str, after: int, *, is_fhir: bool) -> str | None:
    if tag in _CDA_TAGS:
        return "ccda" if _CHILD.match(low, after) else None
    if tag == "clinicaldocument":
        return "ccda" if "urn:hl7-org:v3" in low[after : after + _HEAD] else None
    if tag == "birthtime":
        return "ccda" if _VALUE.match(low, after) else None
    if tag in {"birthdate", "family"}:
        return "fhir-xml" if _VALUE.match(low, after) else None
    return "fhir-xml" if is_fhir and tag in CLINICAL else None
