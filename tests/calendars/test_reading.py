"""What calendars.yaml may say, what it means, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.calendars import reading
from bot.errors import ConfigurationError
from tests.calendars.hospital import ESTATE, calendar, names, one, plan, subject, utc

LAB, PACS, PORTAL, HR = (subject(name) for name in ("lab-results", "pacs", "portal", "hr"))
HANDOVER = """
    zone: Europe/London
    freezes:
      - name: morning handover
        owner: house supervisor
        reason: wards hand over
        rrule: FREQ=DAILY
        starts: 06:45
        ends: 07:30
"""


def test_a_file_of_one_off_freezes_goes_on_working(tmp_path: Path) -> None:
    found = plan(
        tmp_path,
        """
        freezes:
          - name: EHR upgrade weekend
            owner: release management
            reason: the EHR vendor upgrades the database
            start: 2026-12-04T18:00:00+01:00
            end: 2026-12-07T06:00:00+01:00
            environments: [production]
            services: [lab-results]
        """,
    )
    freeze = one(calendar(found), LAB, "2026-12-05T12:00")

    assert (freeze.start, freeze.end) == (utc("2026-12-04T17:00"), utc("2026-12-07T05:00"))
    assert freeze.owner == "release management"
    assert names(calendar(found), LAB, "2026-12-04T16:59") == []
    assert names(calendar(found), PORTAL, "2026-12-05T12:00") == []
    assert names(calendar(found), subject("lab-results", "test"), "2026-12-05T12:00") == []


def test_a_handover_is_at_the_sites_own_time_in_summer_and_winter(tmp_path: Path) -> None:
    found = calendar(plan(tmp_path, HANDOVER))

    assert names(found, LAB, "2026-07-01T05:45") == ["morning handover"]  # 06:45 BST
    assert names(found, LAB, "2026-07-01T06:30") == []
    assert names(found, LAB, "2026-12-01T06:45") == ["morning handover"]  # 06:45 GMT
    assert names(found, LAB, "2026-12-01T05:45") == []


def test_a_time_without_quotes_that_yaml_takes_for_a_number_is_still_a_time(tmp_path: Path) -> None:
    evening = HANDOVER.replace("06:45", "18:45").replace("07:30", "19:30")
    found = calendar(plan(tmp_path, evening))

    assert names(found, LAB, "2026-12-01T18:45") == ["morning handover"]
    assert names(found, LAB, "2026-12-01T19:30") == []


def test_each_site_has_its_handover_in_its_own_zone(tmp_path: Path) -> None:
    sites = """
    sites:
      boston: {zone: America/New_York}
    """
    found = calendar(plan(tmp_path, HANDOVER.rstrip() + sites))

    assert names(found, LAB, "2026-12-01T06:45") == ["morning handover"]
    assert names(found, PACS, "2026-12-01T06:45") == []
    assert names(found, PACS, "2026-12-01T11:45") == ["morning handover"]
    assert str(one(found, PACS, "2026-12-01T11:45").zone) == "America/New_York"
    # What runs at both sites hands over at both.
    assert names(found, PORTAL, "2026-12-01T06:45") == ["morning handover"]
    assert names(found, PORTAL, "2026-12-01T11:45") == ["morning handover"]


def test_a_freeze_over_midnight_and_one_of_days_and_hours(tmp_path: Path) -> None:
    found = calendar(
        plan(
            tmp_path,
            """
            zone: Europe/London
            freezes:
              - {name: night, owner: o, reason: r, rrule: FREQ=DAILY, starts: "22:00",
                 ends: "06:00"}
              - {name: weekend, owner: o, reason: r, rrule: FREQ=WEEKLY;BYDAY=FR, starts: "12:00",
                 lasts: 2d 18h}
            """,
        )
    )

    assert names(found, LAB, "2026-12-02T05:59") == ["night"]
    assert names(found, LAB, "2026-12-02T06:00") == []
    assert "weekend" in names(found, LAB, "2026-12-07T05:59")  # Friday noon to Monday 06:00
    assert names(found, LAB, "2026-12-07T06:00") == []


def test_public_holidays_and_single_dates_are_whole_days_there(tmp_path: Path) -> None:
    found = calendar(
        plan(
            tmp_path,
            """
            zone: America/New_York
            holidays:
              federal: {dates: [2026-11-26, 2026-12-25]}
            freezes:
              - {name: holidays, owner: o, reason: r, holidays: federal}
              - {name: stocktaking, owner: o, reason: r, dates: [2026-12-31], starts: "12:00",
                 ends: "24:00"}
            """,
        )
    )

    assert names(found, LAB, "2026-11-26T04:59") == []
    assert names(found, LAB, "2026-11-26T05:00") == ["holidays"]
    assert names(found, LAB, "2026-11-27T04:59") == ["holidays"]
    assert names(found, LAB, "2026-11-27T05:00") == []
    assert names(found, LAB, "2026-12-31T17:00") == ["stocktaking"]
    assert names(found, LAB, "2027-01-01T05:00") == []


def test_from_until_and_exdates_bound_a_rule(tmp_path: Path) -> None:
    bounded = HANDOVER + (
        "        from: 2026-06-01\n        until: 2026-06-30\n        exdates: [2026-06-15]\n"
    )
    found = calendar(plan(tmp_path, bounded))
    held = [day for day in range(1, 31) if names(found, LAB, f"2026-06-{day:02}T06:00")]

    assert held == [day for day in range(1, 31) if day != 15]
    assert names(found, LAB, "2026-05-31T06:00") == names(found, LAB, "2026-07-01T06:00") == []


SCOPED = """
    zone: UTC
    freezes:
      - {name: lab, owner: o, reason: r, tags: [lab], dates: [2026-12-01]}
      - {name: boston, owner: o, reason: r, sites: [boston], dates: [2026-12-01]}
      - {name: standard, owner: o, reason: r, change_types: [standard], dates: [2026-12-01]}
      - name: all but urgent
        owner: o
        reason: r
        start: 2026-12-03 00:00
        end: 2026-12-04 00:00
        exceptions:
          - {change_types: [emergency], reason: patients come first}
          - {services: [hr], reason: no patient is there}
          - {break_glass: true, reason: somebody is responsible}
