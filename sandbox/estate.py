"""What the sandbox hospital consists of: its services, environments, versions and people."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

ENVIRONMENTS = ("test", "production")
VERSIONS = ("1.4.1", "1.4.2", "1.4.3", "1.5.0")
FIRST_VERSION = VERSIONS[0]
CI_USER = "wardroom"
SIGN_IN_CLIENT = "wardroom"
# Everybody's, and shown on the sign-in page: what is behind it is as made up as they are.
PASSWORD = "sandbox"  # noqa: S105 - it is shown to everybody


@dataclass(frozen=True)
class ClinicalService:
    """One service of the hospital; `safety_class` is its IEC 62304 class."""

    id: str
    owner: str
    safety_class: str
    criticality: str
    sites: tuple[str, ...]
    tags: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """Return the file that starts it, inside a release."""
        return f"{self.id}/{self.id.replace('-', '_')}.py"


# Which sites have a process of their own, beside the first site's, which is the environment's.
SITED = {("portal", "production"): ("clinics",)}

# In the order in which CI builds them at the first start: the tutorial begins with lab-results.
SERVICES = (
    ClinicalService("lab-results", "interfaces", "B", "critical", ("main",), ("interfaces",)),
    ClinicalService("portal", "web", "A", "low", ("main", "clinics")),
    ClinicalService(
        "adt-feed", "interfaces", "B", "high", ("main",), ("interfaces",), peers=("lab-results",)
    ),
    ClinicalService("ehr-api", "ehr", "B", "critical", ("main", "clinics"), ("core",)),
    ClinicalService("pacs", "imaging", "C", "critical", ("main",), ("imaging",)),
)


# Who wrote the versions of a service; those of the others are by nobody whom Wardroom knows.
AUTHORS = {"ehr-api": "engineer-2"}


@dataclass(frozen=True)
class Person:
    """One persona, named by what they do."""

    id: str
    name: str
    roles: tuple[str, ...]

    @property
    def email(self) -> str:
        """Return the address that their commits carry."""
        return f"{self.id}@hospital.example"

    @property
    def subject(self) -> str:
        """Return what the sign-in page knows them as: an id that says nothing, as elsewhere."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.id}.hospital.example"))


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
    Person("administrator", "Administrator", ("administrator",)),
)


def author(service_id: str) -> Person | None:
    """Return who wrote the versions of a service, None for the hospital's integrators."""
    return {person.id: person for person in PEOPLE}.get(AUTHORS.get(service_id, ""))


def service(service_id: str) -> ClinicalService:
    """Return a service by id; `KeyError` when the hospital has none of that name."""
    return {known.id: known for known in SERVICES}[service_id]


def places(service_id: str) -> tuple[str, ...]:
    """Return where a service runs: each environment, and its further sites that are processes."""
    return tuple(place for env in ENVIRONMENTS for place in sites(service_id, env).values())


def sites(service_id: str, environment: str) -> dict[str, str]:
    """Return the place of each site that is a process; the first one is the environment itself."""
    first = service(service_id).sites[0]
    further = SITED.get((service_id, environment), ())
    return {first: environment, **{site: f"{environment}-{site}" for site in further}}


def tag(service_id: str, version: str) -> str:
    """Return the git tag of one version of one service."""
    return f"{service_id}/{version}"
