"""Each kind of check over real HTTP on loopback: what passes, what does not, what is not known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from bot.api import Finding, Probe, Rejected, Standing, Unreachable
from integrations.probes import HttpProber
from tests.databases import NOON, FixedClock
from tests.serving import NO_TLS

COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
PASSED, FAILED, UNKNOWN = Standing.PASSED, Standing.FAILED, Standing.UNKNOWN


@dataclass
class Peer:
    """A system of the hospital that answers what a test says."""

    prober: HttpProber
    port: int = 0
    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    silent: bool = False
    paths: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.paths.append(request.split()[1].decode())
        if self.silent:
            await reader.read()
        else:
            head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            size = f"Content-Length: {len(self.body)}\r\nConnection: close\r\n"
            writer.write(f"HTTP/1.1 {self.status} X\r\n{head}{size}\r\n".encode() + self.body)
        writer.close()

    async def look(self, kind: str, answer: object = None, **probe: object) -> Finding:
        """Have a probe of a kind look at an answer."""
        if answer is not None:
            self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        url = f"http://127.0.0.1:{self.port}/x"
        return await self.prober.look(Probe(kind, **{"url": url, **probe}))  # type: ignore[arg-type] # each test gives what its kind has


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A peer on a free port."""
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        one = Peer(HttpProber(client, FixedClock()))
        server = await asyncio.start_server(one.answer, "127.0.0.1", 0)
        one.port = server.sockets[0].getsockname()[1]
        async with server:
            yield one


async def test_a_version_probe_passes_with_any_version_or_the_expected_one(peer: Peer) -> None:
    seen = await peer.look("version", {"version": "1.4.2"})
    assert (seen.standing, seen.detail, seen.value) == (PASSED, "answers version 1.4.2", "1.4.2")
    assert (await peer.look("version", says="1.4.2")).standing is PASSED
    other = await peer.look("version", says="1.4.3")
    assert (other.standing, other.detail) == (FAILED, "answers version 1.4.2, not 1.4.3")


@pytest.mark.parametrize("answer", [{}, {"version": 7}, {"version": "ZZTEST^PATIENT 1"}, []])
async def test_an_answer_without_a_version_is_not_known(peer: Peer, answer: object) -> None:
    seen = await peer.look("version", answer)
    assert (seen.standing, seen.detail) == (UNKNOWN, "names no version")


async def test_http_is_green_by_its_code_or_by_the_state_it_names(peer: Peer) -> None:
    assert (await peer.look("http", b"ok")).standing is PASSED
    at = {"at": "checks[1].status", "says": "UP"}
    assert (await peer.look("http", {"checks": [{}, {"status": "UP"}]}, **at)).standing is PASSED
    down = await peer.look("http", {"checks": [{}, {"status": "DOWN for ZZTEST"}]}, **at)
    assert (down.standing, down.detail) == (FAILED, "does not say `UP` at `checks[1].status`")
    gone = await peer.look("http", {"checks": []}, **at)
    assert (gone.standing, gone.detail) == (UNKNOWN, "has no state at `checks[1].status`")
    assert (await peer.look("http", {"ok": True}, at="ok", says="true")).standing is PASSED


async def test_a_queue_passes_below_its_bound_only(peer: Peer) -> None:
    at = {"at": "queue_depth", "below": 10}
    short = await peer.look("queue", {"queue_depth": 9}, **at)
    assert (short.standing, short.detail, short.value) == (PASSED, "9 wait, fewer than 10", "9")
    full = await peer.look("queue", {"queue_depth": 10}, **at)
    assert (full.standing, full.detail) == (FAILED, "10 wait, which is not below 10")


@pytest.mark.parametrize(
    "body",
    [
        b'{"queue_depth": "9"}',
        b'{"queue_depth": true}',
        b'{"queue_depth": null}',
        b'{"queue_depth": NaN}',
        b'{"queue_depth": 1e999}',
        b'{"queue_depth": -1}',
        b'{"queue_depth": ' + b"9" * 5000 + b"}",
        b'{"queue_depth": ' + b"9" * 400 + b"}",
        b"[" * 100_000,
        b"7",
        b"",
        b"{",
    ],
)
async def test_a_queue_without_a_count_is_not_known(peer: Peer, body: bytes) -> None:
    peer.body = body
    assert (await peer.look("queue", at="queue_depth", below=10)).standing is UNKNOWN


