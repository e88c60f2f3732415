"""A Wardroom with a receiver: what is said there arrives, and a receiver that is away is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import prometheus_client
import pytest

from bot import serving
from bot.audit.export import atna
from bot.audit.export.part import event_of
from bot.model import Reason
from tests.audit.events import rows
from tests.audit.forward.receivers import Receiver, listening
from tests.audit.forward.test_forwarder import until
from tests.house import opened, write_site


@pytest.fixture
def figures() -> Iterator[None]:
    """Let the process measure, and forget it after the test."""
    before = set(prometheus_client.REGISTRY._collector_to_names)
    yield
    for made in set(prometheus_client.REGISTRY._collector_to_names) - before:
        prometheus_client.REGISTRY.unregister(made)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.audit.forward.forwarding.LOOK", 0.01)


def site(folder: Path, port: int) -> Path:
    siem = {"kind": "syslog", "url": f"tcp://127.0.0.1:{port}"}
    return write_site(folder, "sqlite:///wardroom.db", audit={"forward": {"siem": siem}})


async def test_what_is_said_arrives_at_the_receiver(tmp_path: Path, figures: None) -> None:
    receiver = Receiver()
    with listening(receiver, None):
        async with opened(site(tmp_path, receiver.port)) as chat:
            assert (await chat.say("whoami")).reason is Reason.OK
            expected = [atna.message(event_of(row)) for row in rows(chat.house.database)]
            await until(lambda: len(receiver.messages) >= len(expected))
            serving._measure(chat.house)
            (siem,) = chat.house.trail.forwarding.forwarders
            await until(lambda: siem.lag.events == 0)
            shown = prometheus_client.generate_latest().decode()
    assert receiver.messages[: len(expected)] == expected
    assert 'wardroom_audit_forward_lag_events{target="siem"} 0.0' in shown
    assert 'wardroom_audit_forward_lag_seconds{target="siem"} 0.0' in shown


async def test_a_receiver_that_is_away_stops_nobody_and_is_said(tmp_path: Path) -> None:
    with listening(Receiver(), None) as gone:
        port = gone.port
    async with opened(site(tmp_path, port)) as chat:
        assert (await chat.say("whoami")).reason is Reason.OK
        (siem,) = chat.house.trail.forwarding.forwarders
        await until(lambda: siem.lag.events > 0 and siem._failures)
        chat.clock.turn(minutes=11)
        app = httpx.ASGITransport(serving.web_app(chat.settings, chat.house, ()))
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
            ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["checks"]["forward siem"].startswith("nothing taken since")
        assert f"127.0.0.1:{port}: Connection refused" in ready.json()["checks"]["forward siem"]
