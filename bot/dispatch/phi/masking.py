"""Take patient data out of what we send, and leave the rest readable."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from bot.dispatch.phi.fhir import CLINICAL
from bot.dispatch.phi.scanning import PLACEHOLDER, scan
from bot.dispatch.phi.verdict import MAX_CHARS, Tier, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonLike: TypeAlias = "bool | int | float | str | list[JsonLike] | dict[str, JsonLike] | None"

_CUT = f"\n[cut here: longer than {MAX_CHARS:,} characters]"
# Each round can only uncover what the one before had hidden or cut; two do in practice.
_ROUNDS = 4
_DEEPEST = 60
_TOO_DEEP = "[removed: nested too deep to check]"
# Form fields and CI parameters come as a pair of a label and a value.
_LABELS = ("name", "key", "title", "label", "field", "parameter", "type", "code")
_VALUES = frozenset({"value", "text", "content", "default", "current", "id"})


def mask(text: str) -> tuple[str, Verdict]:
    """Return the text with every block-tier span replaced, and the verdict on what it was.

    What comes out scans without a block, is at most MAX_CHARS long, and masks to itself. A text
    longer than MAX_CHARS is cut and ends by saying so.
    """
    verdict = scan(text)
    if verdict.tier is not Tier.BLOCK:
        return text, verdict
    masked = _cut(text)
    found = scan(masked) if len(text) > MAX_CHARS else verdict
    for _ in range(_ROUNDS):
        if found.tier is not Tier.BLOCK:
            return masked, verdict
        masked = _cut(_replace(masked, found))
        found = scan(masked)
    return _placeholder(verdict), verdict


def _placeholder(verdict: Verdict) -> str:
    kind = next(found.kind for found in verdict.findings if found.tier is Tier.BLOCK)
    return PLACEHOLDER.format(kind=kind)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - len(_CUT)] + _CUT


def _replace(text: str, verdict: Verdict) -> str:
    """Put one placeholder for each run of overlapping findings, named after the widest."""
    pieces = []
    place = 0
    for start, end, kind in _runs(verdict):
        pieces += [text[place:start], PLACEHOLDER.format(kind=kind)]
        place = end
    return "".join([*pieces, text[place:]])


def _runs(verdict: Verdict) -> list[tuple[int, int, str]]:
    runs: list[tuple[int, int, str]] = []
    widest = 0
    for finding in verdict.findings:
        if finding.tier is not Tier.BLOCK:
            continue
        size = finding.end - finding.start
        if runs and finding.start < runs[-1][1]:
            start, end, kind = runs[-1]
            runs[-1] = (start, max(end, finding.end), finding.kind if size > widest else kind)
            widest = max(widest, size)
        else:
            runs.append((finding.start, finding.end, finding.kind))
            widest = size
    return runs


def mask_value(value: JsonLike) -> JsonLike:
    """Mask every string in a JSON-like value, keys too.

    A key lends its value context (`{"mrn": 123456}`), as does a label beside it
    (`{"name": "MRN", "value": "123456"}`). What is patient data only as a whole (a FHIR resource,
    a DICOM data set) goes as a whole.
    """
    return _seal(_mask(value, "", 0))


def _mask(value: JsonLike, context: str, depth: int) -> JsonLike:
    """Mask a value as read after `context`, the key or label that it stands under."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int | float):
        return _mask_scalar(value, context)
    if depth >= _DEEPEST:
        return _TOO_DEEP
    if isinstance(value, list):
        return [_mask(item, context, depth + 1) for item in value]
    return _mask_mapping(value, context, depth)


def _mask_scalar(value: str | float, context: str) -> JsonLike:
    alone = mask(value)[0] if isinstance(value, str) else value
    if not context:
        return alone
    together = scan(f"{context}: {alone}")
    return _placeholder(together) if together.tier is Tier.BLOCK else alone


def _mask_mapping(value: Mapping[str, JsonLike], context: str, depth: int) -> JsonLike:
    resource = value.get("resourceType")
    if isinstance(resource, str) and resource.lower() in CLINICAL:
        return PLACEHOLDER.format(kind="fhir-json")
    label = next((word for key in _LABELS if isinstance(word := value.get(key), str)), context)
    masked: dict[str, JsonLike] = {}
    for key, item in value.items():
        under = label if label and key in _VALUES else key
        masked[_free_key(mask(key)[0], masked)] = _mask(item, mask(under)[0], depth + 1)
    return masked


def _free_key(key: str, taken: Mapping[str, JsonLike]) -> str:
    """Keep two masked keys apart, so that no value is lost."""
    if key not in taken:
        return key
    number = 2
    while f"{key} ({number})" in taken:
        number += 1
    return f"{key} ({number})"


def _seal(value: JsonLike) -> JsonLike:
    """Replace the smallest containers that are still patient data when written out as JSON."""
    if not isinstance(value, list | dict) or _scan_json(value).tier is not Tier.BLOCK:
        return value
    sealed: JsonLike
    if isinstance(value, list):
        sealed = [_seal(item) for item in value]
    else:
        sealed = {key: _seal_item(key, _seal(item)) for key, item in value.items()}
    verdict = _scan_json(sealed)
    return _placeholder(verdict) if _is_found(verdict) else sealed


def _seal_item(key: str, item: JsonLike) -> JsonLike:
    """Replace a container that only its key makes patient data (`"00100010": {...}`)."""
    if not isinstance(item, list | dict):
        return item
    verdict = _scan_json({key: item})
    return _placeholder(verdict) if _is_found(verdict) else item


def _scan_json(value: JsonLike) -> Verdict:
    return scan(json.dumps(value, ensure_ascii=False))


def _is_found(verdict: Verdict) -> bool:
    """Tell a block for what was found from one for the length alone: the parts were read."""
    return any(found.tier is Tier.BLOCK and found.kind != "too-long" for found in verdict.findings)
