from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.audit.export import atna
from bot.audit.forward.syslog import SyslogTarget
from bot.audit.forward.target import Undelivered
from tests.audit.export.samples import event
from tests.audit.forward.receivers import Receiver, listening, make_certificate, refusing

EVENTS = [event(seq, text=f"event {seq} " + "x" * 200) for seq in range(1, 121)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def receiver(certificate: tuple[Path, Path]) -> Iterator[Receiver]:
    with listening(Receiver(), certificate) as receiver:
        yield receiver


def target(receiver: Receiver, certificate: tuple[Path, Path]) -> SyslogTarget:
    context = ssl.create_default_context(cafile=certificate[0])
    return SyslogTarget("127.0.0.1", receiver.port, atna.message, context)


async def test_a_batch_arrives_over_tls_in_order(
    receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    to = target(receiver, certificate)
    await to.send(EVENTS[:100])
    await to.send(EVENTS[100:])
    assert receiver.messages == [atna.message(each) for each in EVENTS]
    assert len(receiver.sessions) == 2


async def test_a_receiver_that_goes_away_in_the_middle_has_not_taken_the_batch(
    receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    receiver.reads = 5_000
    with pytest.raises(Undelivered, match=r"127\.0\.0\.1"):
        await target(receiver, certificate).send(EVENTS)


async def test_a_receiver_that_never_ends_the_session_has_not_taken_the_batch(
    receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    receiver.is_silent = True
    with pytest.raises(Undelivered, match="timed out"):
        await replace(target(receiver, certificate), patience=0.2).send(EVENTS[:3])


async def test_a_receiver_that_closes_without_ending_the_session_has_not_surely_taken_it(
    receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    receiver.ends = False
    with pytest.raises(Undelivered):
        await target(receiver, certificate).send(EVENTS[:3])
    assert len(receiver.messages) == 3  # and will come again: at least once, not exactly once


async def test_a_receiver_that_is_not_there_is_said(certificate: tuple[Path, Path]) -> None:
    with listening(Receiver(), certificate) as gone:
        port = gone.port
    with pytest.raises(Undelivered, match=f":{port}: "):
        await target(Receiver(port), certificate).send(EVENTS[:1])


async def test_a_receiver_whose_certificate_we_do_not_know_gets_nothing(
    receiver: Receiver,
) -> None:
    stranger = SyslogTarget("127.0.0.1", receiver.port, atna.message, ssl.create_default_context())
    with pytest.raises(Undelivered):
        await stranger.send(EVENTS[:1])
    assert receiver.sessions == []


async def test_a_receiver_may_ask_for_our_certificate(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    ours = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=certificate[0])
    context.load_cert_chain(*ours)
    with listening(Receiver(), certificate, ca=ours[0]) as receiver:
        with pytest.raises(Undelivered):
            await target(receiver, certificate).send(EVENTS[:1])
        await SyslogTarget("127.0.0.1", receiver.port, atna.message, context).send(EVENTS[:1])
    assert len(receiver.messages) == 1


async def test_a_refusal_that_arrives_in_order_is_not_taken_for_the_end(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    theirs = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=make_certificate(tmp_path)[0]
    )
    theirs.load_cert_chain(*certificate)
    theirs.verify_mode = ssl.CERT_REQUIRED
    with refusing(theirs) as port, pytest.raises(Undelivered, match=r"(?i)alert"):
        await target(Receiver(port), certificate).send(EVENTS)


async def test_a_sandbox_may_send_without_tls() -> None:
    with listening(Receiver(says=b"thank you"), None) as receiver:
        to = SyslogTarget("127.0.0.1", receiver.port, atna.message, None)
        await to.send(EVENTS)
        await to.close()
    assert len(receiver.messages) == len(EVENTS)
