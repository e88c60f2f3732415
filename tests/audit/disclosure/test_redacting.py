"""Redaction on both databases: opening, key and the words elsewhere go; the log stays whole."""

from __future__ import annotations

from sqlalchemy import text

from bot.audit.disclosure.opening import OpeningReader
from bot.audit.disclosure.redactor import Redactor
from bot.audit.disclosure.vault import Vault
from bot.audit.log import AuditLog
from bot.audit.whole import verify_log
from bot.model import Kind
from bot.storage.database import Database
from bot.storage.scrubbing import scrub
from tests.audit.conftest import TurnedClock
from tests.audit.events import draft
from tests.signing import KnownKeys, KnownRing

SAID = 'Jäne "Roe" of ward 4711'
REASON = frozenset({"params.reason"})
TOPIC = "INSERT INTO topics VALUES ('REQ-1', :reply, 3, 0)"
REPLY = '{"text": "because of Jäne \\"Roe\\" of ward 4711"}'


async def test_a_redaction_leaves_the_log_whole_and_the_words_nowhere(
    database: Database, clock: TurnedClock
) -> None:
    vault = Vault(KnownRing())
    redactor = Redactor(database, vault, clock, scrub)
    insert = text(TOPIC)
    database.write_now(lambda c: c.execute(insert, {"reply": REPLY}))
    who = AuditLog(
        database, clock=clock, software="1", replica="a", keys=KnownKeys(), vault=vault, deadline=60
    )
    said = draft(params={"reason": SAID}, sensitive=REASON, request="REQ-1")
    answer = draft(text=f"asked: {SAID}", sensitive=frozenset({"text"}), correlation="c-1")
    other = draft(params={"reason": SAID}, sensitive=REASON, correlation="c-2")
    async with who as log:
        events = [(await log.append(each)).event for each in (said, answer, other)]
        named = await redactor.openings(1, "reason")
        assert named == ["1:params.reason", "2:text"]
        decision = draft(
            kind=Kind.EFFECT_OUTCOME,
            verb="audit redact",
            request="REQ-9",
            params={"fact.openings": " ".join(named)},
        )
        assert (await log.append(decision, redactor.redact(named, "REQ-9"))).results == (2,)
    await redactor.finish()
    findings = database.read_now(lambda c: verify_log(c, vault=vault))
    assert findings.problems == []
    shown = await OpeningReader(database, vault).opened(events, lambda _: True)
    assert SAID not in str([each.data for each in shown[:2]])
    assert "(redacted by REQ-9 on " in str(shown[0].data)
    assert SAID in str(shown[2].data), "another action is another redaction"
    reply, version = database.read_now(
        lambda c: c.execute(text("SELECT reply, version FROM topics")).one()
    )
    assert (reply, version) == ('{"text": "because of [redacted]"}', 4)
