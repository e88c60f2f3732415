"""The hospital's own rules: what they close, whom they call, and what a visitor may change."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

import commands
from bot import catalogue, directory, registry, settings
from bot.calendars import events, reading
from bot.calendars.rules import Calendar, Subject
from bot.changes import templates
from bot.dispatch.parse import Parser
from sandbox import facts, house_rules, repository, wardroom_config
from sandbox.estate import SERVICES, tag
from sandbox.layout import Layout
from tests.sandbox.fixtures import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LONDON = ZoneInfo(house_rules.ZONE)
NAMES = [service.id for service in SERVICES]
# Bank holidays of England and Wales.
DAYS = {
    2026: ("01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"),
    2027: ("01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"),
    2028: ("01-03", "04-14", "04-17", "05-01", "05-29", "08-28", "12-25", "12-26"),
}


def written(folder: Path, names: Sequence[str] = NAMES) -> Path:
    """Write the configuration of a hospital with some services; returns wardroom.yaml."""
    layout = Layout(folder)
    layout.ci.mkdir(parents=True, exist_ok=True)
    facts.make_passwords(layout)
    return wardroom_config.write(layout, facts.settle(layout, names, 8080, print))


def estate(file: Path) -> catalogue.Estate:
    """Return the written services as Wardroom reads them."""
    read = settings.load(file, {})
    return catalogue.load(read.services, providers=read.integrations, descriptors=read.backstage)


def rules(file: Path) -> reading.Plan:
    """Return what the written calendars.yaml means to Wardroom."""
    return reading.load(settings.load(file, {}).calendars, estate(file))


def subject(name: str, environment: str) -> Subject:
    (known,) = (service for service in SERVICES if service.id == name)
    return Subject(name, environment, "normal", known.tags, known.sites)


def test_no_rule_is_ever_about_what_the_tutorial_deploys_or_about_test(tmp_path: Path) -> None:
    plan = rules(written(tmp_path))
    assert len(plan.rules) == 4
    for name in NAMES:
        about = [rule.name for rule in plan.rules if rule.scope.covers(subject(name, "test"))]
        assert about == [], name
    for name in ("lab-results", "portal", "adt-feed"):
        covering = [rule for rule in plan.rules if rule.scope.covers(subject(name, "production"))]
        assert covering == [], name


def test_pacs_is_closed_while_its_images_are_copied_and_open_all_day(tmp_path: Path) -> None:
    plan = rules(written(tmp_path))
    calendar, pacs = Calendar(plan.zones, plan.rules, {}), subject("pacs", "production")
    for hour, is_closed in {1: False, 2: True, 4: True, 5: False, 12: False, 23: False}.items():
        moment = datetime(2026, 7, 1, hour, 30, tzinfo=LONDON).astimezone(UTC)
        held = [freeze.name for freeze in calendar.active(pacs, moment)]
        assert held == (["archive at rest"] if is_closed else []), hour


@pytest.mark.parametrize("names", [["portal"], ["pacs"], ["ehr-api", "lab-results"]])
def test_a_hospital_with_some_of_the_services_has_the_rules_about_them(
    tmp_path: Path, names: list[str]
) -> None:
    file = written(tmp_path, names)
    known = {rule.name for rule in rules(file).rules}
    assert templates.load(settings.load(file, {}).templates, names) is not None
    assert ("archive at rest" in known) is ("pacs" in names)
    assert ("morning handover" in known) is ("ehr-api" in names)


def test_what_the_portal_depends_on_is_read_from_backstage(tmp_path: Path) -> None:
    assert estate(written(tmp_path)).by_id["portal"].depends_on == ("ehr-api",)
    assert estate(written(tmp_path, ["portal"])).by_id["portal"].depends_on == ()


def test_the_holidays_are_those_of_england_with_what_a_weekend_moves() -> None:
    named = events.read(house_rules.holidays(), LONDON)
    found: dict[int, list[str]] = {year: [] for year in DAYS}
    for one in named:
        span = one.times.after(datetime(2025, 12, 31, tzinfo=UTC))
        while span is not None and (day := span.start.astimezone(LONDON)).year in DAYS:
            found[day.year].append(f"{day:%m-%d}")
            span = one.times.after(span.start)
    assert {year: tuple(sorted(days)) for year, days in found.items()} == DAYS


def test_a_file_is_made_anew_until_somebody_takes_out_the_line_that_says_so(
    tmp_path: Path,
) -> None:
    written(tmp_path)
    calendars, policy = tmp_path / "calendars.yaml", tmp_path / "policies/class-c-signed.cedar"
    before = calendars.read_text()
    calendars.write_text(f"{before}# mine\n")
    policy.write_text(policy.read_text().partition("\n")[2] + "// mine\n")
    own = tmp_path / "policies" / "own.cedar"
    own.write_text("// mine\n")
    written(tmp_path)
    assert calendars.read_text() == before
    assert policy.read_text().endswith("// mine\n")
    assert own.exists()


def test_ehr_api_is_written_by_a_persona_and_the_others_by_nobody_here(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    repository.make(layout)
    for name in NAMES:
        ref = f"refs/tags/{tag(name, '1.4.2')}"
        mail = repository.git(layout.repository, "log", "-1", "--format=%ae", ref).decode().strip()
        assert (mail == "engineer-2@hospital.example") is (name == "ehr-api"), mail


def test_everything_that_the_document_says_to_try_is_understood(tmp_path: Path) -> None:
    written_there = (ROOT / "sandbox/README.md").read_text("utf-8")
    section = written_there.partition("## To try")[2].partition("\n## ")[0]
    lines = re.findall(r"^    (?!curl )(\S+) +(.+)$", section, re.MULTILINE)
    file = written(tmp_path)
    known = registry.discover(commands)
    people = directory.load(tmp_path / "people.yaml", sandbox=True)
    parser = Parser(known, estate(file), people)
    assert len(lines) > 30
    for person, typed in lines:
        assert people.person(person) is not None, person
        assert parser.parse(typed, None, wire=False).command.name in typed