async def test_a_backup_passes_while_it_is_young_enough(peer: Peer) -> None:
    at = {"at": "finished", "oldest": timedelta(hours=26)}
    young = await peer.look("backup", {"finished": "2026-11-21T11:00:00+01:00"}, **at)
    assert (young.standing, young.detail) == (PASSED, "is of 2026-11-21 10:00 UTC, at most 26h old")
    assert (await peer.look("backup", {"finished": NOON.timestamp()}, **at)).standing is PASSED
    old = await peer.look("backup", {"finished": "2026-11-21T09:59:59Z"}, **at)
    assert (old.standing, old.detail) == (FAILED, "is of 2026-11-21 09:59 UTC, older than 26h")


async def test_a_backup_of_the_future_is_not_known(peer: Peer) -> None:
    seen = await peer.look("backup", {"t": "2026-11-22T12:00:01Z"}, at="t", oldest=timedelta(1))
    assert (seen.standing, seen.detail) == (
        UNKNOWN,
        "names a time in the future (2026-11-22 12:00 UTC): one of the clocks is off",
    )


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("2026-11-22T11:00:00", "names a time without its zone at `t`"),
        ("yesterday", "has no time at `t`"),
        (None, "has no time at `t`"),
        (True, "has no time at `t`"),
        (1e30, "has no time at `t`"),
        ("0001-01-01T00:00:00+14:00", "has no time at `t`"),
    ],
)
async def test_a_backup_without_a_time_is_not_known(peer: Peer, made: object, why: str) -> None:
    seen = await peer.look("backup", {"t": made}, at="t", oldest=timedelta(hours=26))
    assert (seen.standing, seen.detail) == (UNKNOWN, why)


async def test_a_scan_passes_with_no_more_findings_than_are_allowed(peer: Peer) -> None:
    bounds = {"critical": 0, "high": 2}
    clean = await peer.look("scan", {"critical": 0, "high": 2}, **bounds)
    assert (clean.standing, clean.detail) == (PASSED, "found 0 critical, 2 high")
    bad = await peer.look("scan", {"critical": 1, "high": 3}, **bounds)
    assert bad.standing is FAILED
    assert bad.detail == "found 1 critical, 3 high, at most 0 critical and 2 high may be"
    nested = {"by": {"c": 0, "h": 0}}
    deep = await peer.look("scan", nested, critical_at="by.c", high_at="by.h")
    assert deep.standing is PASSED


@pytest.mark.parametrize(
    ("answer", "given", "why"),
    [
        ({"version": "1.4.1"}, {}, "is not of version 1.4.2"),
        ({"version": 1}, {}, "is not of version 1.4.2"),
        ({"commit": "0" * 40}, {}, "is not of commit 8161935fd690"),
        ({"commit": "816193"}, {}, "is not of commit 8161935fd690"),
        ({"commit": ""}, {}, "is not of commit 8161935fd690"),
        ({}, {"version_at": "of.version"}, "names no version at `of.version`"),
        ({}, {"commit_at": "of.commit"}, "names no commit at `of.commit`"),
    ],
)
async def test_a_scan_of_another_release_is_not_known(
    peer: Peer, answer: dict[str, object], given: dict[str, object], why: str
) -> None:
    whole = {"critical": 0, "high": 0, **answer}
    seen = await peer.look("scan", whole, version="1.4.2", commit=COMMIT, **given)
    assert (seen.standing, seen.detail) == (UNKNOWN, why)


async def test_a_scan_of_the_very_release_passes(peer: Peer) -> None:
    for commit in (COMMIT, COMMIT[:10]):
        answer = {"critical": 0, "high": 0, "version": "1.4.2", "commit": commit}
        seen = await peer.look("scan", answer, version="1.4.2", commit=COMMIT)
        assert seen.standing is PASSED, seen


async def test_the_address_of_a_check_names_the_release(peer: Peer) -> None:
    url = f"http://127.0.0.1:{peer.port}/scans/{{version}}/{{commit}}.json"
    probe = Probe("http", url).about("1.4.2/../x", COMMIT)
    assert (await peer.prober.look(probe)).standing is PASSED
    assert peer.paths == [f"/scans/1.4.2%2F..%2Fx/{COMMIT}.json"]


