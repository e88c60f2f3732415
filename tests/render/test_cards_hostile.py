"""Nobody's text acts on an Adaptive Card, whatever it looks like."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Button, Form, Input, InputKind, Reason, Reply, Step, StepState, Style, Table
from bot.render.card_sheet import escape
from bot.render.cards import dialog, message, typed
from tests.examples import examples
from tests.render.card_reading import (
    buttons,
    check,
    check_message,
    check_nothing_acts,
    moments,
    of_kind,
)
from tests.render.samples import ATTACKS, hostile

TEAMS_ATTACKS = (
    *ATTACKS,
    "{{DATE(2026-01-01T00:00:00Z, SHORT)}} at {{TIME(2026-01-01T00:00:00Z)}}",
    "${$root.secret} ${{x}} $${y} {{{{z}}}}",
    "[approve](https://evil.test) ![x](https://evil.test/x.png) <https://evil.test>",
    "**bold** _italic_ ~~gone~~ \\*not\\*",
    "# head\n- one\n* two\n+ three\n1. four\n2) five\n> six\n---\n===\n| a | b |",
    "<AT>Anna</AT> <at id='0'>Ben</at>",
    '{"type": "Action.OpenUrl", "url": "https://evil.test"}',
)


@pytest.mark.parametrize("attack", TEAMS_ATTACKS)
def test_nobodys_text_can_act_in_a_message(attack: str) -> None:
    made = message(hostile(attack), refresh_for=("29:1",))
    check_message(made)
    check_nothing_acts(made.card)
    check_nothing_acts({"text": made.text})
    assert of_kind(made.card, "Action.OpenUrl") == []
    assert moments(made.card) == []


@pytest.mark.parametrize("attack", TEAMS_ATTACKS)
def test_nobodys_text_can_act_in_a_dialog(attack: str) -> None:
    form = hostile(attack).form
    assert form is not None
    card = dialog(form)
    check(card)
    check_nothing_acts(card)


@pytest.mark.parametrize("attack", TEAMS_ATTACKS)
def test_a_button_types_what_it_holds_whatever_that_looks_like(attack: str) -> None:
    made = message(Reply("x", buttons=(Button("Go", attack),)))
    check_message(made)
    [button] = buttons(made)
    assert typed(button["data"]) == attack.replace("\ud83d", "\ufffd")


def test_the_fallback_is_markdown_and_shows_what_was_said() -> None:
    attack = "[approve](https://evil.test) *x* _y_ `z` <b> &lt; \\\n# h\n - a\n12. b\n2) c\nd - e"
    assert escape(attack) == (
        "\\[approve\\](https://evil.test) \\*x\\* \\_y\\_ \\`z\\` \\<b\\> \\&lt; \\\\\n"
        "\\# h\n \\- a\n12\\. b\n2\\) c\nd - e"
    )


def test_a_long_fallback_is_not_cut_inside_an_escape() -> None:
    for length in range(1990, 2004):
        fallback = str(message(Reply("x" * length + "\\" * 40)).card["fallbackText"])
        assert len(fallback) <= 2000
        kept = fallback.removesuffix("\u2026")
        assert (len(kept) - len(kept.rstrip("\\"))) % 2 == 0


UNSEEN = ("\u202a", " \u2066\u2069 ", "\u200e")


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("style", list(Style))
def test_a_question_of_which_nothing_is_seen_is_none(unseen: str, style: Style) -> None:
    made = message(Reply("x", buttons=(Button(unseen, "stop it", style, confirm=unseen),)))
    check_message(made)
    [button] = buttons(made)
    assert button["title"] == "stop it"
    assert (button["type"] == "Action.ShowCard") == (style is Style.DANGER)
    assert ("This types: stop it" in json.dumps(made.card)) == (style is Style.DANGER)


ANY = st.one_of(
    st.text(alphabet="\u202a\u2066\u200e ", max_size=4),
    st.text(max_size=200),
    st.text(alphabet="<>/at{}$[]()*_`#-+=.1 \n\\@&!|\u202e\u200b", max_size=80),
)
STEPS = st.builds(Step, ANY, st.sampled_from(StepState), ANY)
BUTTONS = st.builds(
    Button, ANY, ANY, st.sampled_from(Style), ANY, st.sampled_from(["", "reason", "note", "types"])
)
INPUTS = st.builds(
    Input,
    st.sampled_from(["service", "version", "reason", "note"]),
    ANY,
    st.sampled_from(InputKind),
    st.lists(ANY, max_size=4).map(tuple),
    st.booleans(),
    ANY,
    ANY,
)
FORMS = st.builds(
    Form,
    ANY,
    ANY,
    st.lists(INPUTS, max_size=4, unique_by=lambda entry: entry.name).map(tuple),
    ANY,
)
ROWS = st.lists(st.lists(ANY, max_size=3).map(tuple), max_size=4).map(tuple)
REPLIES = st.builds(
    Reply,
    ANY,
    st.sampled_from(Reason),
    ANY,
    fields=st.lists(st.tuples(ANY, ANY), max_size=4).map(tuple),
    items=st.lists(ANY, max_size=4).map(tuple),
    table=st.none() | st.builds(Table, st.lists(ANY, max_size=3).map(tuple), ROWS),
    code=ANY,
    progress=st.lists(STEPS, max_size=4).map(tuple),
    buttons=st.lists(BUTTONS, max_size=9).map(tuple),
    form=st.none() | FORMS,
    topic=ANY,
)


@given(REPLIES)
@settings(max_examples=examples(60), deadline=None)
def test_any_reply_makes_a_message_that_teams_takes_and_in_which_nothing_acts(reply: Reply) -> None:
    made = message(reply, console_url="https://wardroom.test/", refresh_for=("29:1",))
    check_message(made)
    check_nothing_acts(made.card)


@given(FORMS)
@settings(max_examples=examples(40), deadline=None)
def test_any_form_makes_a_dialog_that_teams_takes_and_in_which_nothing_acts(form: Form) -> None:
    card = dialog(form)
    check(card)
    check_nothing_acts(card)
