"""What the estate file says of checks: what is looked at, and which answers are good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from bot.documents import Block, matching
from bot.model import ALERT_KINDS, Probe, Validator

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST_PROBE: Final = 1
LONGEST_PROBE: Final = 10
LONGEST_WAIT: Final = timedelta(days=366)
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
DURATION: Final = re.compile(r"(?:\d{1,6}[smhdw])+")
PLACE: Final = r"(?:[A-Za-z_][\w-]*|\[\d{1,4}\])(?:\.[A-Za-z_][\w-]*|\[\d{1,4}\])*"


def _duration(value: object) -> timedelta:
    said = value.replace(" ", "") if isinstance(value, str) else ""
    if not DURATION.fullmatch(said):
        raise ValueError("must be a duration, such as 90m, 2h, 1d or 1d12h")
    parts = re.findall(r"(\d+)([smhdw])", said)
    found = timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in parts))
    if not timedelta() < found <= LONGEST_WAIT:
        raise ValueError("must be longer than nothing and at most 366d")
    return found


Duration: TypeAlias = Annotated[timedelta, BeforeValidator(_duration)]
JsonPlace: TypeAlias = Annotated[
    str,
    matching(PLACE, "must be a place in a JSON answer, such as queue_depth, jobs[0].finished"),
]
Line: TypeAlias = Annotated[str, matching(r"[^\x00-\x1f\x7f]{1,60}", "must be one short line")]
Count: TypeAlias = Annotated[int, Field(ge=0, strict=True)]


class CheckEntry(Block):
    """One look at a system; which of the keys belong to it depends on its kind."""

    kind: Literal[
        "version",
        "http",
        "queue",
        "backup",
        "scan",
        "interface",
        "junit",
        "sarif",
        "trivy",
        "cyclonedx",
        "code-scanning",
        "dependabot",
        "endpoint",
    ]
    name: Line | None = None
    url: str = ""
    timeout_seconds: int = Field(default=5, ge=SHORTEST_PROBE, le=LONGEST_PROBE)
    at: JsonPlace | None = None
    says: Line | None = None
    below: Annotated[int, Field(ge=1, strict=True)] | None = None
    oldest: Duration | None = None
    critical: Count | None = None
    high: Count | None = None
    critical_at: JsonPlace | None = None
    high_at: JsonPlace | None = None
    version_at: JsonPlace | None = None
    commit_at: JsonPlace | None = None
    endpoint: Line | None = None

    def probe(self) -> Probe:
        """Return what is asked."""
        given = self.model_dump(exclude_none=True)
        return Probe(**given)


# What each kind of check needs, with an example, and what else it may have.
GENERAL: Final = frozenset({"kind", "name", "url", "timeout_seconds"})
_BOUNDS: Final = {"critical": "critical: 0", "high": "high: 0"}
NEEDS: Final = {
    "version": {},
    "http": {},
    "queue": {"at": "at: queue_depth", "below": "below: 100"},
    "backup": {"at": "at: finished", "oldest": "oldest: 26h"},
    "scan": _BOUNDS,
    "interface": {},
    "junit": {},
    "sarif": _BOUNDS,
    "trivy": _BOUNDS,
    "cyclonedx": _BOUNDS,
    "code-scanning": _BOUNDS,
    "dependabot": _BOUNDS,
    "endpoint": {"endpoint": "endpoint: lab-in"},
}
# What has no address of its own here.
HOMELESS: Final = ALERT_KINDS | {"endpoint"}
# A report says in its own way, or not at all, which release it is of: its address has to.
OF_A_RELEASE: Final = frozenset({"junit", "sarif", "trivy", "cyclonedx"})
MAY: Final = {
    "version": {"says"},
    "http": {"at", "says"},
    "scan": {"critical_at", "high_at", "version_at", "commit_at"},
}


def problems(entries: Sequence[CheckEntry], where: str) -> Iterator[str]:
    """Yield what is wrong with a list of checks beyond the shape of each key."""
    labels: list[str] = []
    for number, entry in enumerate(entries):
        place = f"{where}[{number}]"
        yield from _misfits(entry, place)
        yield from _address(entry, place)
        label = entry.name or entry.endpoint or entry.kind
        if label in labels:
            yield f"{place}.name: {label} is there twice; give each a name of its own"
        labels.append(label)


def homeless(entries: Sequence[CheckEntry], where: str, why: str) -> Iterator[str]:
    """Yield a sentence for each check that is asked of who builds a service, where none can be."""
    for number, entry in enumerate(entries):
        if entry.kind in ALERT_KINDS:
            yield f"{where}[{number}]: {entry.kind} {why}"


def _address(entry: CheckEntry, place: str) -> Iterator[str]:
    if entry.kind in HOMELESS:
        return
    schemes = ("mllp", "tcp") if entry.kind == "interface" else ("http", "https")
    if not re.fullmatch(rf"(?:{'|'.join(schemes)})://[^\s/]+\S*", entry.url):
        yield f"{place}.url: must be an address that begins with {schemes[0]}://"
    elif entry.kind == "interface" and not re.fullmatch(r"\w+://[^\s/]+:\d{1,5}", entry.url):
        yield f"{place}.url: must end with a host and a port, such as mllp://lab:2575"
    if entry.kind in OF_A_RELEASE and not re.search(r"\{(?:commit|version)\}", entry.url):
        yield f"{place}.url: must hold {{commit}} or {{version}}, the release that it is of"


def _misfits(entry: CheckEntry, place: str) -> Iterator[str]:
    given = {name for name in entry.model_fields_set if getattr(entry, name) is not None}
    needs = NEEDS[entry.kind]
    for name, example in needs.items():
        if name not in given:
            yield f"{place}.{name}: is missing; a check of the kind {entry.kind} needs {example}"
    general = GENERAL - {"url"} if entry.kind in HOMELESS else GENERAL
    for name in sorted(given - general - set(needs) - MAY.get(entry.kind, set())):
        yield f"{place}.{name}: a check of the kind {entry.kind} has no such setting; remove it"
    if entry.kind == "http" and ("at" in given) != ("says" in given):
        yield f"{place}: at and says belong together: at: status, says: ok"


def _one_of(entry: ValidatorEntry) -> ValidatorEntry:
    if len(entry.model_fields_set) != 1:
        raise ValueError("names one of role, person and rota, such as validator: {role: engineer}")
    return entry


class ValidatorEntry(Block):
    """Who confirms a deploy: one of the three."""

    role: Line = ""
    person: Line = ""
    rota: Line = ""

    def validator(self) -> Validator:
        """Return who that is."""
        return Validator(self.role, self.person, self.rota)


OneValidator: TypeAlias = Annotated[ValidatorEntry, AfterValidator(_one_of)]
