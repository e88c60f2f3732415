"""What docs/policies.md tells an administrator to write does what the page says it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from bot.model import Reason
from tests.databases import FixedClock
from tests.house import Chat, opened, write_site
from tests.policy.page import PAGE, blocks, example, follow

LONDON = ZoneInfo("Europe/London")
ASK = "deploy pacs 1.4.2 to production --reason storage fix"
# Of the two who take turns from Monday 2 November 2026 at 8: whose week it is, and whose it is not.
ON_CALL = {
    "2026-11-27": ("pharmacist-2", "pharmacist"),
    "2026-11-29": ("pharmacist-2", "pharmacist"),
    "2027-07-02": ("pharmacist", "pharmacist-2"),
}


def london(day: str, clock: str) -> FixedClock:
    return FixedClock(
        datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=LONDON).astimezone(UTC)
    )


def test_the_example_is_five_files_and_three_lines() -> None:
    assert set(example()) == {
        "wardroom.yaml",
        "calendars.yaml",
        "policies/roles.yaml",
        "people.yaml",
        "oncall.yaml",
        "policies/pharmacy.cedar",
    }


@pytest.mark.parametrize(
    ("day", "clock"), [("2026-11-27", "11:59"), ("2026-11-30", "08:30"), ("2027-07-02", "11:59")]
)
async def test_before_friday_noon_and_on_monday_two_approvals_are_enough(
    launched_url: str, tmp_path: Path, day: str, clock: str
) -> None:
    async with opened(follow(tmp_path, launched_url), clock=london(day, clock)) as chat:
        await chat.approved(ASK, "release-manager", "safety-officer")

        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"


@pytest.mark.parametrize(
    ("day", "clock"), [("2026-11-27", "12:00"), ("2026-11-29", "10:00"), ("2027-07-02", "12:00")]
)
async def test_from_friday_noon_it_waits_for_the_pharmacist_on_call(
    launched_url: str, tmp_path: Path, day: str, clock: str
) -> None:
    on_call, other = ON_CALL[day]
    async with opened(follow(tmp_path, launched_url), clock=london(day, clock)) as chat:
        waiting = await chat.approved(ASK, "release-manager", "safety-officer", other)
        assert "pharmacist on call" in waiting.text
        assert (await chat.card("REQ-1")).reason is Reason.PENDING_APPROVAL
        assert chat.ci.deploys == []

        await chat.say("approve REQ-1", as_=on_call)

        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"


async def test_the_five_files_come_into_force_together_in_a_wardroom_that_runs(
    launched_url: str, tmp_path: Path
) -> None:
    before = {"policies": ["policies"], "oncall": "oncall.yaml", "calendars": "calendars.yaml"}
    file = write_site(tmp_path, launched_url, **before)
    (tmp_path / "policies").mkdir()
    (tmp_path / "oncall.yaml").write_text("zone: Europe/London\n")
    (tmp_path / "calendars.yaml").write_text("zone: Europe/London\n")
    rows = yaml.safe_load((tmp_path / "people.yaml").read_text())
    rows.append({"id": "keeper", "name": "Keeper", "roles": ["administrator"]})
    (tmp_path / "people.yaml").write_text(yaml.safe_dump(rows))
    async with opened(file, clock=london("2026-11-27", "12:00")) as chat:
        # Nobody but the new role names the new people, whom the new rota is of.
        follow(tmp_path, launched_url)
        written = yaml.safe_load((tmp_path / "people.yaml").read_text())
        (tmp_path / "people.yaml").write_text(yaml.safe_dump([*written, rows[-1]]))
        await chat.house.directory.look()
        await chat.house.control.oncall.look()
        assert (await chat.say("policy check", as_="keeper")).reason is Reason.OK
        done = await chat.say("policy reload", as_="keeper")
        assert "added pharmacist-from-friday-noon" in done.text
        await chat.house.directory.look()
        await chat.house.control.oncall.look()

        waiting = await chat.approved(ASK, "release-manager", "safety-officer")
        assert "pharmacist on call" in waiting.text
        await chat.say("approve REQ-1", as_="pharmacist-2")
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"


async def test_what_the_page_says_to_try_says_who_could_satisfy_it(
    launched_url: str, tmp_path: Path
) -> None:
    clock = london("2026-11-27", "12:00")
    async with opened(follow(tmp_path, launched_url), clock=clock) as chat:
        lines = PAGE[PAGE.index("### Try it") :].split("```")[1].strip().splitlines()
        said = [await chat.say(line, as_="commander") for line in lines if "explain" in line]

        rows = {row[0]: row for row in said[1].table.rows} if said[1].table else {}
        assert rows["pharmacist-from-friday-noon"][1] == "no"
        assert rows["pharmacist-from-friday-noon"][3] == "an approval by pharmacist-2"
        assert said[1].refs["verdict"] == "needs_approval"
        assert dict(said[1].fields)["For example"] == "pharmacist-2"


STANDARD = {
    "id": "restart",
    "title": "Restart the interface",
    "owner": "interfaces",
    "services": ["lab-results", "portal", "pacs"],
    "environments": ["production"],
    "authorised_by": "safety-officer",
    "authorised_until": "2026-12-10",
    "clinical_impact": "results are two minutes late",
    "implementation": "stop and start",
    "test_evidence": "every month in test",
    "backout": "start it again",
    "validator": "safety-officer",
    "bounds": {"version": "1\\.4\\.[0-9]+"},
}
FEWER = "Fewer approvals for standard changes"


@pytest.fixture
async def relaxed(launched_url: str, tmp_path: Path) -> AsyncIterator[Chat]:
    """A hospital that did what the page says about standard changes."""
    file = write_site(tmp_path, launched_url, policies=["policies"], templates="templates.yaml")
    (tmp_path / "templates.yaml").write_text(yaml.safe_dump([STANDARD]))
    roles, added = blocks(FEWER, "yaml")
    people = yaml.safe_load((tmp_path / "people.yaml").read_text()) + yaml.safe_load(added)
    (tmp_path / "people.yaml").write_text(yaml.safe_dump(people))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/roles.yaml").write_text(roles)
    (rule,) = blocks(FEWER, "cedar")
    (tmp_path / "policies/standard.cedar").write_text(rule)
    async with opened(file) as chat:
        yield chat


async def standard(chat: Chat, service: str, who: str) -> str:
    """Ask for a deploy under a standard change; returns the request."""
    opening = f"change open {service} production --template restart --version 1.4.2"
    made = await chat.say(f"{opening} --from now --hours 1", as_=who)
    change = made.refs["change"]
    line = f"deploy {service} 1.4.2 to production --change {change} --reason monthly"
    asked = await chat.say(line, as_=who)
    assert asked.request, asked.text
    return asked.request


@pytest.mark.parametrize("service", ["lab-results", "portal"])
async def test_a_standard_change_needs_the_one_approval_that_the_page_asks_for(
    relaxed: Chat, service: str
) -> None:
    request = await standard(relaxed, service, "interface-engineer")
    approver = "release-manager" if service == "portal" else "engineer-2"
    await relaxed.say(f"approve {request}", as_=approver)

    assert (await relaxed.ended("DEP-1")).refs["state"] == "succeeded"


async def test_without_a_rule_of_its_own_a_standard_change_waits_for_nobody(
    relaxed: Chat, tmp_path: Path
) -> None:
    (tmp_path / "policies/standard.cedar").unlink()
    rows = yaml.safe_load((tmp_path / "people.yaml").read_text())
    rows.append({"id": "keeper", "name": "Keeper", "roles": ["administrator"]})
    (tmp_path / "people.yaml").write_text(yaml.safe_dump(rows))
    await relaxed.house.directory.look()
    assert (await relaxed.say("policy reload", as_="keeper")).reason is Reason.OK
    opening = "change open lab-results production --template restart --version 1.4.2"
    made = await relaxed.say(f"{opening} --from now --hours 1", as_="interface-engineer")
    line = f"deploy lab-results 1.4.2 to production --change {made.refs['change']} --reason monthly"
    asked = await relaxed.say(line, as_="interface-engineer")

    assert asked.request is None
    assert (await relaxed.ended("DEP-1")).refs["state"] == "succeeded"


async def test_whoever_else_asks_needs_what_it_always_took(relaxed: Chat) -> None:
    request = await standard(relaxed, "lab-results", "engineer")
    waiting = await relaxed.say(f"approve {request}", as_="engineer-2")

    assert "production of a class B service needs 2 approvals (1 given)" in waiting.text
    assert relaxed.ci.deploys == []


async def test_class_c_and_other_changes_need_what_they_always_took(relaxed: Chat) -> None:
    of_c = await standard(relaxed, "pacs", "interface-engineer")
    said = await relaxed.say(f"approve {of_c}", as_="release-manager")
    assert "needs an approval by a clinical safety officer" in said.text
    line = "deploy lab-results 1.4.2 to production --reason the fix"
    normal = await relaxed.say(line, as_="interface-engineer")
    said = await relaxed.say(f"approve {normal.request}", as_="engineer-2")
    assert "needs 2 approvals (1 given)" in said.text
    assert relaxed.ci.deploys == []


async def test_every_other_rule_and_rota_of_the_page_can_be_put_in_force(
    launched_url: str, tmp_path: Path
) -> None:
    file = follow(tmp_path, launched_url)
    rules = [*blocks("Separation of duties", "cedar"), *blocks("What is in force", "cedar")]
    (tmp_path / "policies/more.cedar").write_text("\n".join(rules))
    rotas, steps = blocks("Who is on call", "yaml")[0], blocks("When nobody answers", "yaml")[0]
    (tmp_path / "oncall.yaml").write_text(f"{rotas}{steps}")
    (tmp_path / "pharmacy.ics").write_text(ICS)

    async with opened(file, clock=london("2026-11-27", "12:00")) as chat:
        reply = await chat.say("oncall for pharmacy")

    assert len(rules) == 2
    assert "pharmacy: pharmacist-2" in reply.text


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//hospital//rota//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20261101T000000Z
DTSTART;TZID=Europe/London:20261127T080000
DTEND;TZID=Europe/London:20261128T080000
SUMMARY:Pharmacist Two
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
