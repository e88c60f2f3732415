"""`wardroom audit` reads the log of a data folder, records that it did, and finds damage."""

from __future__ import annotations

import asyncio
import getpass
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from bot.audit import scan, search
from bot.audit.keys import KeyFile
from bot.audit.log import AuditLog
from bot.cli.machine import MachineClock
from bot.model import Draft, Kind, Reason
from bot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]

PEOPLE = ("engineer", "release-manager", "engineer")


@pytest.fixture
def filled(home: Path) -> Path:
    """Return a data folder whose log has three deploys."""
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()

    async def fill() -> None:
        keys = KeyFile(home / "audit.key", "wardroom-sandbox/audit")
        async with AuditLog(
            database, clock=MachineClock(), software="0", replica="here", keys=keys
        ) as log:
            for number, person in enumerate(PEOPLE, 1):
                await log.append(
                    Draft(
                        kind=Kind.OUTCOME,
                        verb="deploy",
                        correlation=f"c-{number}",
                        person=person,
                        service="lab-results",
                        environment="production",
                        request=f"REQ-{number}",
                        reason=Reason.OK,
                        text=f"deployed 1.4.{number}",
                    )
                )

    asyncio.run(fill())
    database.close()
    return home


def _found(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [event["data"].get("request", "") for event in json.loads(result.stdout)["events"]]


def _damage(home: Path, statement: str) -> None:
    """Change the log past every guard, as somebody with the file could."""
    database = sqlite3.connect(home / "wardroom.db")
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        database.execute(f"DROP TRIGGER {name}")
    database.execute(statement)
    database.commit()
    database.close()


def test_search_finds_newest_first_by_words_and_filters(wardroom: Typing, filled: Path) -> None:
    assert filled.is_dir()
    assert _found(wardroom("audit", "search", "deployed", "--json")) == ["REQ-3", "REQ-2", "REQ-1"]
    assert _found(wardroom("audit", "search", "person:engineer", "deployed", "--json")) == [
        "REQ-3",
        "REQ-1",
    ]
    assert _found(wardroom("audit", "search", "--person", "release-manager", "--json")) == ["REQ-2"]
    assert _found(wardroom("audit", "search", "1.4.2", "--service", "lab-results", "--json")) == [
        "REQ-2"
    ]
    assert _found(wardroom("audit", "search", "--request", "REQ-9", "--json")) == []


def test_search_pages_by_number(wardroom: Typing, filled: Path) -> None:
    assert filled.is_dir()
    first = json.loads(wardroom("audit", "search", "deployed", "--limit", "2", "--json").stdout)

    second = wardroom(
        "audit", "search", "deployed", "--before", str(first["next_before"]), "--json"
    )

    assert [event["seq"] for event in first["events"]] == [3, 2]
    assert _found(second) == ["REQ-1"]


def test_search_prints_one_line_per_event(wardroom: Typing, filled: Path) -> None:
    assert filled.is_dir()
    lines = wardroom("audit", "search", "verb:deploy", "--limit", "1").output.splitlines()

    assert lines[0].split()[0] == "3"
    for word in ("engineer", "deploy", "lab-results production", "ok", "REQ-3", "deployed 1.4.3"):
        assert word in lines[0]
    assert lines[1] == "Older ones: --before 3"


def test_what_is_left_out_and_counted_can_be_typed_on_a_command_line(
    wardroom: Typing, filled: Path
) -> None:
    assert filled.is_dir()
    found = json.loads(wardroom("audit", "search", "deplo*", "-1.4.2", "--json").output)
    assert [event["seq"] for event in found["events"]] == [3, 1]
    assert found["searched_back_to"] is None
    assert wardroom("audit", "search", "verb:deploy", "--count").output == "3 events match.\n"
    counted = json.loads(
        wardroom("audit", "search", "-release-manager", "verb:deploy", "--count", "--json").output
    )
    assert counted == {"count": 2, "capped": False, "searched_back_to": None}


def test_an_option_that_does_not_exist_is_no_word(wardroom: Typing, filled: Path) -> None:
    assert filled.is_dir()
    result = wardroom("audit", "search", "deploy", "--servce", "lab-results")

    assert result.exit_code == 2
    assert "--servce" in result.output


def test_a_search_whose_time_was_up_says_how_to_go_on(
    wardroom: Typing, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filled.is_dir()
    monkeypatch.setattr(search, "DEADLINE", -1.0)
    monkeypatch.setattr(search, "COUNTING_DEADLINE", -1.0)
    monkeypatch.setattr(scan, "NARROW", 1)
    counted = wardroom("audit", "search", "deployed", "--count").output
    assert counted.startswith("At least 1 events match: counted back to 20")

    lines = wardroom("audit", "search", "deployed").output.splitlines()

    assert lines[-2].startswith("Searched back to 20")
    assert lines[-1] == "Continue: --before 4"


def test_a_filter_that_does_not_exist_is_told_what_does(wardroom: Typing, filled: Path) -> None:
    assert filled.is_dir()
    result = wardroom("audit", "search", "persn:engineer")

    assert result.exit_code == 2
    assert "did you mean `person:`" in result.output


def test_patient_data_is_not_searched_for_and_leaves_no_trace(
    wardroom: Typing, filled: Path
) -> None:
    result = wardroom("audit", "search", "PID|1||MRN7731^^^H^MR||DOE^JANE||19700101|F")

    stored = b"".join(path.read_bytes() for path in filled.glob("wardroom.db*"))
    assert result.exit_code == 2
    assert "HL7" in result.output
    assert b"MRN7731" not in stored
    assert "MRN7731" not in result.output


def test_reading_is_recorded_under_the_account_of_this_machine(
    wardroom: Typing, filled: Path
) -> None:
    assert filled.is_dir()
    wardroom("audit", "search", "deployed")
    wardroom("audit", "show", "1")

    events = json.loads(wardroom("audit", "search", "kind:system", "--json").stdout)["events"]

    assert [event["data"]["verb"] for event in events] == ["audit show", "audit search"]
    assert {event["data"]["actor"]["account"] for event in events} == {getpass.getuser()}


def test_show_prints_the_stored_bytes_and_their_hash(wardroom: Typing, filled: Path) -> None:
    database = sqlite3.connect(filled / "wardroom.db")
    body, leaf = database.execute("SELECT body, leaf FROM audit WHERE seq = 2").fetchone()
    database.close()

    stored = body if isinstance(body, str) else body.decode()
    assert wardroom("audit", "show", "2").output == f"{stored}\nleaf {leaf.hex()}\n"
    assert json.loads(wardroom("audit", "show", "2", "--json").output)["leaf"] == leaf.hex()
    missing = wardroom("audit", "show", "99")
    assert (missing.exit_code, missing.output) == (2, "There is no event 99.\n")


def test_verify_says_that_the_log_is_whole(wardroom: Typing, filled: Path) -> None:
    assert filled.is_dir()
    result = wardroom("audit", "verify")

    assert result.exit_code == 0
    assert result.output.startswith("integrity: whole: 3 events, root ")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE audit SET body = replace(body, 'engineer', 'engineex') WHERE seq = 1",
            "event 1 does not match its hash",
        ),
        ("DELETE FROM audit WHERE seq = 2", "event 2 is missing"),
        ("DELETE FROM audit WHERE seq = 3", "the log ends at event 2: 3 were recorded"),
    ],
)
def test_verify_finds_what_was_changed_past_every_guard(
    wardroom: Typing, filled: Path, statement: str, said: str
) -> None:
    _damage(filled, statement)

    result = wardroom("audit", "verify")

    assert result.exit_code == 1
    assert result.output.startswith("integrity: NOT whole")
    assert said in result.output


