"""How the audit page lists events: each column of moments says its zone once."""

from __future__ import annotations

from bot.adapters.web.listing import Cell, Listing, listing
from bot.model import Table


def test_a_column_of_moments_has_its_zone_in_the_head() -> None:
    table = Table(("No.", "Time"), (("7", "2026-03-09 07:30:05 UTC"),))

    assert listing(table) == Listing(
        ("No.", "Time (UTC)"),
        ((Cell("7", event="7"), Cell("2026-03-09 07:30:05", at="2026-03-09T07:30:05Z")),),
    )


def test_a_column_that_says_more_than_moments_stays_as_it_is() -> None:
    rows = (("2026-03-09 07:30 UTC", "2026-03-09 07:30 UTC, it began"), ("never", "soon"))

    made = listing(Table(("When", "Text"), rows))

    assert made.heads == ("When", "Text")
    assert [tuple(cell.text for cell in row) for row in made.rows] == list(rows)


def test_only_the_first_cell_of_a_row_leads_to_an_event() -> None:
    made = listing(Table(("No.", "Build"), (("#007", "118"), ("", "119"))))

    assert [[cell.event for cell in row] for row in made.rows] == [["7", ""], ["", ""]]


def test_a_table_without_rows_lists_nothing() -> None:
    assert listing(None) == Listing()
    assert listing(Table(("No.", "Time"), ())) == Listing(("No.", "Time"))
