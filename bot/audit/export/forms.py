"""The formats of an export, by name."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.audit.export import atna, cef, fhir, jsonl, ocsf, table
from bot.audit.export.part import event_of
from bot.audit.reading import Row
from bot.model import Event


class Format(enum.StrEnum):
    """What an export looks like."""

    JSONL = "jsonl"
    CSV = "csv"
    FHIR = "fhir"
    OCSF = "ocsf"
    CEF = "cef"
    ATNA = "atna"


@dataclass(frozen=True)
class Form:
    """How a format is written: an event's bytes, and what stands before the first."""

    record: Callable[[Row], bytes]
    opening: bytes = b""


def _of_event(written: Callable[[Event], bytes]) -> Callable[[Row], bytes]:
    return lambda row: written(event_of(row))


FORMS: Final[Mapping[Format, Form]] = {
    Format.JSONL: Form(jsonl.line),
    Format.CSV: Form(table.line, table.heading()),
    Format.FHIR: Form(_of_event(fhir.line)),
    Format.OCSF: Form(_of_event(ocsf.line)),
    Format.CEF: Form(_of_event(cef.line)),
    Format.ATNA: Form(_of_event(atna.framed)),
}
