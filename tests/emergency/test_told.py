"""What an emergency leaves behind: reviews that are late, and the figures of a day and a month."""

from __future__ import annotations

from bot.model import AuditQuery, Reason
from tests.emergency.hospital import BREAK, OFFICER, OWNERS, SECURITY, listen
from tests.house import Chat, until

FINDINGS = "--findings the lock was stale and deploying at once was right"


async def test_a_late_review_is_told_once_to_security_and_to_the_owner(chat: Chat) -> None:
    slack, _ = listen(chat)
    await chat.say(BREAK, as_="commander")
    reviews = chat.house.control.emergency.reviews
    await reviews.look()
    assert await chat.events(verb="task late") == []
    chat.clock.turn(days=3)
    for _ in range(2):
        await reviews.look()
    (event,) = await chat.events(verb="task late")
    assert event.data["params"]["task"] == "TASK-1"  # type: ignore[index,call-overload] # it is one
    for channel in (SECURITY, OWNERS["lab-results"]):
        await until(lambda channel=channel: "Late: TASK-1" in slack.said(channel))
    listed = await chat.say("task list", as_=OFFICER)
    assert "Late: TASK-1." in listed.text
    closed = await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)
    assert closed.reason is Reason.OK
    assert "was closed by security-officer" in (await chat.card("TASK-1")).text


async def test_a_task_is_closed_once_and_shown_with_what_was_found(chat: Chat) -> None:
    assert (await chat.say("task show TASK-1")).reason is Reason.NOT_FOUND
    assert (await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)).reason is (
        Reason.NOT_FOUND
    )
    await chat.say(BREAK, as_="commander")
    await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)
    again = await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)
    assert again.reason is Reason.DUPLICATE
    shown = await chat.say("task show TASK-1")
    assert dict(shown.fields)["Closed by"] == OFFICER
    assert dict(shown.fields)["Findings"] == FINDINGS.removeprefix("--findings ")
    assert "There are no tasks" not in (await chat.say("task list --all")).text
    assert "No task is open" in (await chat.say("task list")).text


async def test_reasons_and_findings_are_sealed(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)
    page = await chat.house.trail.audit.search(AuditQuery(limit=500))
    said = b"\n".join(event.body for event in page.events)
    assert b"no results reach the wards" not in said
    assert b"the lock was stale" not in said


async def test_the_months_report_counts_uses_and_their_reviews(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    await chat.say('deploy lab-results 1.4.2 to production --reason "stuck"', as_="commander")
    await chat.ended("DEP-1")
    await chat.say(f"task close TASK-1 {FINDINGS}", as_="commander")
    await chat.say(f"task close TASK-1 {FINDINGS}", as_=OFFICER)
    asked = "change open lab-results production --type emergency --incident INC-4 --summary down"
    dry = await chat.say(f"{asked} --dry-run", as_="release-manager")
    assert dry.reason is Reason.OK, dry.text
    report = await chat.say("audit report --month 2026-11", as_=OFFICER)
    assert report.table is not None
    rows = {row[0]: row[1:] for row in report.table.rows}
    assert rows["Uses of break-glass"] == ("1", "commander 1")
    assert rows["Deploys under a break-glass"][0] == "1"
    assert rows["Reviews of emergencies opened"] == ("2", "break-glass 1, emergency change 1")
    number, of_which = rows["Reviews of emergencies closed"]
    assert number == "1"
    assert of_which == "security-officer 1; tried on one's own doing: commander 1"
    assert rows["Deploys under an emergency change"][0] == "1"
