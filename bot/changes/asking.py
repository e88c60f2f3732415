"""What a change has to say, by its type, and what is wrong with what is said: all of it at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bot.api import ChangeAsked
from bot.calendars.typed import Reader
from bot.changes.templates import Templates, Use, problems
from bot.errors import BadInput
from bot.model import ChangeType, NewChange
from bot.ports import Directory

PRODUCTION: Final = "production"
RISKS: Final = ("low", "medium", "high")
HOURS: Final = 4
LONGEST: Final = timedelta(days=31)
# ITIL's record of a normal change, in the order in which a form asks for it.
NORMAL: Final = ("impact", "risk", "sites", "from_", "implementation", "test_evidence", "backout")
LABELS: Final = {
    "summary": "--summary (what and why)",
    "impact": "--impact (what patients and staff may notice)",
    "risk": "--risk (low, medium or high)",
    "sites": "--sites (which are affected)",
    "from_": "--from and --until (the window)",
    "implementation": "--implementation (how it is done)",
    "test_evidence": "--test-evidence (what was tested, and where that is written)",
    "backout": "--backout (how it is undone)",
    "validator": "--validator (who looks afterwards whether it works)",
    "incident": "--incident (which incident it is for)",
}


def needed(kind: ChangeType, environment: str) -> Sequence[str]:
    """Return what has to be given, besides the service and the environment."""
    if kind is ChangeType.STANDARD:
        return ("template",)
    if kind is ChangeType.EMERGENCY:
        return ("summary", "incident")
    if environment != PRODUCTION:
        return ("summary", "impact", "backout")
    return ("summary", *NORMAL, "validator")


@dataclass
class Sheet:
    """A change as it is filled in; `wrong` has a sentence by argument."""

    asked: ChangeAsked
    read: Reader
    people: Directory
    wrong: dict[str, str] = field(default_factory=dict)

    def filled(self, templates: Templates) -> NewChange:
        """Return what is to be opened, as far as it could be read."""
        start, end = self._window()
        sites = self._sites()
        kind, given = self.asked.type, self.asked.given
        new = NewChange(
            service=self.asked.service.id,
            environment=self.asked.environment,
            summary=self.asked.summary,
            requester="",
            type=kind,
            risk=self._risk(),
            clinical_impact=given.get("impact", ""),
            backout=given.get("backout", ""),
            window_start=start,
            window_end=end,
            version=given.get("version", "") if kind is ChangeType.STANDARD else "",
            sites=sites,
            implementation=given.get("implementation", ""),
            test_evidence=given.get("test_evidence", ""),
            validator=self._validator(),
            incident=given.get("incident", ""),
            despite=named(given.get("despite", "")),
            despite_reason=given.get("reason", ""),
        )
        if kind is ChangeType.STANDARD:
            return self._standard(new, templates, start, end)
        self._missing(kind)
        return new

    def _standard(
        self, new: NewChange, templates: Templates, start: datetime, end: datetime
    ) -> NewChange:
        name = self.asked.given.get("template", "")
        template = templates.get(name)
        if template is None:
            said = (
                f"There is no template {name}{templates.near(name)}"
                if name
                else (
                    "A standard change is made from a template: --template, of those that "
                    "`change templates` lists"
                )
            )
            self.wrong["template"] = f"{said}."
            return new
        parameters = self._parameters()
        allowed = template.bounds.sites or new.sites
        sites = new.sites if self.asked.given.get("sites") else allowed
        use = Use(new.service, new.environment, sites, start, end, new.version, parameters)
        self.wrong |= problems(template, use, self.read.now, self.read.zone)
        return replace(
            new,
            summary=new.summary or template.title,
            risk=template.risk,
            clinical_impact=template.clinical_impact,
            backout=template.backout,
            implementation=template.implementation,
            test_evidence=template.test_evidence,
            validator=new.validator or template.validator,
            sites=sites,
            template=template.id,
            parameters=tuple(f"{key}={value}" for key, value in parameters.items()),
        )

    def _missing(self, kind: ChangeType) -> None:
        given = {"summary": self.asked.summary, **self.asked.given}
        if given.get("starts_in") or given.get("hours") or given.get("until"):
            given["from_"] = "given otherwise"
        if self.asked.service.sites:
            given["sites"] = "all of the service's"
        for name in needed(kind, self.asked.environment):
            if not given.get(name, "").strip() and name not in self.wrong:
                self.wrong[name] = ""

    def _window(self) -> tuple[datetime, datetime]:
        given = self.asked.given
        hours = timedelta(hours=max(1, _whole(given.get("hours", ""), HOURS)))
        start = self.read.now + timedelta(hours=_whole(given.get("starts_in", ""), 0))
        start = self._moment("from_") or start
        end = self._moment("until") or start + hours
        if end <= start:
            self.wrong.setdefault("until", "The window ends before it starts.")
        elif end <= self.read.now:
            self.wrong.setdefault("until", "The window is over already.")
        elif end - start > LONGEST:
            self.wrong.setdefault("until", f"A window has at most {LONGEST.days} days.")
        return start, end

    def _moment(self, name: str) -> datetime | None:
        typed = self.asked.given.get(name, "")
        if not typed:
            return None
        try:
            return self.read(typed)
        except BadInput as error:
            self.wrong[name] = error.text
            return None

    def _risk(self) -> str:
        risk = self.asked.given.get("risk", "").lower()
        if risk and risk not in RISKS:
            self.wrong["risk"] = f"`{risk[:40]}` is no risk: it is low, medium or high."
        return risk or "medium"

    def _sites(self) -> tuple[str, ...]:
        known = self.asked.service.sites
        sites = named(self.asked.given.get("sites", ""))
        strange = [site for site in sites if known and site not in known]
        if strange:
            service = self.asked.service.id
            self.wrong["sites"] = (
                f"{service} has no site {', '.join(strange)[:80]}; it has {', '.join(known)}."
            )
        return sites or known

    def _validator(self) -> str:
        """Return who validates: a person, or a role that somebody has."""
        typed = self.asked.given.get("validator", "").removeprefix("@").lower()
        if not typed or self.people.person(typed) is not None:
            return typed
        role = typed.replace(" ", "_")
        if any(role in person.roles for person in self.people.people()):
            return role
        self.wrong["validator"] = f"`{typed[:40]}` is nobody here, and no role that somebody has."
        return typed

    def _parameters(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for word in self.asked.given.get("parameters", "").replace(",", " ").split():
            name, equals, value = word.partition("=")
            if not equals:
                self.wrong["parameters"] = "Parameters are written as `name=value name=value`."
            found[name] = value
        return found


def named(typed: str) -> tuple[str, ...]:
    """Return the words of a list, however it was parted."""
    return tuple(dict.fromkeys(word for word in re.split(r"[,;\s]+", typed.strip()) if word))


def sentence(kind: ChangeType, environment: str, wrong: Mapping[str, str]) -> str:
    """Return one text with everything that is wrong, and then everything that is missing."""
    said = [text for text in wrong.values() if text]
    missing = [LABELS.get(name, f"--{name}") for name, text in wrong.items() if not text]
    if missing:
        article = "An" if kind is ChangeType.EMERGENCY else "A"
        said.append(
            f"{article} {kind.value} change of {environment} still needs: {', '.join(missing)}."
        )
    return " ".join(said)


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else otherwise
