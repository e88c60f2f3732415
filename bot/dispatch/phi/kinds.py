"""The kinds of patient data the guard knows, and how to say the same thing without them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.dispatch.phi.verdict import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of leak: its slug, its tier, its name in a sentence and how to rephrase it."""

    slug: str
    tier: Tier
    label: str
    advice: str


_MESSAGE = "Name the interface and the error count instead of pasting the message."
_IDENTIFIER = (
    "Leave the number out: say which system rejected it and how many records are affected."
)
_DOCUMENT = "Name the resource type, the server and the error instead of pasting the content."

_ALL = (
    Kind("hl7v2-segment", Tier.BLOCK, "an HL7 v2 message segment", _MESSAGE),
    Kind(
        "hl7v2-field",
        Tier.BLOCK,
        "an HL7 v2 field with its value",
        "Name the field (PID-3, PID-5) and what is wrong with it, without its value.",
    ),
    Kind("fhir-json", Tier.BLOCK, "a FHIR resource in JSON", _DOCUMENT),
    Kind("fhir-xml", Tier.BLOCK, "a FHIR resource in XML", _DOCUMENT),
    Kind(
        "ccda",
        Tier.BLOCK,
        "a clinical document (C-CDA)",
        "Name the sending system, the template and the validation error instead of the document.",
    ),
    Kind(
        "x12",
        Tier.BLOCK,
        "an X12 transaction with a patient loop",
        "Name the transaction set, the trading partner and the loop instead of pasting it.",
    ),
    Kind(
        "dicom",
        Tier.BLOCK,
        "a DICOM patient attribute with its value",
        "Name the modality, the AE title and the tag without its value.",
    ),
    Kind("mrn", Tier.BLOCK, "a medical record number", _IDENTIFIER),
    Kind("encounter-number", Tier.BLOCK, "a visit or encounter number", _IDENTIFIER),
    Kind("accession-number", Tier.BLOCK, "an accession number", _IDENTIFIER),
    Kind("patient-id", Tier.BLOCK, "a patient identifier", _IDENTIFIER),
    Kind("health-plan-number", Tier.BLOCK, "a health plan number", _IDENTIFIER),
    Kind("ssn", Tier.BLOCK, "a social security number", _IDENTIFIER),
    Kind("nhs-number", Tier.BLOCK, "an NHS number", _IDENTIFIER),
    Kind("mbi", Tier.BLOCK, "a Medicare beneficiary identifier", _IDENTIFIER),
    Kind(
        "patient-field",
        Tier.BLOCK,
        "a patient's name or details in a labelled field",
        "Name the field that is wrong, without what stands in it.",
    ),
    Kind(
        "patient-link",
        Tier.BLOCK,
        "a link that carries a patient identifier",
        "Give the path up to the identifier, such as GET /Patient/{id}, and the status code.",
    ),
    Kind(
        "patient-sql",
        Tier.BLOCK,
        "a query on a patient table",
        "Name the table, the plan or the duration instead of the query.",
    ),
    Kind(
        "patient-table",
        Tier.BLOCK,
        "a table with patient columns",
        "Give the file's name, its row count and the failing line number instead of its rows.",
    ),
    Kind(
        "too-long",
        Tier.BLOCK,
        "more text than can be checked",
        "Send only the lines that matter; a text is checked up to 40,000 characters.",
    ),
    Kind(
        "date-of-birth",
        Tier.WARN,
        "a date of birth",
        "Leave the date out.",
    ),
    Kind(
        "named-person",
        Tier.WARN,
        "a named person beside a date",
        "Speak of the record or the order, not of the person.",
    ),
    Kind(
        "bed-event",
        Tier.WARN,
        "an event at a bed or in a room",
        "Name the unit and the system concerned, not the bed and what happened there.",
    ),
    Kind(
        "patient-file",
        Tier.WARN,
        "a file name that looks like a patient's",
        "Rename the file after the fault it shows; its content cannot be checked.",
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.slug: kind for kind in _ALL})
