"""CHG-02: a normal change says everything, and what is missing or wrong is said in one pass."""

from __future__ import annotations

import pytest

from bot.model import Reason
from tests.house import Chat

FIELDS = {
    "summary": "new ORU mapping",
    "impact": "results are late by minutes",
    "risk": "low",
    "sites": "main",
    "from": "Tue 02:00",
    "until": "Tue 04:00",
    "implementation": "deploy 1.4.2",
    "test-evidence": "LAB-TEST-7 in test",
    "backout": "rollback lab-results production",
    "validator": "safety-officer",
}
WHOLE = "change open lab-results production " + " ".join(
    f'--{name} "{value}"' for name, value in FIELDS.items()
)


def without(*names: str, **other: str) -> str:
    kept = {name: value for name, value in FIELDS.items() if name not in names} | other
    options = " ".join(f'--{name} "{value}"' for name, value in kept.items())
    return f"change open lab-results production {options}"


async def test_everything_that_was_given_stands_on_the_change(chat: Chat) -> None:
    opened = await chat.say(WHOLE)
    assert opened.reason is Reason.OK, opened.text
    shown = dict((await chat.say(f"change show {opened.refs['change']}")).fields)
    assert shown["Window"] == "2026-11-24 02:00 UTC to 2026-11-24 04:00 UTC"
    for name, value in {
        "Clinical impact": FIELDS["impact"],
        "Risk": "low",
        "Sites": "main",
        "Implementation": FIELDS["implementation"],
        "Test evidence": FIELDS["test-evidence"],
        "Back-out plan": FIELDS["backout"],
        "Validator": "safety-officer",
    }.items():
        assert shown[name] == value


async def test_everything_missing_is_said_at_once_and_asked_for_in_one_form(chat: Chat) -> None:
    refused = await chat.say("change open lab-results production")
    assert refused.reason is Reason.BAD_INPUT
    missing = set(FIELDS) - {"sites", "until"}  # all sites unless some are named; a window is two
    assert all(f"--{name}" in refused.text for name in missing), refused.text
    assert refused.form is not None
    asked = {one.name for one in refused.form.inputs if one.required}
    assert {"summary", "impact", "risk", "implementation", "test_evidence", "backout"} <= asked
    assert {"service", "environment", "from_", "validator"} <= asked


async def test_what_is_wrong_and_what_is_missing_are_said_together(chat: Chat) -> None:
    typed = without("backout", "test-evidence", risk="huge", sites="north", validator="nobody")
    refused = await chat.say(typed.replace("Tue 04:00", "Tue 25:00"))
    for part in ("`huge` is no risk", "no site north", "`nobody` is nobody", "25:00"):
        assert part in refused.text
    assert "still needs: --test-evidence" in refused.text
    assert "--backout" in refused.text
    assert refused.form is not None
    filled = {one.name: one.value for one in refused.form.inputs}
    assert filled["summary"] == FIELDS["summary"]
    assert filled["risk"] == "", "what is wrong is not filled in again"


async def test_the_form_that_comes_back_opens_the_change(chat: Chat) -> None:
    bare = await chat.say("change open")
    assert bare.form is not None
    required = {one.name for one in bare.form.inputs if one.required}
    assert {"service", "summary", "impact", "risk", "validator", "test_evidence"} <= required
    fields = {"service": "lab-results", "environment": "production"}
    fields |= {name.replace("-", "_"): value for name, value in FIELDS.items()}
    fields["from_"] = fields.pop("from")
    opened = await chat.say("change open", fields=fields)
    assert opened.reason is Reason.OK, opened.text


async def test_what_is_typed_wrong_for_the_parser_is_said_with_the_rest(chat: Chat) -> None:
    refused = await chat.say('change open lab-result prodution --risk low --summary "s"')
    assert refused.reason is Reason.BAD_INPUT
    for part in ("`lab-result`", "`prodution`", "--validator", "--backout"):
        assert part in refused.text, refused.text


@pytest.mark.parametrize(
    ("until", "says"),
    [("Tue 01:00", "ends before it starts"), ("2027-02-24 01:00", "at most 31 days")],
)
async def test_a_window_has_to_be_one(chat: Chat, until: str, says: str) -> None:
    fields = {**FIELDS, "from": "2026-11-24 02:00", "until": until}
    fields["until"] = "2026-11-24 01:00" if until.startswith("Tue") else until
    options = " ".join(f'--{name} "{value}"' for name, value in fields.items())
    assert says in (await chat.say(f"change open lab-results production {options}")).text


async def test_a_change_of_test_needs_no_more_than_before(chat: Chat) -> None:
    opened = await chat.say("change open portal test --summary s --impact none --backout b")
    assert opened.reason is Reason.OK
    shown = dict((await chat.say("change show CHG-1")).fields)
    assert shown["Window"] == "2026-11-22 12:00 UTC to 2026-11-22 16:00 UTC"
    assert shown["Sites"] == "main, west"
    again = await chat.say("change open portal test --summary s --impact none")
    assert again.reason is Reason.BAD_INPUT
    assert "still needs: --backout" in again.text
