"""A sandbox configuration in a folder, and a way to type commands there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from bot.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

EXAMPLES = Path(__file__).parent.parent.parent / "docs/examples"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what whoever runs the tests has set for a Wardroom of theirs."""
    for name in [name for name in os.environ if name.startswith("WARDROOM_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a whole sandbox configuration, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("people.yaml", "services.yaml", "calendars.yaml"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text("utf-8"), "utf-8")
    (tmp_path / "policies").mkdir()
    configure(
        tmp_path,
        mode="sandbox",
        database="sqlite:///wardroom.db",
        people="people.yaml",
        services="services.yaml",
        calendars="calendars.yaml",
        policies=["policies"],
        integrations={"buildbot": {"url": "http://127.0.0.1:9"}},
    )
    return tmp_path


def configure(home: Path, **changes: object) -> None:
    """Set some settings of the folder's configuration; None removes one."""
    file = home / "wardroom.yaml"
    document = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
    document = {name: value for name, value in (document | changes).items() if value is not None}
    file.write_text(yaml.safe_dump(document), "utf-8")


@pytest.fixture
def wardroom() -> Callable[..., Result]:
    """Return a function that types a command line."""

    def type_line(*words: str, given: bytes | str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=given, prog_name="wardroom")

    return type_line
