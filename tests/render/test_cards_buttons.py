"""What can be pressed on an Adaptive Card, and what a press of it types."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.deploys.card import card as deploy_card
from bot.model import Button, Deploy, DeployState, Reply, Style
from bot.render import cards
from bot.render.card_buttons import TAKEN
from bot.render.cards import message, typed
from tests.render.card_reading import buttons, check_message, of_kind, words
from tests.render.samples import FORM, FULL

UNKNOWN = Deploy(
    "DEP-3",
    "lab-results",
    "production",
    "1.4.2",
    "4f2a" * 10,
    "engineer",
    "the ORU queue is stuck",
    DeployState.UNKNOWN,
    datetime(2026, 1, 1, tzinfo=UTC),
)


def test_a_button_is_executed_and_where_that_is_unknown_the_same_is_submitted() -> None:
    approve, _, _ = buttons(message(FULL))
    assert (approve["type"], approve["verb"]) == ("Action.Execute", "types")
    assert approve["style"] == "positive"
    assert approve["data"] == {"types": "approve REQ-1"}
    fallback = approve["fallback"]
    assert fallback["type"] == "Action.Submit"
    assert fallback["data"] == {"verb": "types", "types": "approve REQ-1"}
    assert typed(approve["data"]) == typed(fallback["data"]) == "approve REQ-1"


def test_a_button_that_asks_opens_a_card_with_one_input_that_has_to_be_filled_in() -> None:
    _, reject, _ = buttons(message(FULL))
    assert reject["type"] == "Action.ShowCard"
    assert "style" not in reject
    [entry] = of_kind(reject, "Input.Text")
    assert (entry["id"], entry["label"], entry["isRequired"]) == ("reason", "Reason", True)
    assert entry["errorMessage"]
    [counts] = reject["card"]["actions"]
    assert (counts["verb"], counts["data"]) == ("asks", {"types": "reject REQ-1", "asks": "reason"})
    assert counts["fallback"]["data"] == {"verb": "asks", **counts["data"]}
    pressed = {**counts["data"], "reason": 'the "lab" validates'}
    assert typed(pressed) == 'reject REQ-1 --reason "the \\"lab\\" validates"'


def test_what_destroys_asks_first_and_types_only_from_the_card_it_opens() -> None:
    _, _, roll_back = buttons(message(FULL))
    assert (roll_back["type"], roll_back["style"]) == ("Action.ShowCard", "destructive")
    assert words(roll_back) == "This types: rollback lab-results production"
    [counts] = roll_back["card"]["actions"]
    assert (counts["verb"], counts["style"]) == ("types", "destructive")


def test_a_question_of_the_buttons_own_is_asked() -> None:
    button = Button("Retry", "ci run x", confirm="Run it again?", asks="reason")
    made = message(Reply("x", buttons=(button,)))
    check_message(made)
    [drawn] = buttons(made)
    assert words(drawn) == "Run it again?"
    assert len(of_kind(drawn, "Input.Text")) == 1


def test_two_buttons_that_ask_for_the_same_have_inputs_of_their_own() -> None:
    reply = deploy_card(UNKNOWN)
    assert [button.asks for button in reply.buttons] == ["reason", "reason"]
    made = message(reply)
    check_message(made)
    for button, drawn in zip(reply.buttons, buttons(made), strict=True):
        [entry] = of_kind(drawn, "Input.Text")
        [counts] = drawn["card"]["actions"]
        assert counts["data"]["asks"] == "reason"
        pressed = {**counts["data"], entry["id"]: "seen on the analyser"}
        assert typed(pressed) == f'{button.command} --reason "seen on the analyser"'


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_an_input_never_hides_what_its_button_sends(name: str) -> None:
    made = message(Reply("x", buttons=(Button("Go", "go", asks=name),)))
    check_message(made)
    [drawn] = buttons(made)
    [entry] = of_kind(drawn, "Input.Text")
    data = drawn["card"]["actions"][0]["fallback"]["data"]
    assert entry["id"] not in data
    assert typed({**data, entry["id"]: "y"}) == f'go --{name} "y"'


@pytest.mark.parametrize("data", [{}, {"types": 3}, {"asks": "reason"}, {"opens": "deploy"}])
def test_what_is_no_press_of_ours_types_nothing(data: dict[str, object]) -> None:
    assert typed(data) == ""


@pytest.mark.parametrize("answer", [None, 3, ["x"]])
def test_an_answer_that_is_no_text_is_no_answer(answer: object) -> None:
    assert typed({"types": "go", "asks": "reason", "reason": answer}) == 'go --reason ""'


def test_a_second_primary_button_is_plain() -> None:
    two = (Button("A", "a", Style.PRIMARY), Button("B", "b", Style.PRIMARY))
    drawn = buttons(message(Reply("x", buttons=two)))
    assert [button.get("style") for button in drawn] == ["positive", None]


def test_the_seventh_button_and_all_after_it_stand_in_the_menu() -> None:
    made = message(Reply("x", buttons=tuple(Button(f"B{n}", f"b {n}") for n in range(9))))
    check_message(made)
    assert [typed(button["data"]) for button in buttons(made)] == [f"b {n}" for n in range(9)]


@pytest.mark.parametrize(
    ("button", "title"),
    [
        (Button("x" * 76, "go"), "x" * 74 + "\u2026"),
        (Button(" ", "deploy list"), "deploy list"),
        (Button("", " "), "\u2013"),
    ],
)
def test_every_button_has_a_title_that_fits(button: Button, title: str) -> None:
    made = message(Reply("x", buttons=(button,)))
    check_message(made)
    assert [drawn["title"] for drawn in buttons(made)] == [title]


def test_a_long_question_shows_that_it_goes_on() -> None:
    [drawn] = buttons(message(Reply("x", buttons=(Button("Go", "x" * 400, Style.DANGER),))))
    assert words(drawn) == "This types: " + "x" * 287 + "\u2026"


def test_a_form_in_a_message_has_a_button_that_opens_it() -> None:
    made = message(Reply("What shall be deployed?", form=FORM))
    check_message(made)
    [opens] = buttons(made)
    assert (opens["type"], opens["title"]) == ("Action.Submit", "Fill in the form")
    assert opens["data"] == {"msteams": {"type": "task/fetch"}, "opens": "deploy"}


def test_what_others_read_a_press_by_has_one_name() -> None:
    assert (cards.TYPES, cards.ASKS, cards.OPENS) == ("types", "asks", "opens")
    assert (cards.FORM, cards.REFRESH, cards.TOPIC) == ("form", "refresh", "topic")