async def test_an_interface_is_well_while_it_accepts_connections(peer: Peer) -> None:
    taken: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.put_nowait(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    url = f"mllp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        seen = await peer.look("interface", url=url)
        assert (seen.standing, seen.detail) == (PASSED, "accepts a connection")
        assert await taken.get() == b""  # nothing was sent that could be taken for a message
    closed = await peer.look("interface", url=url)
    assert (closed.standing, closed.detail) == (UNKNOWN, "accepts no connection")


@pytest.mark.parametrize("kind", ["version", "http", "queue", "backup", "scan"])
async def test_a_login_page_a_redirect_and_a_malformed_answer_never_pass(
    peer: Peer, kind: str
) -> None:
    at = {"at": "x", "says": "x", "below": 10**9, "critical": 10**9, "high": 10**9}
    peer.headers = {"Content-Type": "text/html; charset=utf-8"}
    page = "answers a web page, perhaps to sign in, and no data"
    assert (await peer.look(kind, b"<html>Sign in</html>", **at)).detail == page
    peer.headers = {"Content-Type": "application/json"}
    assert (await peer.look(kind, b" <!doctype html>", **at)).detail == page
    not_json = await peer.look(kind, b"{", **at)
    assert not_json.detail == "answers something that is not JSON"
    peer.status, peer.headers = 302, {"Location": "https://sign.in.test/"}
    moved = await peer.look(kind, {}, **at)
    assert (moved.standing, moved.detail) == (
        UNKNOWN,
        "sends us elsewhere (HTTP 302), perhaps to sign in",
    )
    peer.status = 503
    ill = await peer.look(kind, {"x": "x"}, **at)
    assert (ill.standing, ill.detail) == (FAILED, "answers HTTP 503")
    assert len(peer.paths) == 5  # what sends us elsewhere is not followed


async def test_what_does_not_answer_is_not_known(peer: Peer) -> None:
    peer.silent = True
    late = await peer.look("http", timeout_seconds=0.05)
    assert (late.standing, late.detail) == (UNKNOWN, "did not answer in time")
    gone = await peer.look("http", url="http://127.0.0.1:9/")
    assert (gone.standing, gone.detail) == (UNKNOWN, "cannot be reached")
    wrong = await peer.look("http", url="http://127.0.0.1:1:2/")
    assert wrong.standing is UNKNOWN


async def test_an_answer_without_an_end_is_not_read(peer: Peer) -> None:
    seen = await peer.look("http", b" " * (2 << 20))
    assert (seen.standing, seen.detail) == (UNKNOWN, "answers far more than was asked for")


async def test_a_kind_that_nobody_knows_does_not_pass(peer: Peer) -> None:
    seen = await peer.look("dicom")
    assert (seen.standing, seen.detail) == (UNKNOWN, "is of the kind dicom, which nobody can ask")


async def test_the_version_of_a_deploy_is_read_as_strictly(peer: Peer) -> None:
    probe = Probe("version", f"http://127.0.0.1:{peer.port}/version")
    peer.body = b'{"version": "1.4.2"}'
    assert await peer.prober.version(probe) == "1.4.2"
    for body, status in ((b"{", 200), (b"{}", 200), (b'{"version": "1.4.2"}', 503)):
        peer.body, peer.status = body, status
        with pytest.raises(Rejected):
            await peer.prober.version(probe)
    with pytest.raises(Unreachable):
        await peer.prober.version(Probe("version", "http://127.0.0.1:9/"))
    peer.silent = True
    with pytest.raises(Unreachable):
        await peer.prober.version(Probe("version", probe.url, 0.05))  # type: ignore[arg-type] # shorter than people may write


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("junit", b'<?xml version="1.0"?><testsuite><testcase name="a"/></testsuite>'),
        ("trivy", b'{"SchemaVersion": 2, "Results": []}' + b" " * 2_000_000),
        ("cyclonedx", b'{"bomFormat": "CycloneDX", "vulnerabilities": []}'),
        ("sarif", b'{"version": "2.1.0", "runs": [{"results": []}]}'),
    ],
)
async def test_a_report_may_be_long_and_xml_and_a_page_is_none(
    peer: Peer, kind: str, body: bytes
) -> None:
    bounds = {"critical": 0, "high": 0} if kind != "junit" else {}
    assert (await peer.look(kind, body, **bounds)).standing is PASSED
    for page in (b"<!doctype html><p>Sign in</p>", b"<html><testsuite/></html>"):
        assert (await peer.look(kind, page, **bounds)).standing is UNKNOWN
