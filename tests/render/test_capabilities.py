"""What each platform can do: one table, which the renderers keep to and the page shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli.manifest import command
from bot.model import Button, Form, Input, InputKind, Reply, Table
from bot.render import blocks, cards
from bot.render.capabilities import NO_LIMIT, PLATFORMS, SLACK, TEAMS, page
from tests.render import block_reading, card_reading

DOCS = Path(__file__).parents[2] / "docs/platforms.md"
MANY = Reply(
    "All of them.",
    table=Table(
        tuple(f"c{number}" for number in range(40)),
        tuple(tuple("x" for _ in range(40)) for _ in range(200)),
    ),
    buttons=tuple(Button("Go", "help") for _ in range(60)),
)
FORM = Form("x", "X", tuple(Input(f"a{number}", "A") for number in range(140)))


def test_the_page_is_fresh() -> None:
    assert DOCS.read_text("utf-8") == "\n".join(page()) + "\n", (
        "run: wardroom manifest platforms > docs/platforms.md"
    )


def test_the_page_is_printed_by_the_command_that_it_names() -> None:
    printed = CliRunner().invoke(command, ["platforms"])
    assert printed.exit_code == 0
    assert printed.output == "\n".join(page()) + "\n"


def test_slack_is_drawn_within_its_limits() -> None:
    made = blocks.message(MANY)
    block_reading.check(made)
    [table] = [part for part in made.blocks if part["type"] == "table"]
    rows: Any = table["rows"]
    assert len(rows) <= SLACK.rows
    assert len(rows[0]) == SLACK.columns
    assert len(block_reading.buttons(made)) == SLACK.buttons
    view: Any = blocks.modal(FORM)
    assert len(view["blocks"]) == SLACK.inputs


def test_teams_is_drawn_within_its_limits() -> None:
    made = cards.message(MANY)
    card_reading.check_message(made)
    [table] = card_reading.of_kind(made.card, "Table")
    assert len(table["rows"]) - 1 <= TEAMS.rows
    assert len(table["columns"]) == TEAMS.columns
    assert len(card_reading.buttons(made)) == TEAMS.buttons
    assert len(cards.dialog(FORM)["body"]) == TEAMS.inputs  # type: ignore[arg-type]  # it is JSON


@pytest.mark.parametrize("count", [TEAMS.choices, TEAMS.choices + 1])
def test_more_choices_than_a_platform_lists_are_typed(count: int) -> None:
    choices = tuple(f"service-{number}" for number in range(count))
    form = Form("x", "X", (Input("service", "Service", InputKind.CHOICE, choices),))
    view: Any = blocks.modal(form)
    card: Any = cards.dialog(form)
    assert (view["blocks"][0]["element"]["type"] == "static_select") == (count <= SLACK.choices)
    assert (card["body"][0]["type"] == "Input.ChoiceSet") == (count <= TEAMS.choices)


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_says_everything_about_itself(name: str) -> None:
    said = PLATFORMS[name]
    assert (said.message == NO_LIMIT) == (not said.message_unit)
    ways = [value for key, value in vars(said).items() if key != "message_unit"]
    assert "" not in ways