"""


def test_a_rule_holds_what_its_tags_sites_and_change_types_say(tmp_path: Path) -> None:
    found, noon = calendar(plan(tmp_path, SCOPED)), "2026-12-01T12:00"

    assert names(found, LAB, noon) == ["lab"]
    assert names(found, PACS, noon) == ["boston"]
    assert names(found, PORTAL, noon) == ["boston"]
    # A service that names no site is at every one of them.
    assert names(found, HR, noon) == ["boston"]
    assert names(found, subject("lab-results", kind="standard"), noon) == ["lab", "standard"]


def test_exceptions_let_pass_what_they_name_and_are_said_to_the_others(tmp_path: Path) -> None:
    found, noon = calendar(plan(tmp_path, SCOPED)), "2026-12-03T12:00"
    freeze = one(found, LAB, noon)

    assert names(found, subject("lab-results", kind="emergency"), noon) == []
    assert names(found, HR, noon) == []
    assert freeze.is_for_break_glass
    assert [exception.said() for exception in freeze.exceptions] == [
        "emergency changes (patients come first)",
        "changes of hr (no patient is there)",
        "break-glass (somebody is responsible)",
    ]


WINDOWS = """
    zone: Europe/London
    windows:
      - {name: core nights, owner: cab, reason: fewest patients, environments: [production],
         tags: [lab], rrule: "FREQ=WEEKLY;BYDAY=TU,WE,TH", starts: "02:00", ends: "05:00",
         exceptions: [{change_types: [emergency], reason: cannot wait}]}
      - {name: saturday, owner: cab, reason: clinics are closed, environments: [production],
         tags: [lab], rrule: FREQ=WEEKLY;BYDAY=SA, starts: "14:00", ends: "18:00"}
