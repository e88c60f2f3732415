"""Reports of other tools about one release: only what is surely good lets a deploy go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.api import Probe, Standing
from integrations.probes import reports
from integrations.probes.answers import Unanswered

if TYPE_CHECKING:
    from integrations.probes.answers import Json

COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
PASSED, FAILED = Standing.PASSED, Standing.FAILED


def look(kind: str, report: Json, *, critical: int = 0, high: int = 0) -> tuple[Standing, str]:
    probe = Probe(kind, critical=critical, high=high, version="1.4.2", commit=COMMIT)
    found = reports.vulnerabilities(probe, report)
    return found.standing, found.detail


def sarif(*results: dict[str, Any], **run: Any) -> dict[str, Any]:
    """Return a report as SARIF 2.1.0 and GitHub's code scanning write it."""
    rules = [
        {"id": "sql", "properties": {"security-severity": "9.8", "tags": ["security"]}},
        {"id": "path", "properties": {"security-severity": "7.5"}},
        {"id": "note", "properties": {"security-severity": "3.1"}},
        {"id": "null", "defaultConfiguration": {"level": "error"}},
        {"id": "style"},
    ]
    tool = {"driver": {"name": "CodeQL", "rules": rules}}
    return {"version": "2.1.0", "runs": [{"tool": tool, "results": list(results), **run}]}


def test_sarif_counts_by_security_severity_and_else_by_level() -> None:
    results = [{"ruleId": name} for name in ("sql", "path", "note", "null", "style")]
    assert look("sarif", sarif(*results)) == (
        FAILED,
        "found 1 critical, 2 high, at most 0 critical and 0 high may be",
    )
    assert look("sarif", sarif(*results), critical=1, high=2)[0] is PASSED
    assert look("sarif", sarif()) == (PASSED, "found 0 critical, 0 high")


@pytest.mark.parametrize(
    "harmless",
    [
        {"suppressions": [{"kind": "inSource"}]},
        {"suppressions": [{"kind": "external", "status": "accepted"}]},
        {"kind": "pass"},
        {"kind": "informational"},
        {"baselineState": "absent"},
    ],
)
def test_what_was_accepted_or_is_gone_does_not_count(harmless: dict[str, Any]) -> None:
    assert look("sarif", sarif({"ruleId": "sql", **harmless}))[0] is PASSED


def test_a_suppression_that_was_rejected_counts_and_an_odd_severity_is_critical() -> None:
    rejected = {"suppressions": [{"kind": "external", "status": "rejected"}]}
    assert look("sarif", sarif({"ruleId": "path", **rejected}))[0] is FAILED
    odd = {"ruleId": "style", "properties": {"security-severity": "terrible"}}
    assert "1 critical" in look("sarif", sarif(odd))[1]
    by_reference = {"rule": {"id": "sql", "index": 0}}
    assert "1 critical" in look("sarif", sarif(by_reference))[1]


@pytest.mark.parametrize(
    "report",
    [
        {},
        [],
        None,
        {"version": "2.1.0"},
        {"version": "2.1.0", "runs": []},
        {"version": "1.0.0", "runs": [{"results": []}]},
        sarif(invocations=[{"executionSuccessful": False}]),
        sarif(versionControlProvenance=[{"revisionId": "0" * 40}]),
    ],
)
def test_what_is_no_whole_sarif_of_this_commit_is_not_known(report: Json) -> None:
    with pytest.raises(Unanswered):
        look("sarif", report)


def test_sarif_of_this_commit_is_taken() -> None:
    of = [{"repositoryUri": "https://git.hospital.example/x", "revisionId": COMMIT}]
    assert look("sarif", sarif(versionControlProvenance=of))[0] is PASSED


def trivy(**result: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": 2,
        "ArtifactName": "registry.hospital.example/lab-results:1.4.2",
        "Results": [{"Target": "lab-results", "Class": "os-pkgs", **result}],
    }


def test_trivy_counts_vulnerabilities_secrets_and_failed_checks() -> None:
    report = trivy(
        Vulnerabilities=[{"Severity": "CRITICAL"}, {"Severity": "LOW"}, {"Severity": "UNKNOWN"}],
        Secrets=[{"Severity": "CRITICAL"}],
        Misconfigurations=[
            {"Severity": "HIGH", "Status": "FAIL"},
            {"Severity": "HIGH", "Status": "PASS"},
        ],
    )
    standing, said = look("trivy", report)
    assert (standing, said.partition(",")[0]) == (FAILED, "found 2 critical")
    assert "1 high" in said
    assert look("trivy", trivy())[0] is PASSED


@pytest.mark.parametrize(
    "report",
    [{}, {"SchemaVersion": 1, "Results": []}, {"SchemaVersion": 2}, {"Results": []}, "text"],
)
def test_a_trivy_that_looked_at_nothing_is_not_known(report: Json) -> None:
    with pytest.raises(Unanswered):
        look("trivy", report)


def cyclonedx(*vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "vulnerabilities": list(vulnerabilities),
    }


def test_cyclonedx_counts_the_worst_rating_of_what_harms() -> None:
    worst = {"id": "CVE-1", "ratings": [{"severity": "medium"}, {"severity": "critical"}]}
    scored = {"id": "CVE-2", "ratings": [{"severity": "unknown", "score": 7.2}]}
    triage = {"id": "CVE-3", "ratings": [{"severity": "high"}], "analysis": {"state": "in_triage"}}
    harmless = [
        {"id": f"CVE-{state}", "ratings": [{"severity": "critical"}], "analysis": {"state": state}}
        for state in sorted(reports.HARMLESS)
    ]
    report = cyclonedx(worst, scored, triage, *harmless)
    assert look("cyclonedx", report)[1].startswith("found 1 critical, 2 high")
    assert look("cyclonedx", cyclonedx())[0] is PASSED


def test_a_bill_of_materials_alone_is_no_scan() -> None:
    bill: Json = {"bomFormat": "CycloneDX", "components": []}
    nameless: Json = {"vulnerabilities": []}
    for report in (bill, nameless):
        with pytest.raises(Unanswered, match="lists vulnerabilities"):
            look("cyclonedx", report)


JUNIT = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3"><testsuite name="lab" tests="3" failures="1" errors="0">
<testcase classname="t" name="a" time="0.1"/>
<testcase classname="t" name="b"><failure message="MRN 123">trace</failure></testcase>
<testcase classname="t" name="c"><skipped/></testcase>
</testsuite></testsuites>"""


def test_junit_wants_tests_and_none_that_failed() -> None:
    bad = reports.junit(JUNIT)
    assert (bad.standing, bad.detail) == (FAILED, "1 of 3 tests failed")
    good = reports.junit(
        JUNIT.replace(b"failure>", b"system-out>").replace(b"<failure", b"<system-out")
    )
    assert (good.standing, good.detail) == (PASSED, "0 of 3 tests failed")
    broken = reports.junit(JUNIT.replace(b"failure>", b"error>").replace(b"<failure", b"<error"))
    assert broken.standing is FAILED
    alone = reports.junit(b'<testsuite><testcase name="a"/></testsuite>')
    assert alone.standing is PASSED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<testsuites/>",
        b"<html><body/></html>",
        JUNIT[:-20],
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><testsuite><testcase name="&a;"/></testsuite>',
        '<!DOCTYPE x [<!ENTITY a "a">]><testsuite><testcase name="&a;"/></testsuite>'.encode(
            "utf-16"
        ),
        b"{}",
    ],
)
def test_what_is_no_junit_report_is_not_known(body: bytes) -> None:
    with pytest.raises(Unanswered):
        reports.junit(body)
