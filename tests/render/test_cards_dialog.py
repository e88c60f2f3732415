"""A form as the Adaptive Card of a dialog."""

from __future__ import annotations

from typing import Any

import pytest

import commands
from bot import registry
from bot.model import Form, Input, InputKind
from bot.render.card_buttons import TAKEN
from bot.render.cards import dialog
from tests.render.card_reading import check, of_kind, walk, words
from tests.render.samples import FORM


def test_a_form_is_a_dialog_whose_inputs_are_named_by_its_arguments() -> None:
    card: Any = dialog(FORM, metadata={"place": "19:x"})
    check(card)
    service, version, reason = card["body"]
    assert [entry["id"] for entry in card["body"]] == ["service", "version", "reason"]
    assert (service["type"], service["value"]) == ("Input.ChoiceSet", "pacs")
    assert [choice["value"] for choice in service["choices"]] == ["lab-results", "pacs"]
    assert version["placeholder"] == "Such as 1.4.2."
    assert version["isRequired"] is True
    assert version["errorMessage"]
    assert (reason["isMultiline"], reason["label"]) == (True, "Reason (optional)")
    assert "isRequired" not in reason
    [submit] = card["actions"]
    assert (submit["type"], submit["title"]) == ("Action.Submit", "Run")
    assert submit["data"] == {"form": "deploy", "place": "19:x"}


@pytest.mark.parametrize(
    "choices", [(), tuple(f"service-{n}" for n in range(101)), ("x" * 151, "b"), ("", "b")]
)
def test_choices_that_cannot_be_listed_are_typed(choices: tuple[str, ...]) -> None:
    card = dialog(Form("deploy", "Deploy", (Input("s", "S", InputKind.CHOICE, choices),)))
    check(card)
    assert [part["type"] for part in walk(card["body"])] == ["Input.Text"]


def test_a_value_comes_into_a_field_as_it_is() -> None:
    value = "**x** {DATE} [a](b) \u201cq\u201d"
    card = dialog(Form("x", "X", (Input("a", "A", value=value),)))
    assert of_kind(card, "Input.Text")[0]["value"] == value


def test_a_form_without_inputs_says_so_and_can_be_sent() -> None:
    card = dialog(Form("services", "Services", ()))
    check(card)
    assert words(card) == "Nothing has to be filled in."
    assert len(of_kind(card, "Action.Submit")) == 1


@pytest.mark.parametrize("name", sorted(TAKEN | {"place", "twice"}))
def test_an_input_that_would_hide_our_own_data_is_refused(name: str) -> None:
    inputs = (Input(name, "A"), Input("twice", "B"))
    with pytest.raises(ValueError, match=name):
        dialog(Form("x", "X", inputs), metadata={"place": "19:x"})


def test_no_command_has_an_argument_of_a_name_that_is_taken() -> None:
    names = {n for c in registry.discover(commands).commands for n in c.args.model_fields}
    assert names
    assert not names & TAKEN


@pytest.mark.parametrize("kind", list(InputKind))
def test_the_longest_dialog_is_cut_and_not_refused(kind: InputKind) -> None:
    choices = tuple(f"{n}" + '"' * 140 for n in range(100))
    inputs = tuple(
        Input(f"a{n}", "l" * 900, kind, choices, hint='"' * 900, value='"' * 3000)
        for n in range(60)
    )
    card = dialog(Form("x", "t" * 900, inputs, submit="s" * 900))
    check(card)
    assert 1 <= len(of_kind(card, "Input.Text") + of_kind(card, "Input.ChoiceSet")) <= 30
