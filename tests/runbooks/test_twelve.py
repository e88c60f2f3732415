"""The twelve shipped runbooks: each prints, begins with evidence, and follows what answers.

Probes themselves are tried against real endpoints elsewhere; here a test says what one found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from bot.model import Finding, Reason, Standing
from bot.model.runs import RunState
from bot.runbooks.document import Decision, Notify, Run
from bot.runbooks.page import page
from bot.runbooks.shelf import Shelf
from tests.house import Chat, opened

TWELVE: Final = frozenset(
    {
        *("hl7-queue-backlog", "adt-feed-silent", "lab-results-not-posting", "pacs-unreachable"),
        *("certificate-expiry", "ehr-unplanned-downtime", "planned-downtime", "emergency-fix"),
        *("identity-outage", "site-link-down", "suspected-ransomware", "phi-in-channel"),
    }
)
ADMINISTRATOR: Final = {
    "id": "clinical-admin",
    "name": "Clinical Admin",
    "email": "clinical-admin@hospital.example",
    "roles": ["clinical_admin"],
}
ENDPOINT: Final = "lab-port"
LAB: Final = "lab-results-not-posting"


@dataclass
class Ward:
    """A house whose `lab-results` has one endpoint, which a test takes away and puts back."""

    chat: Chat

    def goes_down(self) -> None:
        """Nothing listens any more."""
        refused = Finding(Standing.FAILED, "refuses", figures={"milliseconds": "1"})
        self.chat.prober.findings[ENDPOINT] = refused

    def comes_back(self) -> None:
        """It answers again."""
        del self.chat.prober.findings[ENDPOINT]

    async def ready(self) -> dict[str, str]:
        """Wait until the run does nothing by itself; returns where it stands."""
        run = await self.chat.house.procedures.runs.show("RUN-1")
        assert run is not None
        assert await self.chat.house.engine.wait("runbook", f"RUN-1:{run.leg}", seconds=20)
        return dict((await self.chat.card("RUN-1")).refs)

    async def answer(self, *answers: str, as_: str = "engineer") -> dict[str, str]:
        """Tick `step`, or decide `step: option`, one after the other; returns where it stands."""
        for answer in answers:
            await self.ready()
            step, _, option = answer.partition(": ")
            did = (
                f"decide RUN-1 {step} {option} --reason" if option else f"tick RUN-1 {step} --note"
            )
            said = await self.chat.say(f"runbook {did} 'as it was seen'", as_=as_)
            assert said.reason is Reason.OK, said.text
        return await self.ready()


@pytest.fixture
async def ward(site: Path) -> AsyncIterator[Ward]:
    """A running house with the endpoint, and a clinical administrator."""
    services = yaml.safe_load((site.parent / "services.yaml").read_text())
    services[0]["environments"]["production"]["endpoints"] = [
        {"name": ENDPOINT, "kind": "tcp", "host": "lab.hospital.example", "port": 2575}
    ]
    (site.parent / "services.yaml").write_text(yaml.safe_dump(services))
    people = yaml.safe_load((site.parent / "people.yaml").read_text())
    (site.parent / "people.yaml").write_text(yaml.safe_dump([*people, ADMINISTRATOR]))
    async with opened(site) as chat:
        yield Ward(chat)


def test_the_twelve_are_there() -> None:
    assert set(Shelf().all()) == TWELVE


@pytest.mark.parametrize("name", sorted(TWELVE))
def test_each_is_a_page_with_its_contacts_and_every_way_to_decide(name: str) -> None:
    volume = Shelf().get(name)
    assert volume is not None
    assert volume.book is not None
    printed = " ".join(page(volume.book, volume.digest).split())

    assert all(contact.who in printed for contact in volume.book.contacts)
    choices = [o for step in volume.book.steps if isinstance(step, Decision) for o in step.options]
    assert choices
    assert all(option.consequence in printed for option in choices)


@pytest.mark.parametrize("name", sorted(TWELVE))
def test_each_begins_with_evidence_and_tells_somebody_by_phone(name: str) -> None:
    volume = Shelf().get(name)
    assert volume is not None
    assert volume.book is not None
    steps = volume.book.steps

    assert isinstance(steps[0], Run)
    told = {who for step in steps if isinstance(step, Notify) for who in step.people}
    assert told
    assert volume.book.rollback


async def follow(ward: Ward, begin: str, *answers: str) -> dict[str, str]:
    """Begin one and answer what it asks; returns where it stands then."""
    said = await ward.chat.say(begin)
    assert said.reason is Reason.OK, said.text
    return await ward.answer(*answers)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("begin", "answers"),
    [
        (f"{LAB}", ["posting: nothing"]),
        ("hl7-queue-backlog", ["queue", "cause: nothing"]),
        (
            "adt-feed-silent with service=lab-results source=portal",
            ["activity", "real: quiet"],
        ),
        ("ehr-unplanned-downtime with service=lab-results", ["sites", "scope: nothing"]),
        ("emergency-fix with version=1.4.2 incident=4", ["worth: can-wait"]),
        ("identity-outage", ["tried", "failing: nothing"]),
        ("site-link-down", ["places", "scope: nothing"]),
        (
            "planned-downtime with service=lab-results change=CHG-1",
            ["notices", "GO: no-go", "called_off"],
        ),
        ("suspected-ransomware with service=lab-results", ["SECURITY: false-alarm"]),
        ("phi-in-channel", ["sender", "told", "incident: no-incident", "training"]),
    ],
)
async def test_where_nothing_is_wrong_it_ends_early(
    ward: Ward, begin: str, answers: Sequence[str]
) -> None:
    assert (await ward.chat.say(f"runbook run {begin}")).reason is Reason.OK
    for answer in answers:
        as_ = {"GO": "release-manager", "SECURITY": "security-officer"}.get(answer.split(":")[0])
        known = answer.replace("GO:", "go:").replace("SECURITY:", "suspicion:")
        stands = await ward.answer(known, as_=as_ or "engineer")
    assert stands["state"] == RunState.ENDED


async def test_results_that_do_not_post_are_phoned_until_the_listener_answers_again(
    ward: Ward,
) -> None:
    ward.goes_down()
    stands = await follow(ward, f"runbook run {LAB}")
    assert stands["step"] == "posting"
    found = await ward.chat.say("runbook status RUN-1")
    assert ("Evidence: listener", "lab-results in production: 1 failed.") in found.fields
    told = ("posting: missing", "critical", "incident", "acks")
    await ward.answer(*told, "autopost: leave", "cause: repair")
    ward.comes_back()

    await ward.answer("repaired")
    assert (await ward.answer("signed: checked", "finished", "close"))["state"] == RunState.ENDED


@pytest.mark.thorough
async def test_a_queue_is_not_sent_again_before_an_analyst_has_agreed(ward: Ward) -> None:
    begin = "runbook run hl7-queue-backlog"
    stands = await follow(ward, begin, "queue", "cause: refused", "ticket")
    assert stands["step"] == "order"

    stands = await ward.answer("order: not-acceptable", "by_hand", "drained: drained")
    assert stands["step"] == "reconcile"
    stands = await ward.answer("reconcile: compare", "compared", "finished", "close")
    assert stands["state"] == RunState.ENDED


async def test_downtime_is_declared_by_a_clinical_administrator_and_nobody_else(
    ward: Ward,
) -> None:
    begin = "runbook run ehr-unplanned-downtime with service=lab-results"
    stands = await follow(ward, begin, "sites", "scope: down", "called", "incident")
    assert stands["step"] == "declared"

    said = await ward.chat.say("runbook decide RUN-1 declared declare --reason 'it is down'")
    assert said.reason is Reason.NOT_AUTHORISED
    stands = await ward.answer("declared: declare", as_="clinical-admin")
    assert stands["step"] == "announced"
