"""`wardroom doctor` looks at the public address: its certificate, and whether our doors answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cli.clinic import (
    Tenant,
    Workspace,
    answering,
    doctor,
    free_port,
    nowhere,
    people,
    services,
)
from tests.cli.conftest import configure
from tests.house_rules.tree import ROOT
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from pathlib import Path

SECRET = {"signing_secret": "s", "bot_token": "xoxb-x", "api_url": "http://127.0.0.1:9/api/"}


# --- the doors ---------------------------------------------------------------------------------


@pytest.fixture
def site(home: Path) -> Path:
    """A site in HTTP mode; our own server is not up."""
    people(home)
    services(home)
    configure(home, slack=SECRET)
    return home


def _public(home: Path, url: str, *, port: int | None = None) -> None:
    configure(home, server={"port": port or free_port(), "public_url": url})


async def _address(home: Path, answer: web.Response) -> dict[str, str]:
    """Return what is said of an address that answers so."""

    async def tell(_: web.Request) -> web.Response:
        return answer

    async with answering(tell) as url:
        _public(home, url)
        return (await doctor("--only", "slack")).of("slack address")


@pytest.mark.parametrize(
    ("answer", "state", "mend"),
    [
        (web.Response(status=404), "fail", "unchanged (method, headers, body)"),
        (web.Response(text="hello"), "fail", "somebody else answers there"),
        (web.Response(status=302, headers={"Location": "/x"}), "fail", "nobody follows redirects"),
        (web.Response(status=502), "skip", "start it with `wardroom serve`"),
        (
            web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}),
            "fail",
            "without a login: Slack has none",
        ),
    ],
    ids=["not found", "another page", "redirect", "nothing behind it", "a login"],
)
async def test_what_answers_in_our_place_is_told_apart(
    site: Path, answer: web.Response, state: str, mend: str
) -> None:
    found = await _address(site, answer)

    assert found["state"] == state
    assert mend in found["mend"]


async def test_the_good_answer_to_what_is_not_signed_is_401(site: Path) -> None:
    found = await _address(site, web.Response(status=401))

    assert found["state"] == "ok"


async def test_an_address_that_nobody_listens_at_is_no_failure_before_the_start(
    site: Path,
) -> None:
    _public(site, f"http://127.0.0.1:{free_port()}")

    assert (await doctor("--only", "slack")).of("slack address")["state"] == "skip"


async def test_the_same_silence_is_a_failure_while_our_server_runs(site: Path) -> None:
    async def ready(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "checks": {"audit log": "ok"}})

    async with answering(ready) as ours:
        _public(site, f"http://127.0.0.1:{free_port()}", port=int(ours.rpartition(":")[2]))
        found = (await doctor("--only", "slack")).of("slack address")

    assert found["state"] == "fail"
    assert "nobody listens" in found["text"]


async def test_in_socket_mode_no_address_is_needed(site: Path) -> None:
    configure(site, slack={**SECRET, "app_token": "xapp-x"})

    assert (await doctor("--only", "slack")).every("slack address") == []


# --- the whole: a real server between real small platforms -------------------------------------


@asynccontextmanager
async def _serving(home: Path, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "serve", "--config", str(home / "wardroom.yaml")),
        cwd=ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(verify=NO_TLS) as client, asyncio.timeout(60):
            while process.returncode is None:
                try:
                    if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        assert process.returncode is None, "the server ended"
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_a_newcomers_whole_installation_is_well_line_by_line(home: Path) -> None:
    port = free_port()
    people(home)
    services(home, "slack:C1")

    async def builds(request: web.Request) -> web.Response:
        kind = request.path.rpartition("/")[2]
        rows = [{"builderid": 3}] if kind == "lab-results" else []
        return web.json_response({"builders" if rows else kind: rows})

    async with Workspace.running() as slack, Tenant.running() as teams, answering(builds) as ci:
        assert isinstance(slack, Workspace)
        assert isinstance(teams, Tenant)
        slack.scopes = f"{slack.scopes},channels:read,groups:read"
        slack.channels["C1"] = {"id": "C1", "name": "ward-ops", "is_member": True}
        configure(
            home,
            server={"port": port, "public_url": f"http://127.0.0.1:{port}"},
            slack=slack.settings(app_token=None),
            teams=teams.settings(),
            integrations={"buildbot": {"url": ci}},
            calendars=None,  # the example's is about an environment that is not there yet
        )
        async with _serving(home, port):
            report = await doctor()

    # One person alone stops nothing: it takes a second one.
    skipped = {"certificate": "skip", "teams package": "skip", "stop-all": "warn"}
    assert report.states == skipped, report.output
    assert report.code == 0
    assert report.of("slack address")["text"].endswith(
        "refuses what is not signed, as it should (401)"
    )
    assert report.of("teams address")["text"].endswith(
        "refuses what is not signed, as it should (401)"
    )
    assert "is ready" in report.of("server")["text"]


# --- the certificate ---------------------------------------------------------------------------


def _authority(folder: Path, days: int, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return a server's context, signed by an authority that this process believes."""
    now = datetime.now(UTC)
    key, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    begun = now - timedelta(days=100)

    def signed(
        subject: x509.Name, public: ec.EllipticCurvePublicKey, end: datetime, *, ca: bool
    ) -> bytes:
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begun)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    leaf = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    (folder / "ca.pem").write_bytes(
        signed(root, key.public_key(), now + timedelta(days=400), ca=True)
    )
    private = own.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    end = now + timedelta(days=days, hours=1)
    (folder / "leaf.pem").write_bytes(signed(leaf, own.public_key(), end, ca=False) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    return context


async def _certificate(home: Path, context: ssl.SSLContext) -> dict[str, str]:
    server = await asyncio.start_server(lambda _, w: w.close(), "localhost", 0, ssl=context)
    async with server:
        _public(home, f"https://localhost:{server.sockets[0].getsockname()[1]}")
        return (await doctor("--only", "certificate")).of("certificate")


@pytest.mark.parametrize(
    ("days", "state", "text"),
    [(90, "ok", "(90 days)"), (5, "warn", "(5 days)"), (-3, "fail", "certificate has expired")],
)
async def test_a_certificate_is_well_while_it_lasts_longer_than_two_weeks(
    home: Path, monkeypatch: pytest.MonkeyPatch, days: int, state: str, text: str
) -> None:
    found = await _certificate(home, _authority(home, days, monkeypatch))

    assert found["state"] == state
    assert text in found["text"]


async def test_a_certificate_that_nobody_believes_says_how_to_make_its_authority_known(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = _authority(home, 90, monkeypatch)
    monkeypatch.delenv("SSL_CERT_FILE")

    found = await _certificate(home, context)

    assert found["state"] == "fail"
    assert "SSL_CERT_FILE=" in found["mend"]


async def test_without_a_public_address_there_is_no_certificate_to_look_at(home: Path) -> None:
    nowhere(home)

    assert (await doctor("--only", "certificate")).of("certificate")["state"] == "skip"


async def test_a_name_that_nobody_knows_is_told_from_a_silent_host(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = socket.getaddrinfo

    def answer(host: str | None, *rest: object, **more: object) -> object:
        if host and host.endswith(".invalid"):  # as any resolver says, without asking one
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return asked(host, *rest, **more)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    _public(home, "https://wardroom.hospital.invalid")

    found = (await doctor("--only", "certificate")).of("certificate")

    assert found["text"] == "nobody knows the name wardroom.hospital.invalid"
    assert "getent hosts wardroom.hospital.invalid" in found["mend"]
