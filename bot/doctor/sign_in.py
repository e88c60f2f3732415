"""The sign-in provider of signed approvals: is it there, is it the one, and has it keys."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot.adapters.web.oidc.asking import is_safe
from bot.adapters.web.oidc.keys import ALGORITHMS
from bot.doctor.asking import NoAnswer, ask, said
from bot.doctor.finding import Finding, fail, ok, warn
from bot.errors import WardroomError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from bot.doctor.case import Case
    from bot.oidc_settings import Oidc

NAME, KEYS, CLOCK, PEOPLE = "sign-in", "sign-in keys", "sign-in clock", "sign-in people"
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OFF = timedelta(seconds=10)  # a sign-in that seems older than the asking for it is refused
DOCUMENT = "docs/signed-approvals.md"


async def look(case: Case) -> list[Finding]:
    """Look at the provider's own description and keys, as a signature will."""
    given = case.settings.oidc
    if given is None:
        return [ok(NAME, "none is set up, so no approval is signed")]
    try:
        answer = await _asked(case.http, given.discovery)
    except NoAnswer as silent:
        return [fail(NAME, silent.why, silent.mend)]
    described = said(answer)
    found = _description(given, described)
    if found is not None:
        return [found, *_people(case)]
    first = ok(NAME, f"{given.issuer} describes itself, and is the issuer that is set")
    keys = given.jwks_url or str(described["jwks_uri"])
    return [first, await _keys(case.http, keys), _clock(case, answer), *_people(case)]


def _description(given: Oidc, described: Mapping[str, Any]) -> Finding | None:
    """Return what is wrong with what the provider says of itself, if anything is."""
    issuer = described.get("issuer")
    if issuer != given.issuer:
        text = f"{given.discovery} is of {issuer}, and oidc.issuer is {given.issuer}"
        mend = "set oidc.issuer to exactly what the provider says, each character"
        return fail(NAME, text, mend)
    named = {name: described.get(name) for name in NEEDED}
    bad = [n for n, url in named.items() if not is_safe(str(url or ""), given.discovery)]
    if bad:
        text = f"{given.discovery} names no safe {', '.join(bad)}"
        return fail(NAME, text, "use the provider's https:// addresses; it may need a public name")
    methods = described.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:
        mend = f"let the provider's client use PKCE with S256: {DOCUMENT}"
        return warn(NAME, f"{given.issuer} does not say that it takes PKCE with S256", mend)
    return None


async def _keys(http: httpx.AsyncClient, url: str) -> Finding:
    try:
        listed = said(await _asked(http, url)).get("keys")
    except NoAnswer as silent:
        return fail(KEYS, silent.why, silent.mend)
    keys = [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
    usable = [key for key in keys if _is_usable(key)]
    if not usable:
        mend = f"let it sign ID tokens with RS256 or ES256: {DOCUMENT}"
        return fail(KEYS, f"none of the {len(keys)} keys at {url} can sign for us", mend)
    return ok(KEYS, f"{len(usable)} of {len(keys)} keys at {url} may sign")


def _is_usable(key: Mapping[str, Any]) -> bool:
    kind = key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"
    return kind and isinstance(key.get("kid"), str) and key.get("alg", "RS256") in ALGORITHMS


def _clock(case: Case, answer: httpx.Response) -> Finding:
    try:
        there = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return ok(CLOCK, "the provider does not say what time it has")
    off = there - case.clock.now().astimezone(UTC).replace(microsecond=0)
    if abs(off) > OFF:
        text = f"the provider's clock is {off.total_seconds():+.0f} s from ours"
        mend = "let both take their time from the same place (NTP); sign-ins are refused otherwise"
        return warn(CLOCK, text, mend)
    return ok(CLOCK, f"within {OFF.total_seconds():.0f} s of ours")


def _people(case: Case) -> list[Finding]:
    if isinstance(case.people, WardroomError):
        return []
    accounts = case.people.by_account.items()
    signing = {owner for account, owner in accounts if account.platform == "oidc"}
    if not signing:
        mend = f"give whoever signs their `oidc: {{subject: ...}}` in the people file: {DOCUMENT}"
        return [warn(PEOPLE, "nobody in the people file has an account there", mend)]
    return [ok(PEOPLE, f"{len(signing)} of {len(case.people.by_id)} people can sign")]


async def _asked(http: httpx.AsyncClient, url: str) -> httpx.Response:
    answer = await ask(http, http.build_request("GET", url))
    if answer.status_code != HTTPStatus.OK:
        raise NoAnswer(f"{url} answers {answer.status_code}", f"look with: curl -sv {url}")
    return answer
