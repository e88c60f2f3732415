"""Plain text: everything is said, in order, in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Reason, Reply, Step, StepState, Table
from bot.render.plain import cells, clean, cut, inert
from bot.render.text import text
from bot.render.words import REASONS, STATES
from tests.examples import examples
from tests.render.samples import ATTACKS, FORM, FULL, hostile, huge


def test_a_full_reply_reads_from_top_to_bottom() -> None:
    assert (
        text(FULL)
        == """\
Deploy lab-results 1.4.2 to production?
deploy lab-results 1.4.2 to production waits for approval as REQ-1.
Status: waiting for approval

Asked by: engineer
Needs:    2 approvals, one by a release_manager

- Interfaces: 3
- Sites: 2

Build  State
-----  -----
17     green
16

    step one
      step two

1. Done: CI is green (commit 4f2a)
2. Running: Deploy job
3. Waiting: Smoke probe

You can type:
  approve REQ-1  (Approve)
  reject REQ-1 --reason ...  (Reject)
  rollback lab-results production  (Roll back)"""
    )


def test_a_form_is_said_as_what_it_asks_for() -> None:
    assert text(Reply("deploy needs more.", form=FORM)) == (
        "deploy needs more.\n\nIt asks for:\n- Service, one of: lab-results, pacs\n- Version\n"
        "- Reason (optional)"
    )


def test_a_narrow_terminal_loses_no_word_and_overflows_only_by_one() -> None:
    drawn = text(FULL, width=32)
    assert text(FULL).split() != []
    assert sorted(set(FULL.text.split())) == sorted(set(FULL.text.split()) & set(drawn.split()))
    for line in drawn.splitlines():
        assert cells(line) <= 32 or len(line.split()) == 1


def test_a_table_too_wide_for_the_terminal_becomes_one_list_per_row() -> None:
    table = Table(("Service", "Environment"), (("lab-results", "production"), ("pacs", "test")))
    assert text(Reply("", table=table), width=22) == (
        "Service: lab-results\nEnvironment:\n  production\n\nService: pacs\nEnvironment: test"
    )


def test_columns_line_up_whatever_the_script() -> None:
    table = Table(("Name", "X"), (("\u691c\u67fb", "1"), ("e\u0301t\u00e9", "2"), ("ab", "3")))
    rows = text(Reply("", table=table)).splitlines()
    assert {cells(row[: row.index(mark)]) for row, mark in zip(rows[2:], "123", strict=True)} == {6}


def test_a_row_of_another_length_does_not_break_its_table() -> None:
    table = Table(("a", "b"), (("1",), ("1", "2", "3")))
    assert text(Reply("", table=table)) == "a  b\n-  -\n1\n1  2"


@pytest.mark.parametrize("empty", [Reply(""), Reply("", table=Table(("a",), ()))])
def test_nothing_is_drawn_for_nothing(empty: Reply) -> None:
    assert text(empty) == ""


def test_every_reason_and_state_has_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(STATES) == set(StepState)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("width", [None, 40])
def test_no_text_can_command_a_terminal_or_turn_its_order(attack: str, width: int | None) -> None:
    drawn = text(hostile(attack), width=width)
    drawn.encode("utf-8")
    assert not [c for c in drawn if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160]
    assert not set(drawn) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f\u061c")


@given(st.text(max_size=200), st.integers(min_value=1, max_value=120))
@settings(max_examples=examples(80), deadline=None)
def test_any_text_at_any_width_is_drawn(said: str, width: int) -> None:
    text(
        Reply(said, fields=((said, said),), table=Table((said, "b"), ((said, said),))), width=width
    )


def test_everything_of_a_huge_reply_is_there() -> None:
    assert text(huge()).count("column ") == 30


def test_cleaning_keeps_what_can_be_read() -> None:
    kept = "Gr\u00fc\u00dfe \u201cq\u201d \u2014 \u691c\u67fb \U0001f3e5 tab\there\nline"
    assert clean(kept) == inert(kept) == kept
    assert clean("a\r\nb\rc") == "a\nb\nc"


def test_a_mention_is_made_inert_without_changing_what_is_read() -> None:
    for live in ("<!channel>", "<@U1>", "<#C1|x>", "@here", "@Everyone", "<at>x</at>"):
        made = inert(live)
        assert made != live
        assert made.replace("\u2060", "") == live
    for plain in ("a < b", "anna@hereford.test", "@heron", "x <!", "<attr>", "<b>"):
        assert inert(plain) == plain


def test_a_cut_text_says_that_it_is_cut() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde\u2026"


def test_a_step_with_a_detail_says_both() -> None:
    assert text(Reply("", progress=(Step("Probe", StepState.FAILED, "503"),))) == (
        "1. Failed: Probe (503)"
    )
