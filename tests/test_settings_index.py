"""Where the search index is: beside a database in a file, elsewhere, or nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_index_is_beside_the_database_unless_it_is_said_where(site: Site) -> None:
    site.set("audit", {})
    assert site.load().audit.index == site.folder / "var" / "index"
    site.set("audit", {"index": "elsewhere/index"})
    assert site.load().audit.index == site.folder / "elsewhere" / "index"
    site.set("audit", {"index": False})
    assert not site.load().audit.index


def test_a_replica_on_postgresql_has_an_index_where_it_is_told_to(site: Site) -> None:
    site.set("database", "postgresql://wardroom@db.hospital.example/wardroom")
    site.set("audit", {})
    assert site.load().audit.index is None
    site.set("audit", {"index": "/srv/wardroom/index"})
    assert site.load().audit.index == Path("/srv/wardroom/index")
