"""Who is on call: by days, by rule, in turn, for once, and from a calendar."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.errors import ConfigurationError
from bot.model import Principal
from bot.oncall.reading import load
from bot.oncall.rotas import Plan

LONDON = ZoneInfo("Europe/London")
PEOPLE = [Principal(name, name.title(), frozenset(), f"{name}@hospital.example") for name in "abcd"]
FILE = """
zone: Europe/London
rotas:
  days:
    shifts:
      - {people: [a, b], days: [Mon, Tue, Wed, Thu, Fri], starts: "08:00", ends: "20:00"}
      - {people: [c], starts: "20:00", ends: "08:00"}
    overrides:
      - {people: [d], start: 2026-11-25 10:00, end: 2026-11-25 12:00}
  turns:
    shifts:
      - {turns: [a, b, c], from: 2026-10-19, starts: "09:00"}
  feed:
    feed: rota.ics
escalation:
  - {after: 30m, rota: turns}
  - {after: 15m, rota: days, safety_classes: [C]}
"""
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
    "DTSTAMP:20261101T000000Z\r\nDTSTART;TZID=Europe/London:20261127T120000\r\n"
    "DTEND;TZID=Europe/London:20261127T130000\r\nRRULE:FREQ=WEEKLY\r\n"
    "SUMMARY:{who}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def plan(folder: Path, text: str = FILE, who: str = "A@hospital.example, b") -> Plan:
    (folder / "oncall.yaml").write_text(text)
    (folder / "rota.ics").write_text(ICS.format(who=who))
    return load(folder / "oncall.yaml", PEOPLE)


@pytest.mark.parametrize(
    ("rota", "at", "who"),
    [
        ("days", "2026-11-25 08:00", ("a", "b")),
        ("days", "2026-11-25 07:59", ("c",)),
        ("days", "2026-11-25 20:00", ("c",)),
        ("days", "2026-11-25 10:00", ("d",)),
        ("days", "2026-11-25 12:00", ("a", "b")),
        ("days", "2026-11-28 12:00", ()),
        ("turns", "2026-10-19 08:59", ()),
        ("turns", "2026-10-19 09:00", ("a",)),
        # The clock goes back on 25 October: the turn still ends at 9 on the wall.
        ("turns", "2026-10-26 08:59", ("a",)),
        ("turns", "2026-10-26 09:00", ("b",)),
        ("turns", "2026-11-09 09:00", ("a",)),
        ("feed", "2026-11-27 12:30", ("a", "b")),
        ("feed", "2026-12-04 12:59", ("a", "b")),
        ("feed", "2026-12-04 13:00", ()),
    ],
)
def test_who_is_on_call_at_a_time_on_the_wall(
    tmp_path: Path, rota: str, at: str, who: tuple[str, ...]
) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=LONDON)

    assert plan(tmp_path).rotas[rota].on_call(moment) == who


def test_the_next_change_is_the_one_after_which_somebody_else_is_called(tmp_path: Path) -> None:
    at = datetime(2026, 11, 24, 21, 0, tzinfo=LONDON)

    change = plan(tmp_path).rotas["days"].until(at)

    assert change == datetime(2026, 11, 25, 8, 0, tzinfo=LONDON)


def test_the_steps_of_an_escalation_are_in_the_order_of_their_time(tmp_path: Path) -> None:
    assert [step.rota for step in plan(tmp_path).steps] == ["days", "turns"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("people: [c]", "people: [carl]", "rotas.days.shifts[1]: there is nobody called carl"),
        ("rota: turns}", "rota: turn}", "there is no rota turn (did you mean turns?)"),
        ("from: 2026-10-19, ", "", "needs from, the day on which"),
        ('ends: "20:00"', 'ends: "20:00", lasts: 3h', "has both ends and lasts"),
        ("end: 2026-11-25 12:00", "end: 2026-11-25 09:00", "ends before it starts"),
        ("zone: Europe/London\n", "zone: Europe/Londn\n", "there is no time zone Europe/Londn"),
        ("feed: rota.ics", "feed: none.ics", "none.ics cannot be read"),
        ("people: [a, b]", "turns: [a], people: [b]", "needs people (who is on call) or turns"),
    ],
)
def test_what_is_wrong_is_named_with_its_path_and_mend(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in FILE
    with pytest.raises(ConfigurationError) as caught:
        plan(tmp_path, FILE.replace(old, new))

    assert says in str(caught.value)
    assert "oncall.yaml" in str(caught.value)


def test_an_event_that_is_called_after_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="called after nobody"):
        plan(tmp_path, who="Locum")
