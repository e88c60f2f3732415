"""Drills: every step is done, what changes something is only checked, and all of it says DRILL."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.model import Reason, Reply
from bot.model.runs import RunState
from bot.runbooks.document import Decision, Run
from bot.runbooks.going import stand
from bot.runbooks.shelf import Shelf
from tests.house import Chat, opened, write_site
from tests.runbooks.books import book, write
from tests.runbooks.test_twelve import ADMINISTRATOR, TWELVE

STEPS: list[dict[str, Any]] = [
    {"id": "pause", "wait_until": "time", "for_minutes": 30},
    {
        "id": "green",
        "wait_until": "steps.green.state == 'never'",
        "run": "ci status of {{ service }}",
        "within_minutes": 5,
    },
    {
        "id": "change",
        "run": "change open {{ service }} test --summary banner --impact none --backout none",
    },
    {
        "id": "out",
        "run": "deploy {{ service }} 1.4.2 to production --reason late "
        "--change {{ steps.change.change }}",
    },
    {"id": "told", "notify": "It is late.", "people": ["Lab manager"]},
]
# Who decides what the roles of a decision allow; whoever drills decides everything else.
DECIDE = {
    "clinical_admin": "clinical-admin",
    "clinical_validator": "clinical-admin",
    "security_officer": "security-officer",
    "release_manager": "release-manager",
}
WITH = {
    "adt-feed-silent": "with service=lab-results source=portal",
    "certificate-expiry": "with service=lab-results expires=2026-12-01",
    "ehr-unplanned-downtime": "with service=lab-results",
    "emergency-fix": "with version=1.4.2 incident=4",
    "hl7-queue-backlog": "",
    "planned-downtime": "with service=lab-results change=CHG-1",
    "suspected-ransomware": "with service=lab-results",
}


@pytest.fixture
def site(launched_url: str, tmp_path: Path) -> Path:
    """The settings file of a house with a runbook that waits, changes something and tells."""
    (tmp_path / "runbooks").mkdir()
    write(tmp_path / "runbooks", book(steps=STEPS))
    made = write_site(tmp_path, launched_url, runbooks=["runbooks"])
    people = yaml.safe_load((tmp_path / "people.yaml").read_text())
    (tmp_path / "people.yaml").write_text(yaml.safe_dump([*people, ADMINISTRATOR]))
    return made


@pytest.fixture
async def chat(site: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    async with opened(site) as open_chat:
        yield open_chat


async def stands(chat: Chat, run_id: str = "RUN-1") -> Reply:
    """Wait until a run does nothing by itself; returns its message, which says that it drills."""
    run = await chat.house.procedures.runs.show(run_id)
    assert run is not None
    assert await chat.house.engine.wait("runbook", f"{run_id}:{run.leg}", seconds=20)
    card = await chat.card(run_id)
    assert card.text.startswith(f"DRILL {run_id}")
    assert (card.title or "").startswith(f"DRILL {run_id}")
    assert card.refs["drill"] == "yes"
    return card


async def drilled(
    chat: Chat, line: str = "runbook drill late-results with service=portal"
) -> Reply:
    said = await chat.say(line)
    assert said.reason is Reason.OK, said.text
    return await stands(chat)


async def test_a_drill_waits_for_nothing_and_changes_nothing(chat: Chat) -> None:
    card = await drilled(chat)
    assert card.refs["step"] == "change"
    (go,) = card.buttons
    assert go.confirm is not None
    assert go.confirm.startswith("DRILL, this only checks: change open")

    for step in ("change", "out"):
        assert (await chat.say(f"runbook go RUN-1 {step}")).reason is Reason.OK
        card = await stands(chat)
    assert "DRILL, call nobody." in card.text
    assert (await chat.say("runbook tick RUN-1 told --note 'as if'")).reason is Reason.OK
    assert (await stands(chat)).refs["state"] == RunState.ENDED

    assert "no change" in (await chat.say("change list")).text.lower()
    assert await chat.house.stores.deploys.list() == []
    assert (await chat.say("approvals")).text.lower().count("req-") == 0
    assert chat.ci.triggered == []
    assert chat.ci.jobs == []


async def test_a_drill_leaves_a_record_with_each_step_and_its_time(chat: Chat) -> None:
    await drilled(chat)
    await chat.say("runbook go RUN-1 change")
    await stands(chat)
    said = await chat.say("runbook record RUN-1", as_="service-desk")

    page = said.code or ""
    volume = Shelf((chat.settings.runbooks[0],)).get("late-results")
    assert volume is not None
    assert page.startswith("DRILL RUN-1: Results come late\nA drill: ")
    assert f"File SHA-256 {volume.digest}" in page
    assert "DRILL, 30 minutes were not waited" in page
    assert "DRILL, not waited for steps.green.state == 'never'." in " ".join(page.split())
    assert "DRILL, nothing was changed. Dry run" in " ".join(page.split())
    assert "Not come to: out, told" in page


async def test_a_drill_is_a_drill_wherever_runs_are_listed_and_in_the_log(chat: Chat) -> None:
    await drilled(chat)
    for line in ("runbook status", "runbook history"):
        table = (await chat.say(line)).table
        assert table is not None
        assert [row[0] for row in table.rows] == ["DRILL RUN-1"]
    params = [one.data["params"] for one in await chat.events(verb="runbook step")]
    assert params
    assert all(isinstance(one, dict) and one["drill"] == "yes" for one in params)
    assert len(await chat.events(verb="runbook drill")) == 2


async def test_a_drill_keeps_nobody_from_acting_there(chat: Chat) -> None:
    await drilled(chat)
    await chat.say("runbook go RUN-1 change")
    assert (await stands(chat)).refs["step"] == "out"
    run = await chat.house.procedures.runs.show("RUN-1")
    assert run is not None
    assert run.act is None


async def test_who_could_not_do_it_finds_that_out(chat: Chat) -> None:
    assert (await drilled(chat)).refs["step"] == "change"
    assert (await chat.say("runbook take-over RUN-1", as_="commander")).reason is Reason.OK
    await chat.say("runbook go RUN-1 change", as_="commander")
    card = await stands(chat)
    assert card.refs["step"] == "out", "a commander may open changes"
    await chat.say("runbook go RUN-1 out", as_="commander")
    card = await stands(chat)
    assert card.refs["state"] == RunState.STOPPED
    assert "DRILL, nothing was changed. Not allowed: `deploy` needs" in card.text


async def whoever(chat: Chat, run_id: str, chosen: Counter[str]) -> tuple[str, str]:
    """Return what is typed next, by whom: each option in its turn, and yes to everything else."""
    run = await chat.house.procedures.runs.show(run_id)
    assert run is not None
    step = stand(run).step
    assert step is not None
    if isinstance(step, Decision):
        option = min(step.options, key=lambda one: chosen[f"{step.id} {one.option}"]).option
        chosen[f"{step.id} {option}"] += 1
        who = next((DECIDE[role] for role in step.roles if role in DECIDE), "engineer")
        who = "engineer" if "responder" in step.roles else who
        return f"runbook decide {run_id} {step.id} {option} --reason 'as drilled'", who
    if isinstance(step, Run):
        return f"runbook go {run_id} {step.id}", "engineer"
    return f"runbook tick {run_id} {step.id} --note 'as drilled'", "engineer"


@pytest.mark.thorough
@pytest.mark.parametrize("name", sorted(TWELVE))
async def test_each_of_the_twelve_is_drilled_to_its_end(chat: Chat, name: str) -> None:
    chosen: Counter[str] = Counter()
    card = await drilled(chat, f"runbook drill {name} {WITH.get(name, '')}".strip())
    for _ in range(80):
        if card.refs["state"] != RunState.WAITING:
            break
        line, who = await whoever(chat, "RUN-1", chosen)
        said = await chat.say(line, as_=who)
        assert said.reason is Reason.OK, f"{line}: {said.text}"
        card = await stands(chat)
    assert card.refs["state"] == RunState.ENDED, card.text
    assert await chat.house.stores.deploys.list() == []
    assert chat.ci.triggered == []
    assert chat.ci.jobs == []
