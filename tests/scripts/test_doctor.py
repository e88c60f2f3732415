"""What `wardroom doctor` says of scripts, having run none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import Rejected
from bot.model.scripts import Reach, Script
from integrations.reach import local
from tests.scripts.site import program

if TYPE_CHECKING:
    from pathlib import Path


def at(path: str) -> Script:
    """Return a script that is that program."""
    return Script(
        name="any", summary="x", owner="x", reach=Reach.LOCAL, command=(path,), reads=True
    )


async def test_a_program_that_is_not_there_or_anybodys_to_change_is_found(tmp_path: Path) -> None:
    good = program(tmp_path, "good", "pass")
    assert await local.look(at(good)) == f"{good} may be run"
    for name, mode, said in (
        ("plain", 0o644, "is no program"),
        ("open", 0o777, "everybody may change"),
    ):
        path = program(tmp_path, name, "pass")
        (tmp_path / name).chmod(mode)
        with pytest.raises(Rejected, match=said):
            await local.look(at(path))
    with pytest.raises(Rejected, match="no such file"):
        await local.look(at("/nonexistent/program"))
    shared = tmp_path / "shared"
    shared.mkdir()
    inside = program(shared, "inside", "pass")
    shared.chmod(0o777)
    with pytest.raises(Rejected, match=r"everybody may change .*shared;"):
        await local.look(at(inside))
