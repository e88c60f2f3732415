"""Adaptive Cards: everything that a reply holds is drawn, valid, and within every limit."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from bot.model import Button, Reason, Reply, Step, StepState, Table
from bot.render.card_sheet import columned
from bot.render.cards import message, size
from tests.render.card_reading import SCHEMA, buttons, check_message, of_kind, schema, words
from tests.render.samples import FORM, FULL, huge


def test_the_schema_is_read_and_refuses_what_is_no_card() -> None:
    validator = schema()
    if validator is None:
        pytest.skip(f"there is no schema of Adaptive Cards at {SCHEMA}")
    body = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "txt": "x"}]}]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"type": "AdaptiveCard", "version": "1.5", "body": body})


# --- what is drawn -----------------------------------------------------------------------------


def test_a_full_reply_is_drawn_whole_and_teams_takes_it() -> None:
    made = message(FULL)
    check_message(made)
    for part in (
        "Deploy lab-results 1.4.2 to production?",
        "waits for approval as REQ-1",
        "Status: waiting for approval",
        "2 approvals, one by a release_manager",
        "\u2022 Interfaces: 3",
        "green",
        "step one\n\u00a0\u00a0step two",
        "1. Done: \nCI is green (commit 4f2a)",
        "2. Running: \n",
        "3. Waiting: \n",
    ):
        assert part in words(made.card)
    assert "Teams shows no more" not in words(made.card)


def test_the_first_thing_said_is_the_action_and_its_scope() -> None:
    made = message(FULL)
    first = of_kind(made.card, "TextRun")[0]
    assert first["text"] == "Deploy lab-results 1.4.2 to production?"
    assert made.text.startswith("Deploy lab-results 1.4.2 to production?")
    assert str(made.card["fallbackText"]).startswith("Deploy lab-results 1.4.2 to production?")


def test_a_table_has_a_head_that_is_announced_and_a_cell_for_each_column() -> None:
    rows = (("17", "green"), ("16",), ("15", "red", "extra"))
    made = message(Reply("", table=Table(("Build", "State"), rows)))
    check_message(made)
    [table] = of_kind(made.card, "Table")
    assert table["firstRowAsHeader"] is True
    assert len(table["columns"]) == 2
    shown = [[words(cell) for cell in row["cells"]] for row in table["rows"]]
    assert shown == [["Build", "State"], ["17", "green"], ["16", "\u2013"], ["15", "red"]]


def test_code_is_monospace_and_keeps_its_columns() -> None:
    made = message(Reply("", code="a  b\n\tc\n  d e"))
    check_message(made)
    [run] = of_kind(made.card, "TextRun")
    assert run["fontType"] == "Monospace"
    assert run["text"] == "a\u00a0\u00a0b\n" + "\u00a0" * 8 + "c\n\u00a0\u00a0d e"


def test_code_without_columns_can_be_copied_as_it_is() -> None:
    assert columned("make test\nmake check") == "make test\nmake check"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_ending_but_success_is_said_in_words(reason: Reason) -> None:
    made = message(Reply("It ended.", reason))
    check_message(made)
    assert ("Status: " in words(made.card)) == (reason is not Reason.OK)
    assert ("Status: " in made.text) == (reason is not Reason.OK)


@pytest.mark.parametrize("state", list(StepState))
def test_every_state_of_a_step_is_said_in_words(state: StepState) -> None:
    made = message(Reply("", progress=(Step("Deploy", state),)))
    check_message(made)
    assert f"1. {state.value.capitalize()}: " in words(made.card)


@pytest.mark.parametrize("empty", [Reply(""), Reply(" \n"), Reply("", table=Table((), ()))])
def test_a_reply_without_words_is_still_a_message(empty: Reply) -> None:
    check_message(message(empty))


def test_a_topic_asks_for_its_newest_state_for_at_most_sixty_people() -> None:
    people = [f"29:{number}" for number in range(80)]
    made = message(FULL, refresh_for=people)
    check_message(made)
    refresh: Any = made.card["refresh"]
    assert (refresh["action"]["verb"], refresh["action"]["data"]) == ("refresh", {"topic": "REQ-1"})
    assert refresh["userIds"] == people[:60]


@pytest.mark.parametrize(("topic", "people"), [("", ("29:1",)), ("REQ-1", ())])
def test_what_nobody_follows_is_not_refreshed(topic: str, people: tuple[str, ...]) -> None:
    assert "refresh" not in message(Reply("x", topic=topic), refresh_for=people).card


# --- limits ------------------------------------------------------------------------------------


def test_what_is_too_much_is_cut_and_the_whole_is_linked() -> None:
    made = message(huge(), console_url="https://wardroom.test/")
    check_message(made)
    [link] = of_kind(made.card, "Action.OpenUrl")
    assert (link["url"], link["title"]) == ("https://wardroom.test/", "Full output")


def test_without_a_console_the_cut_is_said_in_words() -> None:
    made = message(huge())
    check_message(made)
    assert "This is not all of it" in words(made.card)
    assert of_kind(made.card, "Action.OpenUrl") == []


def test_a_shrunk_message_keeps_its_buttons() -> None:
    items = tuple("y" * 3000 for _ in range(40))
    made = message(Reply("x" * 4000, items=items, buttons=FULL.buttons))
    check_message(made)
    assert "This is not all of it" in words(made.card)
    assert [button["title"] for button in buttons(made)] == ["Approve", "Reject", "Roll back"]


def test_a_command_too_long_for_a_button_is_no_button() -> None:
    made = message(Reply("x", buttons=(Button("Go", "x" * 2001),)))
    check_message(made)
    assert buttons(made) == []
    assert "This is not all of it" in words(made.card)


def test_size_is_counted_in_utf_16_where_some_characters_are_two() -> None:
    assert size("ab") == 8  # with its quotes
    assert size("\u00e9") == 6
    assert size("\U0001d4b3") == 8


@pytest.mark.parametrize(
    "char",
    [
        '"',
        "\U0001d4b3",
        "<at>",
        *(
            pytest.param(char, marks=pytest.mark.thorough)
            for char in ("\\", "\n", "\t", "{", "\ufffd")
        ),
    ],
)
def test_the_longest_of_everything_is_cut_and_not_refused(char: str) -> None:
    long = f"x{char}" * 3000
    row = tuple(long for _ in range(30))
    reply = Reply(
        long,
        Reason.FAILED,
        title=long,
        fields=tuple((long, long) for _ in range(60)),
        items=row * 10,
        table=Table(row, (row,) * 200),
        code=long,
        progress=tuple(Step(long, StepState.RUNNING, long) for _ in range(90)),
        buttons=tuple(Button(long, long[:1900], confirm=long, asks="reason") for _ in range(60)),
        form=FORM,
        topic=long[:100],
    )
    made = message(reply, console_url="https://w.test/", refresh_for=["29:" + "x" * 150] * 90)
    check_message(made)
    assert len(of_kind(made.card, "Action.OpenUrl")) == 1
