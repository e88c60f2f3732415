"""DICOM: patient attributes with their value, by tag, in DICOM JSON and by labelled field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dispatch.phi.extents import json_documents, json_extent
from bot.dispatch.phi.view import Stems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

# Identifying attributes of PS3.6: the patient group, accession number, admission id.
_ELEMENTS = r"0010|002[0-4]|003[0-3]|0050|100[01]|1005|104[0-9]|1060|1090|215[0-9]|21b0|4000"
_TAG = re.compile(
    rf"00(?<![0-9a-f]00)(?:10\s{{0,2}},\s{{0,2}}(?:{_ELEMENTS})|08\s?,\s?0050|38\s?,\s?0010)"
    r"(?![0-9a-f])\)?"
)
_TAG_VALUE = re.compile(
    # (0010,0010) PN [DOE^JANE], as dcmdump and dcm4che print it
    r"\s{0,4}(?:[A-Z]{2}\b[^\n\[]{0,20}|[:=]\s{0,3})\[[^\]\n]{1,80}\]"
    # (0010, 0010) Patient's Name   PN: 'DOE^JANE', as pydicom prints it
    r"|[^\n:=]{0,60}+[:=]\s{0,3}(?:['\"][^'\"\n]{1,80}['\"]|[^\s^]{0,40}+\^\S{0,40}|[^\s\d]{0,9}+\d{5})"
    r"|[^\n:=]{0,60}?\b(?:PN|LO|SH|DA)\s?[:=]\s{0,3}\S{1,60}"
    r"|\s{1,4}(?:(?:PN|LO|SH|DA)\s{1,4})?[A-Za-z'-]{1,40}\^\S{0,60}"
    r"|\s{1,4}(?:PN|LO|SH|DA)\s{1,4}[^\s\d]{0,9}\d{5}\S{0,60}"
)
_JSON_TAG = re.compile(
    rf"""["']0010(?:{_ELEMENTS})["']\s{{0,9}}:\s{{0,9}}\{{[^{{}}]{{0,120}}"""
    r"""["']value["']\s{0,9}:\s{0,9}\[\s{0,20}[^\]\s]"""
)
_LABEL = re.compile(
    r"pat(?:ient)?(?:'?s)?[\s_.-]{0,2}"
    r"(?:(?P<name>(?:(?:first|last|full|family|given|sur)[\s_-]?)?name)"
    r"|(?P<id>id|mrn|ssn|identifier|number)"
    r"|(?P<date>dob|birth[\s_-]?date|date[\s_-]of[\s_-]birth))"
    r"[\"'\\]{0,3}\s{0,3}(?:=>|->|[:=]|>(?=\S)|\s(?=[a-z'-]{1,40}\^))\s{0,3}[\"'\\\[(<]{0,3}"
)
_LABEL_STEMS = Stems("pat")
_NAME_VALUE = re.compile(
    r"([A-Z][A-Za-z'-]{1,40}|[a-z][a-z'-]{1,40}(?=\^))(?:[\^, ]{1,3}[A-Z][A-Za-z'-]{0,40}){0,5}"
)
_QUOTED_VALUE = re.compile(
    r"([A-Za-z][A-Za-z'-]{1,40})(?:[\^, ]{1,3}[A-Za-z][A-Za-z'-]{0,40}){1,5}(?=[\"'\\])"
)
_ID_VALUE = re.compile(
    r"(?!u?int\d|float\d|varchar|uuid\d?\b)(?=(?:[A-Za-z.^/-]{0,12}\d){3})[A-Za-z0-9.^/-]{3,200}"
)
_DATE_VALUE = re.compile(r"(?:19|20)\d\d[-/.]?\d\d[-/.]?\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")
# What stands in a field that is empty, typed or described, not filled.
_NO_NAME = frozenset(
    """
    none null nil undefined string str text varchar char required optional missing empty
    unknown invalid redacted masked removed true false not field column value example any
    nan is the must should cannot name object array type n na tbd todo patientname patient
    max min length expected
    """.split()  # noqa: SIM905 (a column of words would be longer than the code)
)


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the patient attributes that carry a value."""
    text, low = view.text, view.low
    if "0010" in low or "0050" in low:
        yield from _tags(text, low)
    for place in view.word_starts(_LABEL_STEMS):
        label = _LABEL.match(low, place)
        if label and (value := _value(text, label)):
            yield "patient-field", place, value.end()


def _tags(text: str, low: str) -> Iterator[tuple[str, int, int]]:
    for match in _TAG.finditer(low):
        if value := _TAG_VALUE.match(text, match.end()):
            yield "dicom", match.start(), value.end()
    hits = list(_JSON_TAG.finditer(low))
    documents = json_documents(low) if hits else []
    covered = 0
    for match in hits:
        if match.start() >= covered:
            start, covered = json_extent(low, match.start(), match.end(), documents)
            yield "dicom", start, covered


def _value(text: str, label: re.Match[str]) -> re.Match[str] | None:
    place = label.end()
    if label["date"]:
        return _DATE_VALUE.match(text, place)
    if label["id"]:
        return _ID_VALUE.match(text, place)
    value = _NAME_VALUE.match(text, place)
    if value is None and label.group()[-1] in "\"'":
        value = _QUOTED_VALUE.match(text, place)
    if value is None or value.group(1).lower() in _NO_NAME:
        return None
    return value
