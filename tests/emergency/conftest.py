"""The fixtures of a whole house, for what is done in it in an emergency."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emergency.hospital import write_hospital
from tests.house import Chat, opened


@pytest.fixture
def site(launched_url: str, tmp_path: Path) -> Path:
    """The hospital's settings file over a fresh SQLite database."""
    return write_hospital(tmp_path, launched_url)


@pytest.fixture
async def chat(site: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    async with opened(site) as open_chat:
        yield open_chat
