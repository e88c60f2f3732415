"""An index over a test's log, with shards so small that a search crosses many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.audit.index.builder import Builder
from bot.audit.index.folder import Index
from bot.audit.search import AuditSearch
from bot.storage.database import Database

SHARD = 64


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "index", SHARD)
    yield index
    index.close()


@pytest.fixture
def builder(database: Database, index: Index) -> Iterator[Builder]:
    builder = Builder(database, index, batch=20, tail=1)
    yield builder
    builder.close()


@pytest.fixture
def build(builder: Builder) -> Callable[[], int]:
    """Do all that is to be done now; return how many steps it took."""

    def build() -> int:
        steps = 0
        while builder.step():
            steps += 1
        return steps

    return build


@pytest.fixture
def indexed(database: Database, index: Index) -> AuditSearch:
    return AuditSearch(database, index=index, deadline=60)
