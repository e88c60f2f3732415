"""Scripts are looked at where they would run, and nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.clinic import doctor, nowhere
from tests.cli.conftest import configure
from tests.scripts.site import program, reading, write

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_could_not_be_run_is_said_with_its_mend(home: Path) -> None:
    nowhere(home)
    assert (await doctor("--only", "scripts")).every("scripts") == []
    mark = home / "ran"
    good = program(home, "good", f"open({str(mark)!r}, 'w')")
    write(home, reading("good", [good]), reading("absent", ["/nonexistent/program"]))
    configure(home, scripts="scripts.yaml")
    report = await doctor("--only", "scripts")
    assert report.of("scripts good")["state"] == "ok"
    absent = report.of("scripts absent")
    assert (absent["state"], absent["text"]) == (
        "fail",
        "/nonexistent/program: no such file or directory",
    )
    assert not mark.exists()


async def test_a_file_that_cannot_be_used_is_said_whole(home: Path) -> None:
    nowhere(home)
    write(home, reading("bad", ["relative"]))
    configure(home, scripts="scripts.yaml")
    found = (await doctor("--only", "scripts")).of("scripts")
    assert found["state"] == "fail"
    assert "must begin with a whole path" in found["mend"]
