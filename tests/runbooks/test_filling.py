"""A value stays one argument, whatever it holds; what there is not is said, never left empty."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import commands
from bot import registry
from bot.dispatch.parse import Parser
from bot.dispatch.tokens import tokens
from bot.errors import BadInput
from bot.runbooks import filling
from bot.runbooks.anywhere import Anywhere
from tests.examples import examples

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
LINE = "rollback {{ service }} test --reason 'late: {{ why }}'"
KNOWN = registry.discover(commands)


@settings(max_examples=examples(300), deadline=None)
@given(WORDS, WORDS)
@example("--reason", "--dry-run")
@example('" --reason "x', "' --dry-run '")
@example("a b", "\\")
@example("to production", "\u201d --reason \u201cx")
@example("{{ why }}", "{{ service }}")
@example("\ue0000\ue001", "\ue0001\ue001")
def test_a_value_becomes_no_other_argument_and_no_option(service: str, why: str) -> None:
    line = filling.command(LINE, {"service": service, "why": why})

    found = tokens(line)
    assert [token.text for token in found] == [
        "rollback",
        service,
        "test",
        "--reason",
        f"late: {why}",
    ]
    site = Anywhere(("test",))
    values = Parser(KNOWN, site, site).parse(line, None, wire=False).values
    assert values == {"service": service.lower(), "environment": "test", "reason": f"late: {why}"}


def test_a_value_that_there_is_not_is_never_left_empty() -> None:
    for made in (filling.text, filling.command):
        with pytest.raises(BadInput, match=r"no value `steps\.build\.state`"):
            made("x {{ steps.build.state }}", {"steps": {"build": {}}})
    with pytest.raises(BadInput, match="cannot be told"):
        filling.holds("steps.build.state == 'red'", {"steps": {"build": {}}})


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("", True),
        ("how == 'slow'", True),
        ("how in ['none', 'late']", False),
        ("not (how == 'none') and steps.build.state != 'green'", True),
    ],
)
def test_a_condition_compares_what_is_known(condition: str, holds: bool) -> None:  # noqa: FBT001 - a column of the table
    values = {"how": "slow", "steps": {"build": {"state": "red"}}}

    assert filling.holds(condition, values) is holds


def test_a_text_says_its_values_and_paper_leaves_room_for_them() -> None:
    text = "Of {{ service }}: {{ steps.build.state }}"

    assert filling.text(text, {"service": "x", "steps": {"build": {"state": "red"}}}) == "Of x: red"
    assert filling.blank(text) == "Of <service>: <build.state>"
