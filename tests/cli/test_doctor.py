"""`wardroom doctor` finds what is wrong with this machine and its files, and says the mend."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot.cli.doctor import command
from bot.doctor import CHECKS
from bot.doctor.finding import Finding, State, fail
from bot.storage.database import Database
from bot.storage.reloads import SqlReloads
from tests.cli.clinic import answering, doctor, free_port, nowhere, people, services
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]


@pytest.fixture(autouse=True)
def _alone(home: Path) -> None:
    """Look at a whole site on a port that nobody listens at."""
    nowhere(home)
    people(home)
    services(home)


# --- the command itself ------------------------------------------------------------------------


def test_it_prints_one_line_per_check_with_the_mend_below(wardroom: Typing) -> None:
    result = wardroom("doctor", "--only", "server", "--only", "people")

    first, second, third, mend = result.output.splitlines()
    assert first.startswith("ok    settings")
    assert second.startswith("ok    people          1 people, 2 accounts")
    assert third.startswith("skip  server          none runs at http://127.0.0.1:")
    assert mend == "      mend: start it with `wardroom serve`, then ask again"
    assert result.exit_code == 0


def test_a_failed_check_ends_with_1(wardroom: Typing, home: Path) -> None:
    (home / "people.yaml").write_text("[]")

    assert wardroom("doctor", "--only", "people").exit_code == 1


def test_a_check_that_is_not_there_is_refused_with_those_that_are(wardroom: Typing) -> None:
    result = wardroom("doctor", "--only", "weather")

    assert result.exit_code == 2
    assert all(f"'{name}'" in result.output for name in CHECKS)


def test_whatever_is_not_well_has_to_say_its_mend() -> None:
    for state in (State.WARN, State.FAIL, State.SKIP):
        with pytest.raises(ValueError, match="with mend ''"):
            Finding("x", state, "not well")


def test_the_help_says_that_nothing_is_changed() -> None:
    assert "nothing is changed anywhere" in " ".join((command.help or "").split())


async def test_a_secret_that_gets_into_a_line_is_taken_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = {"url": "http://127.0.0.1:9", "user": "w", "password": "correct-horse-battery"}
    configure(home, integrations={"buildbot": provider})

    async def careless(case: object) -> list[Finding]:
        return [fail("ci", "correct-horse-battery", "not correct-horse-battery")]

    monkeypatch.setitem(CHECKS, "ci", careless)

    assert (await doctor("--only", "ci")).of("ci") == {
        "name": "ci",
        "state": "fail",
        "text": "[secret]",
        "mend": "not [secret]",
    }


# --- files -------------------------------------------------------------------------------------


async def test_wrong_settings_end_the_examination_with_every_path_and_mend(home: Path) -> None:
    configure(home, mode="sandbx", databse="sqlite:///x.db")

    report = await doctor()

    assert [one["name"] for one in report.checks] == ["settings"]
    assert "mode: should be 'production' or 'sandbox'" in report.of("settings")["mend"]
    assert "databse: there is no such setting (did you mean database?)" in report.output


async def test_a_settings_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    report = await doctor("--config", str(tmp_path / "none.yaml"))

    assert report.states == {"settings": "fail"}


async def test_wrong_people_and_services_are_named_with_their_mend(home: Path) -> None:
    (home / "people.yaml").write_text("- {id: a, name: A, roles: [enginer]}\n")
    configure(home, integrations=None)

    report = await doctor("--only", "people", "--only", "services")

    assert "a.roles: there is no role enginer (did you mean engineer?)" in report.output
    assert "buildbot has no block under integrations" in report.of("services")["mend"]


async def test_a_validator_of_a_role_that_there_is_not_is_named_with_its_mend(home: Path) -> None:
    services(home)
    text = (home / "services.yaml").read_text().replace("{}", "{validator: {role: enginer}}")
    (home / "services.yaml").write_text(text)
    report = await doctor("--only", "services")
    assert "validator.role: there is no role enginer" in report.of("services")["mend"]
    assert "(did you mean engineer?)" in report.of("services")["mend"]
    (home / "policies" / "roles.yaml").write_text("roles: {enginer: [reader]}")
    assert (await doctor("--only", "services")).of("services")["state"] == "ok"


async def test_policies_that_wait_to_be_put_in_force_are_said(home: Path) -> None:
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()
    database.write_now(SqlReloads(database).note("pol-another"))
    database.close()
    found = (await doctor("--only", "policies")).of("policies")
    assert (found["state"], "put in force last: pol-another" in found["text"]) == ("warn", True)
    assert "`policy reload`" in found["mend"]


async def test_a_channel_without_its_platform_is_told_what_to_write(home: Path) -> None:
    services(home, "C012AB3CD", "slack:C1")

    report = await doctor("--only", "services")

    assert "write it as slack:C012AB3CD or teams:19:..." in report.of("services")["mend"]


async def test_a_policy_that_cannot_be_read_is_named(home: Path) -> None:
    (home / "policies/site.cedar").write_text("forbid (principal, action")

    assert "policies:" in (await doctor("--only", "policies")).of("policies")["mend"]


async def test_a_calendar_that_ends_before_it_starts_is_named(home: Path) -> None:
    text = (home / "calendars.yaml").read_text()
    (home / "calendars.yaml").write_text(text.replace("2026-12-07", "2026-12-01"))

    report = await doctor("--only", "calendars")

    assert "ends before it starts" in report.of("calendars")["mend"]


# --- clock and server --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("away", "state"),
    [(timedelta(), None), (timedelta(minutes=-2), "warn"), (timedelta(minutes=10), "fail")],
)
async def test_the_clock_is_held_against_a_servers(
    home: Path, away: timedelta, state: str | None
) -> None:
    async def tell(_: web.Request) -> web.Response:
        there = datetime.now(UTC) + away
        return web.Response(headers={"Date": format_datetime(there, usegmt=True)})

    async with answering(tell) as url:
        configure(home, integrations={"buildbot": {"url": url}})
        report = await doctor("--only", "clock")

    assert report.states.get("clock") == state
    assert report.of("clock")["text"].split(";")[0].endswith("that of 127.0.0.1")


async def test_a_clock_that_nothing_can_be_held_against_is_not_judged(home: Path) -> None:
    configure(home, integrations={"buildbot": {"url": f"http://127.0.0.1:{free_port()}"}})

    assert (await doctor("--only", "clock")).states == {"clock": "skip"}


async def test_our_own_server_is_not_asked_by_way_of_a_proxy(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "checks": {"audit log": "ok"}})

    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    async with answering(tell) as url:
        configure(home, server={"port": int(url.rpartition(":")[2])})
        found = (await doctor("--only", "server")).of("server")

    assert found["state"] == "ok"


async def test_a_server_that_is_not_ready_says_why(home: Path) -> None:
    async def tell(_: web.Request) -> web.Response:
        checks = {"audit log": "the disk is full", "outbox": "ok"}
        return web.json_response({"status": "not ready", "checks": checks}, status=503)

    async with answering(tell) as url:
        configure(home, server={"port": int(url.rpartition(":")[2])})
        found = (await doctor("--only", "server")).of("server")

    assert found["state"] == "fail"
    assert found["text"].endswith("is not ready: audit log: the disk is full")


async def test_another_program_at_our_port_is_found(home: Path) -> None:
    async def tell(_: web.Request) -> web.Response:
        return web.Response(text="It works!")

    async with answering(tell) as url:
        configure(home, server={"port": int(url.rpartition(":")[2])})
        found = (await doctor("--only", "server")).of("server")

    assert "something that is no Wardroom listens" in found["text"]


# --- the CI server -----------------------------------------------------------------------------


def _buildbot(*, wants: str = "", known: str = "lab-results") -> object:
    """Return how a Buildbot answers reading: by a login where it `wants` a password."""
    came_in: set[str] = set()
    rows: dict[str, object] = {
        f"/api/v2/builders/{known}": {"builders": [{"builderid": 3, "name": known}]},
        "/api/v2/builders/3/builds": {"builds": []},
        "/api/v2/builders/3/buildrequests": {"buildrequests": []},
    }

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/auth/login":
            came_in.update([wants] if request.headers["Authorization"] == wants else [])
            return web.Response(status=200 if came_in else 401)
        if wants and not came_in:
            return web.json_response({"error": "forbidden"}, status=403)
        found = rows.get(request.path)
        return web.json_response(found or {"error": "not found"}, status=200 if found else 404)

    return answer


async def _asked(home: Path, answer: object, **provider: str) -> dict[str, str]:
    async with answering(answer) as url:  # type: ignore[arg-type]  # a handler, as made above
        configure(home, integrations={"buildbot": {"url": url, **provider}})
        return (await doctor("--only", "ci")).of("ci buildbot")


async def test_a_ci_server_that_lets_us_read_is_well(home: Path) -> None:
    found = await _asked(home, _buildbot())

    assert found["state"] == "ok"
    assert found["text"].endswith(
        "lets us read lab-results: it has no build yet, so its repository was not read"
    )


async def test_a_ci_server_that_refuses_our_password_is_named(home: Path) -> None:
    answer = _buildbot(wants="Basic bm90IG91cnM=")

    found = await _asked(home, answer, user="wardroom", password="correct-horse")

    assert "Buildbot refused the password of `wardroom`" in found["text"]
    assert "integrations.buildbot.url and its credentials" in found["mend"]
    assert "correct-horse" not in str(found)


async def test_a_builder_that_is_not_there_is_named(home: Path) -> None:
    found = await _asked(home, _buildbot(known="portal"))

    assert found["text"].startswith("lab-results: the CI server has no builder `lab-results`.")
    assert "ci.builder of lab-results" in found["mend"]


async def test_a_ci_server_that_is_away_is_named(home: Path) -> None:
    configure(home, integrations={"buildbot": {"url": f"http://127.0.0.1:{free_port()}/"}})

    found = (await doctor("--only", "ci")).of("ci buildbot")

    assert found["state"] == "fail"
    assert "curl -sv http://127.0.0.1:" in found["mend"]


async def test_a_ci_server_that_builds_nothing_of_ours_is_only_looked_at(home: Path) -> None:
    (home / "services.yaml").write_text("[]")

    async with answering(_buildbot()) as url:  # type: ignore[arg-type]  # a handler, as made above
        configure(home, integrations={"buildbot": {"url": url}})
        states = [one["state"] for one in (await doctor("--only", "ci")).every("ci buildbot")]

    assert states == ["ok", "skip"]


async def test_no_ci_server_at_all_is_a_failure_as_the_server_would_not_start(home: Path) -> None:
    configure(home, integrations=None)

    assert (await doctor("--only", "ci")).states == {"ci": "fail"}


async def test_a_ci_server_that_hangs_is_waited_for_no_longer_than_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.doctor.ci.PATIENCE", 0.2)
    gate = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await gate.wait()
        return web.Response()

    async with answering(hang) as url:
        configure(home, integrations={"buildbot": {"url": url}})
        found = (await doctor("--only", "ci")).of("ci buildbot")
        gate.set()

    assert found["state"] == "fail"
    assert "did not answer within" in found["text"]
