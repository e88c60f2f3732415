"""The addresses: a Wardroom that runs here, and the one that people and platforms reach it by."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from bot.doctor.asking import PATIENCE, NoAnswer, ask, said, silence, target
from bot.doctor.case import local
from bot.doctor.finding import Finding, fail, ok, skip, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.doctor.case import Case
    from bot.settings import Server

READY = "/readyz"
SOON = timedelta(days=14)
START = "start it with `wardroom serve`, then ask again"
NOT_UP = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
# What some of the ways to send a password to a proxy are called; Teams' own is `Bearer`.
LOGINS = ("basic", "digest", "negotiate", "ntlm")


async def is_up(http: httpx.AsyncClient, server: Server) -> bool:
    """Say whether a Wardroom runs on this machine at these settings' port."""
    try:
        answer = await ask(http, http.build_request("GET", local(server) + READY))
    except NoAnswer:
        return False
    return "checks" in said(answer)


async def server(case: Case) -> list[Finding]:
    """Look what a running server says of itself; there need not be one."""
    where = local(case.settings.server)
    try:
        answer = await ask(case.http, case.http.build_request("GET", where + READY))
    except NoAnswer as silent:
        if silent.is_refused:
            return [skip("server", f"none runs at {where}", START)]
        return [fail("server", silent.why, silent.mend)]
    checks = said(answer).get("checks")
    if not isinstance(checks, dict):
        mend = f"stop the other program (ss -ltnp), or choose another server.port; it is {where}"
        return [fail("server", f"something that is no Wardroom listens at {where}", mend)]
    return [_readiness(where, checks)]


def _readiness(where: str, checks: Mapping[str, object]) -> Finding:
    wrong = [f"{name}: {state}" for name, state in checks.items() if state != "ok"]
    if wrong:
        mend = "see what these say, in its log (journalctl -u wardroom) and in the lines around"
        return fail("server", f"runs at {where} and is not ready: {'; '.join(wrong)}", mend)
    return ok("server", f"runs at {where} and is ready: {', '.join(checks)}")


async def certificate(case: Case) -> list[Finding]:
    """Look whether the public address has a certificate that is believed, and for how long."""
    url = case.settings.server.public_url
    name = "certificate"
    if url is None or not url.startswith("https://"):
        mend = "set server.public_url to the https:// address, before production"
        return [skip(name, "there is no https:// address in server.public_url", mend)]
    host, port = target(url)
    try:
        ends = await _ends(host, port)
    except (OSError, TimeoutError) as error:
        silent = silence(url, error)
        if silent.is_refused and not case.is_up:
            return [skip(name, silent.why, f"start the proxy that ends TLS; {silent.mend}")]
        return [fail(name, silent.why, silent.mend)]
    left = ends - case.clock.now()
    text = f"{host}:{port} is believed until {ends:%Y-%m-%d} ({left.days} days)"
    if left < SOON:
        mend = "renew it (certbot renew, or your authority's way), and make the proxy load it"
        return [warn(name, text, mend)]
    return [ok(name, text)]


async def _ends(host: str, port: int) -> datetime:
    trust = await asyncio.to_thread(ssl.create_default_context)
    async with asyncio.timeout(PATIENCE):
        _, writer = await asyncio.open_connection(host, port, ssl=trust)
    try:
        shown = writer.get_extra_info("peercert")
    finally:
        writer.transport.abort()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)


async def door(case: Case, name: str, path: str, who: str) -> Finding:
    """Look whether a platform's address is answered by its door.

    What is posted is unsigned, so the right answer is 401: it is Wardroom that refuses.
    """
    base = case.settings.server.public_url
    if base is None:
        return skip(name, "there is no public_url", "set server.public_url to the https:// address")
    url = base.rstrip("/") + path
    try:
        answer = await ask(case.http, case.http.build_request("POST", url, json={}))
    except NoAnswer as silent:
        if silent.is_refused and not case.is_up:
            return skip(name, f"{silent.why}, and no Wardroom runs here", START)
        return fail(name, f"{url}: {silent.why}", silent.mend)
    return _opened(case, name, url, who, answer)


def _opened(case: Case, name: str, url: str, who: str, answer: httpx.Response) -> Finding:
    status = answer.status_code
    login = answer.headers.get("www-authenticate", "").partition(" ")[0].lower()
    if status == HTTPStatus.UNAUTHORIZED and login not in LOGINS:
        return ok(name, f"{url} refuses what is not signed, as it should (401)")
    text = f"{url} answers {status}, not 401"
    if login in LOGINS:
        mend = f"let the proxy pass {url} without a login: {who} has none for it"
        return fail(name, f"{url} wants a login of a proxy ({login})", mend)
    if status in NOT_UP and not case.is_up:
        return skip(name, f"{text}: no Wardroom runs behind it", START)
    if answer.is_redirect:
        return fail(name, text, "set server.public_url to where it leads: nobody follows redirects")
    if answer.is_success:
        mend = f"pass POST {url} on to {local(case.settings.server)}: somebody else answers there"
        return fail(name, text, mend)
    mend = (
        f"pass POST {url} on to {local(case.settings.server)} unchanged (method, headers, body); "
        "restart Wardroom if the settings are newer than it"
    )
    return fail(name, text, mend)