"""


def test_outside_of_its_windows_a_service_is_closed_until_the_next_one_opens(
    tmp_path: Path,
) -> None:
    found = calendar(plan(tmp_path, WINDOWS))
    closed = one(found, LAB, "2026-12-03T12:00")  # Thursday

    assert (closed.name, closed.kind.value) == ("saturday", "window")
    assert closed.end == utc("2026-12-05T14:00")
    assert names(found, LAB, "2026-12-03T02:00") == []
    assert names(found, LAB, "2026-12-05T15:00") == []
    assert names(found, subject("lab-results", "test"), "2026-12-03T12:00") == []
    assert names(found, PACS, "2026-12-03T12:00") == []
    assert names(found, subject("lab-results", kind="emergency"), "2026-12-03T12:00") == []


def test_what_comes_next_and_when_it_is_open_is_known_ahead(tmp_path: Path) -> None:
    windows, noon = calendar(plan(tmp_path, WINDOWS)), utc("2026-12-03T12:00")
    closing = windows.next(LAB, utc("2026-12-03T03:00"))
    handover = calendar(plan(tmp_path, HANDOVER))
    coming = handover.next(LAB, noon)

    assert windows.opens(LAB, noon) == utc("2026-12-05T14:00")
    assert windows.opens(LAB, utc("2026-12-05T14:30")) == utc("2026-12-05T14:30")
    assert closing is not None
    assert (closing.start, closing.end) == (utc("2026-12-03T05:00"), utc("2026-12-05T14:00"))
    assert coming is not None
    assert coming.start == utc("2026-12-04T06:45")
    assert handover.opens(LAB, utc("2026-12-04T07:00")) == utc("2026-12-04T07:30")


def test_freezes_that_follow_each_other_are_open_only_after_the_last(tmp_path: Path) -> None:
    found = calendar(
        plan(
            tmp_path,
            """
            freezes:
              - {name: a, owner: o, reason: r, start: 2026-12-01 00:00, end: 2026-12-02 00:00}
              - {name: b, owner: o, reason: r, start: 2026-12-02 00:00, end: 2026-12-03 00:00}
              - {name: c, owner: o, reason: r, start: 2026-12-02 12:00, end: 2026-12-04 00:00}
            """,
        )
    )

    assert found.opens(LAB, utc("2026-12-01T10:00")) == utc("2026-12-04T00:00")


def test_what_never_opens_has_no_next_time(tmp_path: Path) -> None:
    always = HANDOVER.replace("06:45", '"00:00"').replace("07:30", '"24:00"')
    found = calendar(plan(tmp_path, always))

    assert found.opens(LAB, utc("2026-12-01T10:00")) is None


def test_every_mistake_is_listed_at_once_with_its_path_and_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        plan(
            tmp_path,
            """
            zone: Europe/Londn
            freezes:
              - {name: a, owner: o, reason: r, start: 2026-12-02 00:00, end: 2026-12-01 00:00}
              - {name: b, owner: o, reason: r, rrule: FREQ=DAILY, starts: "06:45"}
              - {name: c, owner: o, reason: r, rrule: FREQ=DAILY, starts: "26:45", ends: "27:00"}
              - {name: d, owner: o, reason: r}
              - {name: e, owner: o, reason: r, dates: [2026-12-01], exceptions: [{reason: x}]}
              - {name: f, reason: r, dates: [2026-12-01], color: red}
              - {name: g, owner: o, reason: r, rrule: FREQ=DAILY, starts: "06:00", ends: "06:00"}
            feeds:
              - {name: x, owner: o, reason: r}
              - {name: y, owner: o, reason: r, url: "http://calendar.example/x.ics"}
            """,
        )
    text = str(refused.value)
    for said in (
        "zone: there is no time zone Europe/Londn (did you mean Europe/London?)",
        "freezes[0]: ends before it starts",
        "freezes[1]: has starts alone",
        'freezes[2].starts: must be a time of day in quotes, such as "06:45"',
        "freezes[3]: needs to say when",
        "freezes[4].exceptions[0]: lets everything pass",
        "freezes[5].owner: is missing",
        "freezes[5].color: there is no such setting",
        "freezes[6]: ends when it starts",
        "feeds[0]: needs url or file",
        "feeds[1].url: could be changed on its way; use https://",
    ):
        assert said in text


def test_rules_and_names_that_mean_nothing_are_listed_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        plan(
            tmp_path,
            """
            sites: {leeds: {zone: Europe/London}}
            holidays: {england: {dates: [2026-12-25]}}
            freezes:
              - {name: a, owner: o, reason: r, rrule: FREQ=HOURLY}
              - {name: a, owner: o, reason: r, rrule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"}
              - {name: c, owner: o, reason: r, rrule: FREQ=MONTHLY}
              - {name: d, owner: o, reason: r, holidays: englnd}
              - {name: e, owner: o, reason: r, dates: [2026-12-01], services: [lab-result]}
              - {name: f, owner: o, reason: r, dates: [2026-12-01], sites: [leeds], tags: [labs]}
              - {name: g, owner: o, reason: r, dates: [2026-12-01], environments: [prod],
                 exceptions: [{services: [pax], reason: r}]}
            """,
        )
    text = str(refused.value)
    for said in (
        "freezes[0].rrule: FREQ=HOURLY is too often",
        "freezes[1].rrule: counts with INTERVAL or COUNT, so it needs from",
        "freezes[2].rrule: does not say which days",
        "freezes[3]: there are no holidays englnd (did you mean england?)",
        "freezes[4].services: the services know no service lab-result (did you mean lab-results?)",
        "freezes[5].tags: the services know no tag labs (did you mean lab?)",
        "freezes[6].environments: the services know no environment prod",
        "freezes[6].exceptions[0].services: the services know no service pax",
        "a: is there twice",
    ):
        assert said in text
    assert "leeds" not in text


def test_no_file_is_no_freeze() -> None:
    assert list(reading.load(None, ESTATE).rules) == []
