"""Read a text in every way it can be read, and say what patient data it holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dispatch.phi import (
    dicom,
    fhir,
    hl7v2,
    links,
    markup,
    national,
    numbers,
    people,
    tables,
    x12,
)
from bot.dispatch.phi.decoding import unescape, unpack
from bot.dispatch.phi.folding import fold
from bot.dispatch.phi.kinds import KINDS
from bot.dispatch.phi.verdict import MAX_CHARS, Finding, Tier, Verdict
from bot.dispatch.phi.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACEHOLDER = "[patient data removed: {kind}]"
_PLACEHOLDER_HEAD = "[patient data removed: "
_PLACEHOLDER = re.compile(r"\[patient data removed: [a-z0-9-]{1,40}\]")
# What was removed is a wall: no keyword reaches a number across it. Folding takes this private
# character out of every text, so nobody else can build one.
_WALL = "\ue000"

_ESCAPE_LEVELS = 2
_DETECTORS = (
    hl7v2.find,
    fhir.find,
    markup.find,
    x12.find,
    dicom.find,
    numbers.find,
    national.find,
    links.find,
    tables.find,
    people.find,
)


def scan(text: str) -> Verdict:
    """Say what patient data a text holds; deterministic, offline, in time linear to its length.

    Beyond MAX_CHARS nothing is read and the verdict is block: an unread text never passes.
    """
    spans = {
        (kind, *view.span_as_given(start, end))
        for view in _views(text[:MAX_CHARS])
        for find in _DETECTORS
        for kind, start, end in find(view)
    }
    if len(text) > MAX_CHARS:
        spans.add(("too-long", MAX_CHARS, len(text)))
    if not spans:
        return Verdict(Tier.CLEAN, (), len(text))
    findings = tuple(
        Finding(kind, KINDS[kind].tier, start, end)
        for kind, start, end in sorted(spans, key=lambda span: (span[1], -span[2], span[0]))
    )
    blocked = any(finding.tier is Tier.BLOCK for finding in findings)
    return Verdict(Tier.BLOCK if blocked else Tier.WARN, findings, len(text))


def _views(text: str) -> Iterator[View]:
    plain = fold(View(text))
    if _PLACEHOLDER_HEAD in plain.text:
        plain = View(_PLACEHOLDER.sub(_wall, plain.text), plain)
    yield plain
    yield from _unescaped(plain)
    if unpacked := unpack(plain):
        unpacked = fold(unpacked)
        yield unpacked
        # the escapes of what was packed belong to it: a JSON document in base64
        yield from _unescaped(unpacked)


def _unescaped(view: View) -> Iterator[View]:
    """Decode escapes twice: JSON in a URL, HTML of a JSON string."""
    for _ in range(_ESCAPE_LEVELS):
        inner = unescape(view)
        if inner is None:
            return
        view = fold(inner)
        yield view


def _wall(match: re.Match[str]) -> str:
    return _WALL * len(match.group())
