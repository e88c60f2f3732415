"""What the sandbox hospital consists of: its services, environments, versions and people."""

from __future__ import annotations

from dataclasses import dataclass

ENVIRONMENTS = ("test", "production")
VERSIONS = ("1.4.1", "1.4.2", "1.4.3", "1.5.0")
FIRST_VERSION = VERSIONS[0]
CI_USER = "wardroom"


@dataclass(frozen=True)
class ClinicalService:
    """One service of the hospital; `safety_class` is its IEC 62304 class."""

    id: str
    owner: str
    safety_class: str
    criticality: str
    sites: tuple[str, ...]
    peers: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """Return the file that starts it, inside a release."""
        return f"{self.id}/{self.id.replace('-', '_')}.py"


# In the order in which CI builds them at the first start: the tutorial begins with lab-results.
SERVICES = (
    ClinicalService("lab-results", "interfaces", "B", "critical", ("main",)),
    ClinicalService("portal", "web", "A", "low", ("main", "clinics")),
    ClinicalService("adt-feed", "interfaces", "B", "high", ("main",), peers=("lab-results",)),
    ClinicalService("ehr-api", "ehr", "B", "critical", ("main", "clinics")),
    ClinicalService("pacs", "imaging", "C", "critical", ("main",)),
)


@dataclass(frozen=True)
class Person:
    """One persona, named by what they do."""

    id: str
    name: str
    roles: tuple[str, ...]


PEOPLE = (
    Person("engineer", "Engineer", ("engineer",)),
    Person("engineer-2", "Engineer Two", ("engineer",)),
    Person("release-manager", "Release Manager", ("release_manager",)),
    Person("safety-officer", "Safety Officer", ("clinical_safety_officer",)),
    Person("service-desk", "Service Desk", ("service_desk",)),
    Person("security-officer", "Security Officer", ("security_officer",)),
    Person("auditor", "Auditor", ("auditor",)),
    Person("commander", "Commander", ("incident_commander", "break_glass")),
    Person("clinical-admin", "Clinical Admin", ("clinical_admin",)),
    Person("radiographer", "Radiographer", ("clinical_validator",)),
)


def service(service_id: str) -> ClinicalService:
    """Return a service by id; `KeyError` when the hospital has none of that name."""
    return {known.id: known for known in SERVICES}[service_id]


def tag(service_id: str, version: str) -> str:
    """Return the git tag of one version of one service."""
    return f"{service_id}/{version}"
