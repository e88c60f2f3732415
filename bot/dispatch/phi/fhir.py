"""FHIR in JSON: resources of the patient compartment, and pieces torn out of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.dispatch.phi.extents import json_documents, json_extent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dispatch.phi.view import View

_KIND = "fhir-json"

# FHIR R4 and R5 patient compartment, with the older names still on the wire, and Binary, which
# carries documents. Not here: CapabilityStatement, OperationOutcome, Practitioner, Organization...
CLINICAL = frozenset(
    """
    account adverseevent allergyintolerance appointment appointmentresponse auditevent basic
    binary biologicallyderivedproduct bodysite bodystructure careplan careteam chargeitem
    claim claimresponse clinicalimpression communication communicationrequest composition
    condition consent contract coverage coverageeligibilityrequest
    coverageeligibilityresponse detectedissue devicedispense devicerequest deviceusage
    deviceusestatement diagnosticorder diagnosticreport documentmanifest documentreference
    encounter encounterhistory enrollmentrequest episodeofcare explanationofbenefit
    familymemberhistory flag genomicstudy goal group imagingselection imagingstudy
    immunization immunizationevaluation immunizationrecommendation invoice list
    measurereport media medicationadministration medicationdispense medicationorder
    medicationrequest medicationstatement medicationusage molecularsequence nutritionintake
    nutritionorder observation patient person procedure procedurerequest provenance
    questionnaireresponse referralrequest relatedperson requestgroup requestorchestration
    researchsubject riskassessment servicerequest specimen supplydelivery supplyrequest
    transport visionprescription
    """.split()  # noqa: SIM905 (a column of words would be longer than the code)
)

_RESOURCE = re.compile(
    r"""["']resourcetype["']\s{0,20}[:=]\s{0,20}(?:\[\s{0,9})?["']([a-z]{4,40})["']"""
)
# What only a person's resource has; a staff directory entry (Practitioner) has names too.
_TORN = re.compile(
    r"""
      ["']birthdate["']\s{0,9}:\s{0,9}["']\d{4}
    | ["']use["']\s{0,9}:\s{0,9}["'](?:official|usual|maiden)["']\s{0,9},\s{0,80}["']family["']
    | ["'][^"'\s]{0,80}/(?:us-ssn|us-mbi|us-medicare|nhs-number)["']\s{0,9},\s{0,80}["']value["']
    | /structuredefinition/patient-[a-z]{3,40}["']\s{0,9},\s{0,80}["']value(?:string|address)["']
    """,
    re.VERBOSE,
)
_NAME_PART = re.compile(r"""["'](family|given)["']\s{0,9}:\s{0,9}["'\[]""")
_OTHER_PART = {"family": "given", "given": "family"}
_NAME_REACH = 120
# HL7 table 0203: the identifier types that are a person's; the value follows in the same object.
_TYPE = re.compile(r"""["']code["']\s{0,9}:\s{0,9}["'](?:mr|ss|pi|mc|nh|ni|dl|ppn|vn|hc)["']""")
_VALUE_REACH = 400
_TORN_WORDS = ("birthdate", "family", "value")
_STAFF = re.compile(r"""["']resourcetype["']\s{0,9}:\s{0,9}["']practitioner(?:role)?["']""")


def find(view: View) -> Iterator[tuple[str, int, int]]:
    """Yield the documents that hold a clinical resource, and torn pieces of one."""
    low = view.low
    hits = sorted(_hits(view), key=re.Match.start)
    documents = json_documents(low) if hits else []
    covered = 0
    for match in hits:
        if match.start() < covered:
            continue
        start, covered = json_extent(low, match.start(), match.end(), documents)
        yield _KIND, start, covered


def _hits(view: View) -> Iterator[re.Match[str]]:
    low = view.low
    if "resourcetype" in low:
        yield from (hit for hit in _RESOURCE.finditer(low) if hit.group(1) in CLINICAL)
    if not view.mentions(_TORN_WORDS) or _STAFF.search(low):
        return
    yield from _TORN.finditer(low)
    for hit in _NAME_PART.finditer(low):
        other = _OTHER_PART[hit.group(1)]
        if re.search(rf"[\"']{other}[\"']", low[hit.end() : hit.end() + _NAME_REACH]):
            yield hit
    for hit in _TYPE.finditer(low):
        if '"value"' in low[hit.end() : hit.end() + _VALUE_REACH]:
            yield hit
