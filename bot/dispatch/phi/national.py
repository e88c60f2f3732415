"""National identifiers with their own check rules: SSN, NHS number, MBI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dispatch.phi.view import Stems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

_SSN = re.compile(r"(\d(?<![a-z0-9.-]\d)\d\d)([-. ])(\d\d)([-. ])(\d{4})(?!-?\d)")
_SSN_NAMED = re.compile(
    r"(?:ssns?|soc(?:ial)?[\s_-]{0,2}sec(?:urity)?(?:[\s_-]{0,2}(?:number|num|no|\#))?)"
    r"(?![a-z0-9])[^\d\n\ue000]{0,20}(\d{3})[-. /]{0,2}(\d\d)[-. /]{0,2}(\d{4})(?!\d)"
)

_NHS_SPACED = re.compile(r"(\d(?<![\w.+-]\d)\d\d) (\d{3}) (\d{4})(?![\d-]|\s\d)")
_NHS_NAMED = re.compile(
    r"nhs(?![a-z0-9])[^\d\n\ue000]{0,20}(\d{3})[-. ]{0,2}(\d{3})[-. ]{0,2}(\d{4})(?!\d)"
)
# 10-digit telephone numbers are written 3-3-4 too; a word nearby says so.
_PHONE = re.compile(
    r"\b(?:tel|telephone|phone|call|cell|mobile|fax|ext|dial|sms|pager|page|hotline|\+\d{1,3})\b"
)
_PHONE_REACH = 25
# England 4, 6, 7; Scotland (a date first) 0 to 3; Northern Ireland 3; 9 in examples and tests.
_NHS_FIRST = frozenset("01234679")
_NHS_MODULUS = 11

_LETTER = "[ac-hjkmnp-rt-y]"
_EITHER = "[0-9ac-hjkmnp-rt-y]"
# CMS: 1-9, letter, either, digit, letter, either, digit, letter, letter, digit, digit.
_MBI = re.compile(
    rf"[1-9](?<![a-z0-9-][1-9]){_LETTER}{_EITHER}\d([- ]?){_LETTER}{_EITHER}\d\1{_LETTER}{{2}}\d\d"
    r"(?![a-z0-9-])"
)
# What every one of the three forms holds; most texts end here.
_SHAPE = re.compile(r"\d{3}[-. ]\d{2}|[1-9][a-z][0-9a-z]\d")
_STEMS = Stems("ssn", "soc", "nhs")
_MBI_WORD = re.compile(r"\b(?:mbi|medicare)\b")
_MBI_REACH = 40


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the national identifiers whose check rule holds."""
    if not view.has_digit:
        return
    low = view.low
    if _SHAPE.search(low):
        yield from _shaped(view)
    for place in view.word_starts(_STEMS):
        named = _SSN_NAMED.match(low, place)
        if named and named.group(1) != "000" and named.group(3) != "0000":
            yield "ssn", place, named.end()
        named = _NHS_NAMED.match(low, place)
        if named and _is_nhs(named):
            yield "nhs-number", place, named.end()


def _shaped(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the numbers whose form and check rule say enough without a word beside them."""
    low = view.low
    for match in _SSN.finditer(low):
        area, first, group, second, serial = match.groups()
        # `120 34 5600` alone is a row of numbers; a dash makes it the usual form
        if "-" in (first, second) and _is_ssn(area, group, serial):
            yield "ssn", match.start(), match.end()
    for match in _NHS_SPACED.finditer(low):
        near = low[max(0, match.start() - _PHONE_REACH) : match.start()]
        if match.group(1)[0] in _NHS_FIRST and _is_nhs(match) and not _PHONE.search(near):
            yield "nhs-number", match.start(), match.end()
    for match in _MBI.finditer(low):
        if _is_mbi(view, match):
            yield "mbi", match.start(), match.end()


def _is_ssn(area: str, group: str, serial: str) -> bool:
    """Apply the Social Security Administration's list of numbers that are never given out."""
    never = area in {"000", "666"} or area[0] == "9"
    return not never and group != "00" and serial != "0000"


def _is_nhs(match: re.Match[str]) -> bool:
    """Apply the modulus-11 check of the NHS Data Dictionary."""
    digits = [int(digit) for digit in "".join(match.groups())]
    if len(set(digits)) == 1:
        return False
    total = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    check = _NHS_MODULUS - total % _NHS_MODULUS
    return digits[-1] == (0 if check == _NHS_MODULUS else check)


def _is_mbi(view: View, match: re.Match[str]) -> bool:
    """Ask for the printed form, or for the word, or for capitals: lower case alone is a token."""
    if match.group(1) == "-" or view.text[match.start() : match.end()].isupper():
        return True
    return bool(_MBI_WORD.search(view.low, max(0, match.start() - _MBI_REACH), match.start()))
