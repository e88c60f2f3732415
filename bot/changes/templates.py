"""Standard changes: what was authorised beforehand, within which bounds, by whom and until when.

ITIL's standard change is one whose every bound was looked at once. So a template is believed only
until its authorisation ends, and a change made from it is refused at the first bound that it is
outside of, by the bound's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from bot import documents
from bot.calendars import Length, Recurring, Rule
from bot.documents import Block, matching

if TYPE_CHECKING:
    from collections.abc import Collection

SOON: Final = timedelta(days=30)
_DAYS: Final = ("mo", "tu", "we", "th", "fr", "sa", "su")
_LONG_AGO: Final = date(2020, 1, 6)  # a Monday, before whatever is asked about

Name: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "must be lower-case letters, digits and hyphens")
]
Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return value


Pattern: TypeAlias = Annotated[str, AfterValidator(_pattern)]


class Bound(Block):
    """What one parameter may be: a word of a list, a whole number in a range, or of a shape."""

    one_of: tuple[str, ...] = ()
    min: int | None = None
    max: int | None = None
    pattern: Pattern = ""

    @model_validator(mode="after")
    def _bounds(self) -> Bound:
        if not (self.one_of or self.pattern or (self.min is not None and self.max is not None)):
            raise ValueError("needs one_of, pattern, or min and max: a parameter has its bounds")
        return self

    def problem(self, value: str) -> str:
        """Return what a value is outside of, "" where it is within."""
        if self.one_of and value not in self.one_of:
            return f"one of {', '.join(self.one_of)}"
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"of the shape {self.pattern}"
        if self.min is not None or self.max is not None:
            is_number = re.fullmatch(r"-?[0-9]{1,12}", value)
            low = self.min if self.min is not None else -(10**12)
            high = self.max if self.max is not None else 10**12
            if not is_number or not low <= int(value) <= high:
                return f"a whole number from {low} to {high}"
        return ""


class Hours(Block):
    """The times in which it may be done, by the clock of the service's site."""

    days: tuple[Literal["mo", "tu", "we", "th", "fr", "sa", "su"], ...] = _DAYS
    from_: time = Field(alias="from")
    until: time

    def covers(self, start: datetime, end: datetime, zone: ZoneInfo) -> bool:
        """Say whether a window lies inside of one of these times."""
        first = datetime.combine(_LONG_AGO, self.from_)
        last = datetime.combine(_LONG_AGO, self.until)
        length = last - first if last > first else last - first + timedelta(days=1)
        rule = Rule.read(f"FREQ=WEEKLY;BYDAY={','.join(self.days).upper()}", first)
        found = Recurring(zone, Length(wall=length), rule).at(start)
        return found is not None and end <= found.end

    def __str__(self) -> str:
        """Return the times as a sentence goes on."""
        return f"{', '.join(self.days)} from {self.from_:%H:%M} until {self.until:%H:%M}"


class Bounds(Block):
    """What a change made from a template has to stay within; what is left out is not bounded."""

    version: Pattern = ""
    sites: tuple[str, ...] = ()
    max_hours: int = Field(default=4, ge=1, le=168)
    hours: Hours | None = None
    parameters: Mapping[Name, Bound] = Field(default_factory=dict)


class Template(Block):
    """One kind of standard change, and who authorised it until when (that day included)."""

    id: Name
    title: Text
    owner: Text
    services: Annotated[tuple[Name, ...], Field(min_length=1)]
    environments: Annotated[tuple[Name, ...], Field(min_length=1)]
    authorised_by: Text
    authorised_until: date
    risk: Literal["low", "medium", "high"] = "low"
    clinical_impact: Text
    implementation: Text
    test_evidence: Text
    backout: Text
    validator: Text
    bounds: Bounds = Field(default_factory=Bounds)

    def authorisation(self, now: datetime, zone: ZoneInfo) -> str:
        """Return what is wrong with its authorisation, "" while that stands."""
        if now.astimezone(zone).date() <= self.authorised_until:
            return ""
        return (
            f"The authorisation of template {self.id} by {self.authorised_by} ended on "
            f"{self.authorised_until}. Ask {self.owner} to have it authorised again, or open a "
            "normal change."
        )

    def version_problem(self, version: str) -> str:
        """Return that a version is out of bounds, "" where it is within."""
        if not self.bounds.version or re.fullmatch(self.bounds.version, version):
            return ""
        return f"Version {version} is outside of template {self.id}: {self.bounds.version}."


