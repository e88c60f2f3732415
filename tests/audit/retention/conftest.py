from __future__ import annotations

from pathlib import Path

import pytest

from bot.audit.log import AuditLog
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.retention.aged import Aged


@pytest.fixture
def aged(database: Database, log: AuditLog, clock: TurnedClock, tmp_path: Path) -> Aged:
    return Aged(database, log, clock, tmp_path / "archives")
