"""What docs/calendars.md shows can be typed, and means what it says there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.calendars import reading
from bot.calendars.rules import Calendar, Subject
from tests.calendars.hospital import utc

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "calendars.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
RULES = re.findall(r"\| `(FREQ=[^`]+)`(, with `from: ([0-9-]+)`)? \|", TEXT)
LAB = Subject("lab-results", "production", "normal", tags=("core",))


def plan(folder: Path, text: str) -> reading.Plan:
    """Return what a block of the document means."""
    file = folder / "calendars.yaml"
    file.write_text(text, "utf-8")
    return reading.load(file)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_example_can_be_read(tmp_path: Path, block: str) -> None:
    found = plan(tmp_path, block)
    assert found.rules or "freezes" not in block


@pytest.mark.parametrize(("rule", "begin"), [(rule, begin) for rule, _, begin in RULES])
def test_every_rule_of_the_table_can_be_read(tmp_path: Path, rule: str, begin: str) -> None:
    entry = f"{{name: x, owner: o, reason: r, rrule: '{rule}'{begin and f', from: {begin}'}}}"
    assert len(plan(tmp_path, f"freezes: [{entry}]").rules) == 1


def test_there_are_as_many_examples_as_were_written() -> None:
    assert len(BLOCKS) == 6
    assert len(RULES) == 6


@pytest.mark.parametrize(
    ("moment", "names"),
    [
        ("2026-12-02T07:00", {"morning handover", "morning lab draw"}),
        ("2026-12-02T19:00", {"evening handover"}),
        ("2026-12-02T12:00", set()),
        ("2026-12-04T12:00", {"weekend"}),
        ("2026-12-07T05:59", {"weekend", "morning lab draw"}),
        ("2026-12-07T12:00", set()),
        ("2026-11-29T12:00", {"weekend", "month-end billing"}),
        ("2026-12-31T12:00", set()),
    ],
)
def test_the_recurring_examples_hold_when_they_say(
    tmp_path: Path, moment: str, names: set[str]
) -> None:
    (block,) = [one for one in BLOCKS if "morning lab draw" in one]
    found = plan(tmp_path, block)
    held = Calendar(found.zones, found.rules).active(LAB, utc(moment))

    assert {freeze.name for freeze in held} == names


def test_the_example_file_can_be_read() -> None:
    found = reading.load(DOCS / "examples" / "calendars.yaml")
    assert {rule.name for rule in found.rules} >= {"EHR upgrade weekend", "morning handover"}
