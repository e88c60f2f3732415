"""The best of the newest matches: what is most about the words comes first, and no further."""

from __future__ import annotations

import itertools

import pytest

from bot.audit import search as search_module
from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.model import AuditQuery
from bot.storage.database import Database
from tests.audit.conftest import in_a_file
from tests.audit.events import draft, fill

TIMEOUT = AuditQuery(words=("timeout",), best=True)


@in_a_file
async def test_what_is_most_about_the_words_comes_first(log: AuditLog, search: AuditSearch) -> None:
    texts = [
        "timeout of the build, and a timeout of its timeout",
        "nothing to see",
        "timeouts" + " and much else" * 30,
        "the timeout" + " and much else" * 30,
        "timeout",
        "timeout",
    ]
    await fill(log, *(draft(text=text) for text in texts))
    page = await search.search(TIMEOUT)
    assert [event.seq for event in page.events] == [1, 6, 5, 4, 3]
    assert (page.next_before, page.searched_back_to) == (None, None)
    least = await search.search(AuditQuery(words=("timeout",), best=True, limit=2))
    assert [event.seq for event in least.events] == [1, 6]


@in_a_file
async def test_only_the_newest_matches_are_compared_and_it_is_said_which(
    log: AuditLog, search: AuditSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "MOST", 3)
    await fill(log, draft(text="timeout timeout"), *(draft(text="a timeout") for _ in range(3)))
    page = await search.search(TIMEOUT)
    assert [event.seq for event in page.events] == [4, 3, 2]
    assert page.searched_back_to == page.events[-1].at


@in_a_file
async def test_time_that_is_up_ends_it_too(log: AuditLog, database: Database) -> None:
    await fill(log, *(draft(text="a timeout") for _ in range(600)))
    late = AuditSearch(database, deadline=1, timer=itertools.count(step=2).__next__)
    page = await late.search(TIMEOUT)
    assert page.events
    assert page.searched_back_to is not None
