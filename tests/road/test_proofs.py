"""Whoever may read the log can carry away what proves it, and each reading is in the log."""

from __future__ import annotations

import pytest
from tlog_scales import tlog
from tlog_scales.signing import Vkey, VkeySet

from bot.audit.keys import KeyFile
from bot.audit.proof import Consistency, Inclusion
from bot.audit.tree import leaf_hash
from bot.model import Reason
from tests.house import Chat


def theirs(chat: Chat, note: str) -> tlog.Checkpoint:
    """Open a checkpoint with another implementation and the log's public key."""
    found = tlog.Checkpoint.from_text(note)
    audit = chat.settings.audit
    (key,) = KeyFile(audit.key, audit.origin).load()
    assert len(VkeySet(Vkey.from_string(str(key.key))).verify(found.signatures, found)) == 1
    return found


async def test_an_event_is_proved_to_somebody_with_another_implementation(chat: Chat) -> None:
    await chat.say("whoami")
    (event, *_) = await chat.events(verb="whoami")
    reply = await chat.say(f"audit prove {event.seq}")
    assert reply.reason is Reason.OK, reply.text
    found = Inclusion.parse(reply.code)
    checkpoint = theirs(chat, found.note)
    assert (found.index, found.extra) == (event.seq - 1, event.body)
    tlog.InclusionProof(found.index, checkpoint.size, list(found.path)).check(
        leaf_hash(found.extra), checkpoint.root_hash
    )
    assert [e.data["kind"] for e in await chat.events(verb="audit prove")] == ["intent", "outcome"]


async def test_a_checkpoint_that_was_kept_is_shown_to_be_the_beginning_of_the_log(
    chat: Chat,
) -> None:
    kept = await chat.say("audit checkpoint")
    before = theirs(chat, kept.code)
    for _ in range(3):
        await chat.say("whoami")
    for text in (
        f"audit consistency {before.size}",
        f"audit consistency {kept.code}",
        f'audit consistency "{kept.code}"',
    ):
        reply = await chat.say(text)
        assert reply.reason is Reason.OK, reply.text
        found = Consistency.parse(reply.code)
        after = theirs(chat, found.note)
        assert found.old == before.size < after.size
        tlog.ConsistencyProof(found.old, after.size, list(found.path)).check(
            before.root_hash, after.root_hash
        )


async def test_two_earlier_sizes_are_compared_without_a_signature(chat: Chat) -> None:
    for _ in range(3):
        await chat.say("whoami")
    reply = await chat.say("audit consistency 2 5")
    assert (reply.reason, "newest checkpoint is signed" in reply.text) == (Reason.OK, True)
    assert dict(reply.fields).keys() == {"Root of 2 events", "Root of 5 events"}


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("audit prove 9999", Reason.NOT_FOUND, "There is no event 9999"),
        ("audit prove 0", Reason.NOT_FOUND, "There is no event 0"),
        ("audit consistency", Reason.BAD_INPUT, "Say since when"),
        ("audit consistency 9999", Reason.BAD_INPUT, "events now"),
        ("audit consistency 2 1", Reason.BAD_INPUT, "the earlier one first"),
        ("audit consistency nonsense", Reason.BAD_INPUT, "This is no signed checkpoint"),
    ],
)
async def test_what_cannot_be_proved_is_said(
    chat: Chat, text: str, reason: Reason, says: str
) -> None:
    await chat.say("whoami")
    reply = await chat.say(text)
    assert (reply.reason, says in reply.text) == (reason, True), reply.text
