"""Reports that tools of others write of one release: tests, code scans, vulnerabilities.

Formats: JUnit XML (as CI servers write it; there is no standard), SARIF 2.1.0 (OASIS), Trivy's
JSON (schema 2) and CycloneDX 1.4 and later (ECMA-424). Only counts come out of a report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree import ElementTree as ET

from bot.api import Finding, Standing, counted
from integrations.probes.answers import Unanswered, at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.api import Probe
    from integrations.probes.answers import Json

    Object = dict[str, Json]

# GitHub, "SARIF support for code scanning": above 9.0 is critical, from 7.0 high.
CRITICAL_SCORE, HIGH_SCORE = 9.0, 7.0
# SARIF 3.27.9: a result of any other kind tells of no problem.
PROBLEMS: Final = frozenset({"fail", "review", "open"})
# CycloneDX, "analysis.state": what does not harm this release.
HARMLESS: Final = frozenset(
    {"resolved", "resolved_with_pedigree", "false_positive", "not_affected"}
)
ORDER: Final = ("critical", "high")
MOST_CASES: Final = 200_000


class Counted(NamedTuple):
    """How many findings of the two worst kinds there are."""

    critical: int
    high: int


def vulnerabilities(probe: Probe, answer: Json) -> Finding:
    """Judge how many critical and high findings a report has."""
    if not isinstance(answer, dict):
        raise Unanswered(f"is no report of the kind {probe.kind}")
    found = COUNTS[probe.kind](probe, answer)
    return counted(probe, found.critical, found.high)


def junit(body: bytes) -> Finding:
    """Judge a JUnit report: at least one test, and none that failed or could not run.

    A document type is refused, in two-byte letters too: entities could fill the memory.
    """
    if any(sign in body for sign in (b"<!DOCTYPE", b"<!ENTITY", b"\0")):
        raise Unanswered("has a document type, which is not read")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities
    except (ET.ParseError, ValueError) as error:
        raise Unanswered("is no JUnit report: it is not whole") from error
    if _tag(root) not in ("testsuite", "testsuites"):
        raise Unanswered("is no JUnit report")
    cases = [one for one in root.iter() if _tag(one) == "testcase"][:MOST_CASES]
    bad = sum(1 for case in cases if {_tag(one) for one in case} & {"failure", "error"})
    if not cases:
        raise Unanswered("has no test in it")
    said = f"{bad} of {len(cases)} tests failed"
    return Finding(Standing.FAILED if bad else Standing.PASSED, said, said)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _sarif(probe: Probe, answer: Object) -> Counted:
    runs = _objects(answer.get("runs"))
    if answer.get("version") != "2.1.0" or not runs:
        raise Unanswered("is no SARIF 2.1.0 with a run in it")
    found: list[str] = []
    for run in runs:
        if any(i.get("executionSuccessful") is False for i in _objects(run.get("invocations"))):
            raise Unanswered("says that its tool did not run to its end")
        _require_commit(probe, run)
        rules = _rules(run)
        found += [_severity(one, rules) for one in _objects(run.get("results")) if _counts(one)]
    return _counted(found)


def _require_commit(probe: Probe, run: Object) -> None:
    """Let pass a run of the asked commit, or one that does not say which it is of."""
    for source in _objects(run.get("versionControlProvenance")):
        of = source.get("revisionId")
        if probe.commit and isinstance(of, str) and not probe.commit.startswith(of.lower()):
            raise Unanswered(f"is not of commit {probe.commit[:12]}")


def _counts(result: Object) -> bool:
    """Say whether a result is a problem that is there and that nobody has accepted."""
    accepted = [s for s in _objects(result.get("suppressions")) if s.get("status") != "rejected"]
    is_gone = result.get("baselineState") == "absent"
    return result.get("kind", "fail") in PROBLEMS and not is_gone and not accepted


def _rules(run: Object) -> Mapping[str, Object]:
    tool = run.get("tool")
    parts = (
        [tool.get("driver"), *_objects(tool.get("extensions"))] if isinstance(tool, dict) else []
    )
    rules = [rule for part in _objects(parts) for rule in _objects(part.get("rules"))]
    return {str(rule.get("id")): rule for rule in rules}


def _severity(result: Object, rules: Mapping[str, Object]) -> str:
    """Return how bad a result is: by its security severity, else an error is high."""
    named = result.get("ruleId") or at(result, "rule.id")
    rule = rules.get(str(named), {})
    for holder in (result, rule):
        properties = holder.get("properties")
        score = properties.get("security-severity") if isinstance(properties, dict) else None
        if score is not None:
            return _scored(score)
    level = result.get("level") or at(rule, "defaultConfiguration.level") or "warning"
    return "high" if level == "error" else "low"


def _scored(score: Json) -> str:
    try:
        number = float(str(score))
    except ValueError:
        return "critical"  # a severity that cannot be read is not taken for a small one
    if number >= CRITICAL_SCORE:
        return "critical"
    return "high" if number >= HIGH_SCORE else "low"


def _trivy(_probe: Probe, answer: Object) -> Counted:
    # SchemaVersion 2; where nothing was looked at there are no Results.
    results = answer.get("Results")
    if answer.get("SchemaVersion") != 2 or not isinstance(results, list):  # noqa: PLR2004 - its schema's number
        raise Unanswered("is no report of Trivy (schema 2) with results in it")
    found: list[str] = []
    for result in _objects(results):
        listed = [*_objects(result.get("Vulnerabilities")), *_objects(result.get("Secrets"))]
        wrong = [m for m in _objects(result.get("Misconfigurations")) if m.get("Status") == "FAIL"]
        found += [str(one.get("Severity", "UNKNOWN")) for one in (*listed, *wrong)]
    return _counted(found)


def _cyclonedx(_probe: Probe, answer: Object) -> Counted:
    listed = answer.get("vulnerabilities")
    if answer.get("bomFormat") != "CycloneDX" or not isinstance(listed, list):
        raise Unanswered("is no CycloneDX document that lists vulnerabilities")
    harmful = [one for one in _objects(listed) if at(one, "analysis.state") not in HARMLESS]
    return _counted([_worst(one) for one in harmful])


def _worst(vulnerability: Object) -> str:
    """Return the worst of what several sources say of one vulnerability."""
    said = [_rated(rating) for rating in _objects(vulnerability.get("ratings"))]
    return next((severity for severity in ORDER if severity in said), "low")


def _rated(rating: Object) -> str:
    severity, score = rating.get("severity"), rating.get("score")
    if isinstance(severity, str) and severity != "unknown":
        return severity.lower()
    return _scored(score) if score is not None else "low"


COUNTS: Final[Mapping[str, Callable[[Probe, Object], Counted]]] = {
    "sarif": _sarif,
    "trivy": _trivy,
    "cyclonedx": _cyclonedx,
}


def _counted(severities: list[str]) -> Counted:
    lowered = [one.lower() for one in severities]
    return Counted(lowered.count("critical"), lowered.count("high"))


def _objects(found: object) -> list[Object]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
