"""Block Kit: within every limit, built of parts in which nobody's text can act."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Button, Form, Input, InputKind, Reason, Reply, Step, StepState, Style, Table
from bot.render.blocks import (
    _at_most,
    _button,
    _button_at_most,
    _size,
    escape,
    message,
    modal,
)
from tests.examples import examples
from tests.render.block_reading import (
    LIVE,
    SCHEMAS,
    buttons,
    check,
    check_view,
    obey,
    schema,
    walk,
    words,
)
from tests.render.samples import ATTACKS, FORM, FULL, hostile, huge


def test_the_schemas_are_read_and_refuse_what_slack_refuses() -> None:
    if schema("blocks.schema.json") is None:
        pytest.skip(f"there are no Block Kit schemas at {SCHEMAS}")
    with pytest.raises(jsonschema.ValidationError):
        obey("blocks.schema.json", [{"type": "section", "txt": "x"}])


def test_a_full_reply_is_drawn_whole_and_slack_takes_it() -> None:
    made = message(FULL)
    check(made)
    for said in (
        "Deploy lab-results 1.4.2 to production?",
        "waits for approval as REQ-1",
        "Status: waiting for approval",
        "2 approvals, one by a release_manager",
        "Interfaces: 3",
        "green",
        "step one\n  step two",
        "Done: ",
        "CI is green (commit 4f2a)",
        "Running: ",
        "Waiting: ",
    ):
        assert said in words(made)
    assert "Full output" not in words(made)


def test_the_first_thing_said_is_the_action_and_its_scope() -> None:
    made = message(FULL)
    assert made.blocks[0]["text"]["text"] == "Deploy lab-results 1.4.2 to production?"  # type: ignore[index,call-overload]  # it is JSON
    assert made.text.startswith("Deploy lab-results 1.4.2 to production?")


def test_only_approve_is_primary_and_what_destroys_asks_first() -> None:
    approve, reject, roll_back = buttons(message(FULL))
    assert (approve["style"], approve["value"]) == ("primary", "approve REQ-1")
    assert "style" not in reject
    assert reject["action_id"] == "asks:1:reason"
    assert roll_back["style"] == "danger"
    assert roll_back["confirm"]["text"]["text"] == "This types: rollback lab-results production"


def test_a_second_primary_button_is_plain() -> None:
    two = (Button("A", "a", Style.PRIMARY), Button("B", "b", Style.PRIMARY))
    assert [b.get("style") for b in buttons(message(Reply("x", buttons=two)))] == ["primary", None]


def test_a_question_of_the_buttons_own_is_asked() -> None:
    button = Button("Retry", "ci run x", confirm="Run it again?")
    [drawn] = buttons(message(Reply("x", buttons=(button,))))
    assert drawn["confirm"]["text"]["text"] == "Run it again?"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_ending_but_success_is_said_in_words(reason: Reason) -> None:
    made = message(Reply("It ended.", reason))
    check(made)
    assert ("Status: " in words(made)) == (reason is not Reason.OK)
    assert ("Status: " in made.text) == (reason is not Reason.OK)


@pytest.mark.parametrize("state", list(StepState))
def test_every_state_of_a_step_is_said_in_words(state: StepState) -> None:
    made = message(Reply("", progress=(Step("Deploy", state),)))
    check(made)
    assert state.value.capitalize() + ": " in words(made)


def test_what_is_too_much_is_cut_and_the_whole_is_linked() -> None:
    made = message(huge(), console_url="https://wardroom.test/")
    check(made)
    [link] = [part for part in walk(made.blocks) if part.get("type") == "link"]
    assert (link["url"], link["text"]) == ("https://wardroom.test/", "Full output")


def test_without_a_console_the_cut_is_said_in_words() -> None:
    made = message(huge())
    check(made)
    assert "This is not all of it" in words(made)


def test_a_shrunk_message_keeps_its_buttons() -> None:
    two = FULL.buttons[:2]
    made = message(Reply("x" * 3000, items=tuple("y" * 2000 for _ in range(20)), buttons=two))
    check(made)
    assert [b["value"] for b in buttons(made)] == ["approve REQ-1", "reject REQ-1"]


def test_a_command_too_long_for_a_button_is_no_button() -> None:
    made = message(Reply("x", buttons=(Button("Go", "x" * 2001),)))
    check(made)
    assert buttons(made) == []
    assert "This is not all of it" in words(made)


@pytest.mark.parametrize("empty", [Reply(""), Reply(" \n"), Reply("", table=Table((), ()))])
def test_a_reply_without_words_is_still_a_message(empty: Reply) -> None:
    made = message(empty)
    check(made)
    assert "".join(part["text"] for part in walk(made.blocks) if "text" in part) == "\u2013"


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobodys_text_can_act_in_a_message(attack: str) -> None:
    made = message(hostile(attack), console_url="https://wardroom.test/")
    check(made)
    assert not [part for part in walk(made.blocks) if part.get("type") in ("link", "user")]
    shown = words(made) + made.text
    assert not [live for live in LIVE if live in shown]
    assert "<" not in made.text
    assert not [char for char in shown if ord(char) < 32 and char not in "\n\t"]
    json.dumps(made.blocks).encode("utf-8")


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobodys_text_can_act_in_a_modal(attack: str) -> None:
    form = hostile(attack).form
    assert form is not None
    view = modal(form)
    check_view(view)
    labels = [p["text"] for p in walk(view) if p.get("type") == "plain_text"]
    assert not [live for live in LIVE for label in labels if live in label]
    assert all(p.get("emoji") is False for p in walk(view) if p.get("type") == "plain_text")


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=examples(30), deadline=None)
def test_any_text_makes_a_message_that_slack_takes(one: str, other: str) -> None:
    check(
        message(
            Reply(
                one,
                Reason.FAILED,
                title=other,
                fields=((other, one),),
                items=(one,),
                code=other,
                table=Table(("x",), ((one,),)),
                progress=(Step(one, StepState.DONE, other),),
            )
        )
    )


NASTY = st.lists(
    st.sampled_from(
        [
            '"',
            "\\",
            "\n",
            "\t",
            "\x07",
            "<@U1>",
            "@here",
            "2026-11-22 09:39 UTC",
            "\U0001f600",
            "word ",
        ]
    ),
    max_size=60,
).map("".join)


@given(NASTY, NASTY, st.integers(0, 7))
@settings(max_examples=examples(100), deadline=None)
def test_a_message_is_never_larger_than_it_is_taken_to_be(one: str, other: str, many: int) -> None:
    reply = Reply(
        one,
        Reason.FAILED,
        title=other,
        fields=((other, one),) * many,
        items=(one,) * many,
        code=other,
        buttons=(Button(one, other, Style.DANGER, confirm=one, asks="reason"),) * many,
    )
    assert _size(message(reply).blocks) <= _at_most(reply)
    for button in reply.buttons:
        assert _size(_button(button, 0, is_primary=True)) <= _button_at_most(button)


@pytest.mark.parametrize("unseen", ["", " ", "\u202a", "\u2066\u2069", "\u200e "])
def test_a_text_of_which_nothing_is_seen_makes_no_part_that_slack_refuses(unseen: str) -> None:
    made = message(
        Reply(
            unseen,
            title=unseen,
            fields=((unseen, unseen),),
            items=(unseen,),
            code=unseen,
            table=Table((unseen,), ((unseen,),)),
            progress=(Step(unseen, StepState.DONE, unseen),),
            buttons=(
                Button(unseen, "help", confirm=unseen),
                Button("Go", "help", Style.DANGER, confirm=unseen),
            ),
        )
    )
    check(made)
    assert not [part for part in walk(made.blocks) if part.get("text") == ""]
    entry = Input("a", unseen, InputKind.CHOICE, ("b", unseen), hint=unseen)
    view = modal(Form("deploy", unseen, (entry,), submit=unseen))
    check_view(view)
    assert not [part for part in walk(view) if part.get("text") == ""]


def test_escaping_is_of_the_three_characters_that_act() -> None:
    assert escape("a & b <c> &lt;") == "a &amp; b &lt;c&gt; &amp;lt;"


def test_a_long_fallback_is_not_cut_inside_an_entity() -> None:
    for length in range(3990, 4003):
        made = message(Reply("&" * 3 + "x" * (length - 20) + "&" * 30))
        assert len(made.text) <= 4000
        assert made.text.replace("&amp;", "").count("&") == 0


# --- modals ------------------------------------------------------------------------------------


def test_a_form_is_a_modal_whose_blocks_are_named_by_its_inputs() -> None:
    view: Any = modal(FORM, metadata="{}")
    check_view(view)
    service, version, reason = view["blocks"]
    assert [b["block_id"] for b in view["blocks"]] == ["service", "version", "reason"]
    assert service["element"]["initial_option"]["value"] == "pacs"
    assert [o["value"] for o in service["element"]["options"]] == ["lab-results", "pacs"]
    assert version["hint"]["text"] == "Such as 1.4.2."
    assert (reason["element"]["multiline"], reason["optional"]) == (True, True)
    assert view["private_metadata"] == "{}"


@pytest.mark.parametrize(
    "choices", [(), tuple(f"service-{n}" for n in range(101)), ("x" * 151, "b")]
)
def test_choices_that_slack_can_not_list_are_typed(choices: tuple[str, ...]) -> None:
    entry = Input("service", "Service", InputKind.CHOICE, choices)
    view: Any = modal(Form("deploy", "Deploy", (entry,)))
    check_view(view)
    assert view["blocks"][0]["element"]["type"] == "plain_text_input"


def test_a_value_comes_into_a_field_as_it_is() -> None:
    value = "<!channel> @here *x* \u201cq\u201d"
    view: Any = modal(Form("x", "X", (Input("a", "A", value=value),)))
    assert view["blocks"][0]["element"]["initial_value"] == value


@pytest.mark.parametrize("count", [0, 1, 100, 140])
def test_a_modal_holds_as_many_inputs_as_slack_takes(count: int) -> None:
    inputs = tuple(Input(f"a{n}", "x" * 3000, hint="y" * 3000) for n in range(count))
    view: Any = modal(Form("x", "t" * 40, inputs, submit="s" * 40))
    check_view(view)
    assert 1 <= len(view["blocks"]) <= 100