@dataclass(frozen=True)
class Use:
    """A standard change that is asked for, to be held against its template."""

    service: str
    environment: str
    sites: tuple[str, ...]
    start: datetime
    end: datetime
    version: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Templates:
    """The templates of a site; `stored` is the file, None where there is none."""

    by_id: Mapping[str, Template] = field(default_factory=dict)
    stored: Path | None = None

    def get(self, template: str) -> Template | None:
        """Return a template by its id."""
        return self.by_id.get(template)

    def near(self, template: str) -> str:
        """Return a did-you-mean, or what there is."""
        return documents.nearest(template, self.by_id) or "; no template is set up here"

    def standing(
        self, template: str, service: str, version: str, now: datetime, zone: ZoneInfo
    ) -> str:
        """Return why a change from a template may not be carried out now, "" where it may."""
        found = self.get(template)
        if found is None:
            return f"Template {template} is not set up any more."
        if service not in found.services:
            return f"Template {template} is not for {service} any more."
        return found.authorisation(now, zone) or found.version_problem(version)


def problems(template: Template, use: Use, now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return every bound that a change is outside of, by argument."""
    return dict(_outside(template, use, now, zone))


def _outside(
    template: Template, use: Use, now: datetime, zone: ZoneInfo
) -> Iterator[tuple[str, str]]:
    name, bounds = template.id, template.bounds
    expired = template.authorisation(now, zone)
    if expired:
        yield "template", expired
    if use.service not in template.services:
        yield "service", f"Template {name} is for {', '.join(template.services)}."
    if use.environment not in template.environments:
        yield "environment", f"Template {name} is for {', '.join(template.environments)}."
    strange = [site for site in use.sites if bounds.sites and site not in bounds.sites]
    if strange:
        yield (
            "sites",
            f"{', '.join(strange)} is outside of template {name}: {', '.join(bounds.sites)}.",
        )
    if use.end - use.start > timedelta(hours=bounds.max_hours):
        yield "until", f"A window of template {name} has at most {bounds.max_hours} hours."
    if bounds.hours is not None and not bounds.hours.covers(use.start, use.end, zone):
        yield "from_", f"The window is outside of template {name}: {bounds.hours} ({zone.key})."
    if bounds.version and not use.version:
        yield "version", f"Template {name} is for versions {bounds.version}: say which one."
    elif use.version and (wrong := template.version_problem(use.version)):
        yield "version", wrong
    wrong = " ".join(_parameters(template, use.parameters))
    if wrong:
        yield "parameters", wrong


def _parameters(template: Template, given: Mapping[str, str]) -> Iterator[str]:
    known = template.bounds.parameters
    for name in given.keys() - known.keys():
        yield f"Template {template.id} has no parameter {name}{documents.nearest(name, known)}."
    for name, bound in known.items():
        if name not in given:
            yield f"Parameter {name} is missing."
        elif said := bound.problem(given[name]):
            yield f"Parameter {name} is {given[name]}, and has to be {said}."


def load(path: Path | None, services: Collection[str] = ()) -> Templates:
    """Return the templates of a file; `ConfigurationError` lists every problem with its path."""
    if path is None:
        return Templates()
    rows = documents.read(path) or []
    if not isinstance(rows, list):
        raise documents.refuse(path, ["must be a list of templates, one `- id: ...` each"])
    found: dict[str, Template] = {}
    wrong: list[str] = []
    for number, row in enumerate(rows, 1):
        label = documents.label(row, number)
        try:
            template = Template.model_validate(row)
        except ValidationError as error:
            wrong += documents.sentences(error, Template, (label,))
            continue
        wrong += [
            f"{template.id}.services: there is no service {name}{documents.nearest(name, services)}"
            for name in template.services
            if services and name not in services
        ]
        if template.id in found:
            wrong.append(f"{template.id}: is there twice; one template is one entry")
        found[template.id] = template
    if wrong:
        raise documents.refuse(path, wrong)
    return Templates(found, path)


def expiring(templates: Sequence[Template], now: datetime) -> Sequence[tuple[Template, str]]:
    """Return the templates by when they end, each with a word about that."""
    today = now.astimezone(UTC).date()

    def word(until: date) -> str:
        if until < today:
            return "expired"
        days = (until - today).days
        return f"expires in {days} days" if until - today <= SOON else "authorised"

    ordered = sorted(templates, key=lambda each: (each.authorised_until, each.id))
    return [(each, word(each.authorised_until)) for each in ordered]
