"""Who may run a database's workflows."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from bot.errors import ConfigurationError
from bot.storage.database import Database
from bot.workflow.claim import take_claim


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    opened = Database.open(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    opened = Database.open(postgres_url)
    yield opened
    opened.close()


def test_a_sqlite_folder_is_claimed_once_and_free_again_when_released(sqlite: Database) -> None:
    claim = take_claim(sqlite)
    with pytest.raises(ConfigurationError, match=f"in use by another Wardroom .*{os.getpid()}"):
        take_claim(sqlite)
    claim.release()
    again = take_claim(sqlite)
    assert again.executor == claim.executor
    again.release()


def test_on_sqlite_there_is_nobody_to_adopt_from(sqlite: Database) -> None:
    claim = take_claim(sqlite)
    claim.renew()
    with claim.adopting("somebody") as gone:
        assert not gone
    claim.release()


def test_a_folder_that_cannot_be_written_in_is_named(sqlite: Database) -> None:
    assert sqlite.file is not None
    folder = sqlite.file.parent
    (folder / "wardroom.lock").mkdir()
    with pytest.raises(ConfigurationError, match=rf"cannot write in {folder} \(Is a directory\)"):
        take_claim(sqlite)


@pytest.mark.postgres
def test_on_postgresql_everybody_has_a_name_that_is_free_once_they_are_gone(
    postgres: Database,
) -> None:
    one, other = take_claim(postgres), take_claim(postgres)
    assert one.executor != other.executor
    with other.adopting(one.executor) as gone:
        assert not gone
    one.release()
    with other.adopting(one.executor) as gone:
        assert gone
        third = take_claim(postgres)
        with third.adopting(one.executor) as gone_too:
            assert not gone_too  # one adopter at a time
        third.release()
    other.release()


@pytest.mark.postgres
def test_a_claim_whose_connection_was_cut_is_taken_again(postgres: Database) -> None:
    one, other = take_claim(postgres), take_claim(postgres)
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
    )
    name = f"wardroom {one.executor}"[:63]
    assert postgres.write_now(lambda tx: tx.scalars(cut, {"name": name}).all()) == [True]
    one.renew()
    with other.adopting(one.executor) as gone:
        assert not gone
    one.release()
    other.release()
