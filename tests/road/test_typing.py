"""What people type, as phones and chat clients hand it over, and what they get for a slip."""

from __future__ import annotations

import pytest

from bot.model import Account, Place, Reason
from tests.house import Chat

SLACK = {"account": Account("slack", "U0001", "T0001"), "place": Place("slack", "C1")}
SAME = [
    'deploy portal 1.4.2 to test --reason "try it"',
    "deploy portal 1.4.2 test --reason try it",
    "Deploy Portal 1.4.2 TO Test --reason 'try it'",
    "deploy portal 1.4.2 to test \u2014reason \u201ctry it\u201d",
    "deploy\u00a0portal 1.4.2 to\u202ftest \u2013reason \u2018try it\u2019",
    "\u200bdeploy portal\u200b 1.4.2 to test --reason=\u201etry it\u201d",
    '  deploy   portal 1.4.2   to test   --reason   "try it"  ',
]


@pytest.mark.parametrize("text", SAME)
@pytest.mark.thorough
async def test_the_same_words_mean_the_same_however_they_arrive(chat: Chat, text: str) -> None:
    reply = await chat.say(text)
    assert reply.reason is Reason.OK, reply.text
    (event,) = await chat.told(verb="deploy", kind="intent")
    assert event.data["params"] == {
        "service": "portal",
        "version": "1.4.2",
        "environment": "test",
        "reason": "try it",
    }
    await chat.ended("DEP-1")


async def test_slack_tokens_and_entities_are_read_as_they_were_shown(chat: Chat) -> None:
    reply = await chat.say(
        "deploy portal <http://1.4.2|1.4.2> to test --reason lab &lt;-&gt; ward &amp; more",
        **SLACK,  # type: ignore[arg-type] # account and place
    )
    assert reply.reason is Reason.OK, reply.text
    (event,) = await chat.told(verb="deploy", kind="intent")
    params = event.data["params"]
    assert isinstance(params, dict)
    assert params["version"] == "1.4.2"
    assert params["reason"] == "lab <-> ward & more"
    await chat.ended("DEP-1")


async def test_a_reason_is_kept_byte_for_byte(chat: Chat) -> None:
    reason = "\u201cfix\u201d \u2014 the ORU queue\u2026  twice\u00a0over, it's \u2018stuck\u2019"
    await chat.say(f"deploy portal 1.4.2 to test --reason {reason}")
    (event,) = await chat.told(verb="deploy", kind="intent")
    params = event.data["params"]
    assert isinstance(params, dict)
    assert params["reason"] == reason
    await chat.ended("DEP-1")


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("depoly portal 1.4.2 to test --reason x", Reason.UNKNOWN_COMMAND, "`deploy`"),
        ("deploy portl 1.4.2 to test --reason x", Reason.BAD_INPUT, "`portal`"),
        ("deploy portal 1.4.2 to tset --reason x", Reason.BAD_INPUT, "`test`"),
        ("deploy portal 1.4.2 to staging --reason x", Reason.BAD_INPUT, "production, test"),
        ("deploy portal 1.4.2 to test --resaon x", Reason.BAD_INPUT, "`--reason`"),
        ("deploy portal 1.4.2 to test", Reason.BAD_INPUT, "`--reason`"),
        ("deploy", Reason.BAD_INPUT, "`SERVICE`"),
        ("deploy portal 1.4.2 to test --reason", Reason.BAD_INPUT, "--reason"),
        ('deploy portal 1.4.2 to test --reason "x', Reason.BAD_INPUT, "never closed"),
        ("deploy staus", Reason.BAD_INPUT, "`status`"),
        ("ci staus portal", Reason.UNKNOWN_COMMAND, "`status`"),
        ("ci", Reason.BAD_INPUT, "`ci log`"),
        ("approve 12", Reason.BAD_INPUT, "REQ-12"),
        ("approve REQ-99", Reason.NOT_FOUND, "REQ-99"),
        ("deploy status DEP-99", Reason.NOT_FOUND, "DEP-99"),
        ("change show CHG-99", Reason.NOT_FOUND, "CHG-99"),
        ("whoami now please", Reason.BAD_INPUT, "whoami"),
        ("audit show many", Reason.BAD_INPUT, "whole number"),
        ("ci log nonesuch", Reason.FAILED, "nonesuch"),
    ],
)
async def test_a_slip_runs_nothing_and_says_what_to_type(
    chat: Chat, text: str, reason: Reason, says: str
) -> None:
    reply = await chat.say(text)
    assert (reply.reason, says in reply.text) == (reason, True), reply.text
    assert chat.ci.deploys == []
    ended = [e for e in await chat.events() if e.data.get("reason") == reason.value]
    assert len(ended) == 1, "the attempt is in the log"


async def test_a_bare_verb_brings_its_form_and_the_form_runs_it(chat: Chat) -> None:
    bare = await chat.say("deploy")
    assert bare.form is not None
    assert [i.name for i in bare.form.inputs] == [
        "service",
        "version",
        "environment",
        "reason",
        "change",
        "at",
        "despite",
    ]
    assert bare.form.inputs[0].choices == ("lab-results", "pacs", "portal")
    reply = await chat.say(
        bare.form.command,
        fields={
            "service": "portal",
            "version": "1.4.2",
            "environment": "test",
            "reason": "--dry-run",
            "change": "",
        },
    )
    assert reply.refs == {"deploy": "DEP-1"}, "what stands in a form is never an option"
    await chat.ended("DEP-1")


async def test_an_empty_line_is_help(chat: Chat) -> None:
    reply = await chat.say("   ")
    assert reply.title == "Help"
    assert reply.table is not None
    assert ("deploy", "Deploy a version of a service.") in [row[:2] for row in reply.table.rows]


async def test_help_shows_only_what_the_caller_may_ask_for(chat: Chat) -> None:
    reply = await chat.say("help", as_="service-desk")
    assert reply.table is not None
    names = {row[0] for row in reply.table.rows}
    assert "ci status" in names
    assert not names & {"deploy", "rollback", "ci run", "deploy settle"}
    assert "Usage" in dict((await chat.say("help deploy")).fields)
    assert "`deploy`" in (await chat.say("help depoly")).text
