from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.audit.query import MAX_LENGTH, parse_query
from bot.errors import BadInput
from bot.model import AuditQuery

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def parsed(text: str) -> AuditQuery:
    return parse_query(text, now=NOW)


def test_words_and_every_filter_are_read() -> None:
    assert parsed(
        'timeout "access denied" person:engineer service:lab-results environment:production '
        'verb:"deploy status" reason:ok kind:intent request:REQ-1 deploy:DEP-1 change:CHG-1 '
        "incident:INC-1 correlation:c-1 since:2026-11-01 until:2026-11-02T10:30"
    ) == AuditQuery(
        words=("timeout", "access denied"),
        person="engineer",
        service="lab-results",
        environment="production",
        verb="deploy status",
        reason="ok",
        kind="intent",
        request="REQ-1",
        deploy="DEP-1",
        change="CHG-1",
        incident="INC-1",
        correlation="c-1",
        since=datetime(2026, 11, 1, tzinfo=UTC),
        until=datetime(2026, 11, 2, 10, 30, tzinfo=UTC),
    )


def test_nothing_means_everything() -> None:
    assert parsed("") == parsed(' \t\n "" ') == AuditQuery()


@pytest.mark.parametrize(
    ("typed", "since"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7D", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:30", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ('"2026-11-01 09:30:15"', datetime(2026, 11, 1, 9, 30, 15, tzinfo=UTC)),
        ("2026-11-01T09:30+02:00", datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
        ("2026-11-01T09:30Z", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
    ],
)
def test_times_are_days_moments_or_how_long_ago(typed: str, since: datetime) -> None:
    assert parsed(f"since:{typed}").since == since


def test_until_a_day_includes_that_day() -> None:
    assert parsed("until:2026-11-01").until == datetime(2026, 11, 2, tzinfo=UTC)


def test_other_ways_to_say_it() -> None:
    assert parsed("env:test outcome:NOT-AUTHORISED PERSON:engineer request:req-12") == AuditQuery(
        environment="test", reason="not_authorised", person="engineer", request="REQ-12"
    )


def test_smart_quotes_from_a_phone_are_quotes() -> None:
    assert parsed("“access denied” verb:„deploy list“").words == ("access denied",)
    assert parsed("“access denied” verb:„deploy list“").verb == "deploy list"


@pytest.mark.parametrize("word", ["https://ci/builds/1", "03:10", "a:b:c"[1:], "=1+1", "%", "';--"])
def test_what_only_looks_like_a_filter_is_a_word(word: str) -> None:
    assert parsed(word).words == (word,)


def test_a_quoted_filter_is_a_phrase() -> None:
    assert parsed('"person:engineer"').words == ("person:engineer",)


def test_an_open_quote_reaches_to_the_end() -> None:
    assert parsed('verb:deploy "access den').words == ("access den",)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("persn:engineer", "did you mean `person:`"),
        ("foo:bar", "there is `person:`"),
        ("person:", "needs a value"),
        ('person:""', "needs a value"),
        ("person:a person:b", "twice"),
        ("reason:rejcted", "there is rejected"),
        ("kind:zzz", "there is intent, outcome"),
        ("since:yesterday", "is no time"),
        ("since:2026-13-01", "is no time"),
        ("until:9999-12-31", "is no time"),
        ("since:999999w", "is no time"),
        ("since:0001-01-01T00:00+12:00", "is no time"),
        ("x" * (MAX_LENGTH + 1), "too long"),
    ],
)
def test_a_wrong_filter_is_said_with_what_would_be_right(typed: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parsed(typed)


@given(st.text(max_size=200) | st.text('abc:"“ \t\n*^()-', max_size=60))
@example('person:"')
@example(":" * 50)
def test_whatever_is_typed_is_a_query_or_bad_input(typed: str) -> None:
    try:
        query = parsed(typed)
    except BadInput as error:
        assert error.text  # noqa: PT017 - either ending is right; a third one is not
    else:
        assert isinstance(query, AuditQuery)


def test_what_begins_a_word_and_what_may_not_be_there_is_read() -> None:
    assert parsed(
        'deplo* -timeout -"access denied" -service:portal -outcome:ok by:engineer'
    ) == AuditQuery(
        prefixes=("deplo",),
        without=("timeout", "access denied"),
        unlike=(("service", "portal"), ("reason", "ok")),
        person="engineer",
    )


def test_before_a_day_leaves_that_day_out() -> None:
    assert parsed("before:2026-11-02") == parsed("until:2026-11-01")


def test_denied_is_what_people_call_not_authorised() -> None:
    assert parsed("outcome:denied").reason == "not_authorised"
    assert parsed("outcome:unknown").reason == "unknown_outcome"


@pytest.mark.parametrize("word", ["-", "--x", "*", "**", "a-b", "->", '"re*"', "OR", "NOT"])
def test_signs_that_do_nothing_are_words(word: str) -> None:
    assert parsed(word).words == (word.strip('"'),)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("re*", "at least 3 characters"),
        ("-deploy*", "a minus goes with a whole word"),
        ("service:lab*", "takes a whole value"),
        ("-since:2h", "makes no sense"),
        ("until:1h before:2h", "twice"),
    ],
)
def test_a_sign_in_the_wrong_place_is_explained(typed: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parsed(typed)