def test_search_warns_of_an_event_that_was_changed(wardroom: Typing, filled: Path) -> None:
    _damage(filled, "UPDATE audit SET body = replace(body, 'deployed', 'deplored') WHERE seq = 1")

    result = wardroom("audit", "search", "REQ-1")

    assert result.exit_code == 1
    assert "WARNING: event 1 is damaged; run: wardroom audit verify" in result.output


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_can_be_verified_alone(wardroom: Typing, filled: Path, form: str) -> None:
    out = filled / f"log.{form}"

    made = wardroom("audit", "export", "--format", form, "--out", str(out))
    root = made.output.split("root ")[1].split()[0]
    whole = wardroom("audit", "verify", str(out), "--size", "4", "--root", root)
    other = wardroom("audit", "verify", str(out), "--size", "4", "--root", "00" * 32)
    out.write_text(out.read_text().replace("1.4.2", "1.4.9"))
    changed = wardroom("audit", "verify", str(out))

    assert made.output.startswith("4 events, root ")
    assert (whole.exit_code, other.exit_code, changed.exit_code) == (0, 1, 1)
    assert whole.output.startswith(f"integrity: whole: 4 events, root {root}")


def test_an_export_never_overwrites(wardroom: Typing, filled: Path) -> None:
    out = filled / "log.jsonl"
    out.touch()

    result = wardroom("audit", "export", "--format", "jsonl", "--out", str(out))

    assert result.exit_code == 1
    assert f"cannot write {out}: file exists" in result.output


def test_a_file_that_is_no_export_is_unreadable(wardroom: Typing, filled: Path) -> None:
    result = wardroom("audit", "verify", str(filled / "wardroom.yaml"))

    assert result.exit_code == 2
    assert "wardroom.yaml.manifest.json" in result.output


def test_a_root_without_its_size_is_a_mistake(wardroom: Typing, filled: Path) -> None:
    file = str(filled / "wardroom.yaml")

    assert "belong together" in wardroom("audit", "verify", file, "--root", "00").output
    assert "hexadecimal" in wardroom("audit", "verify", file, "--size", "1", "--root", "x").output


def test_without_a_database_it_says_so_and_makes_none(wardroom: Typing, home: Path) -> None:
    result = wardroom("audit", "search", "anything")

    assert result.exit_code == 1
    assert "there is no file" in result.output
    assert not (home / "wardroom.db").exists()
