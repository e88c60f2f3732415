"""Slack: the tokens, what they may do, the way in, and the channels that we are to write to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bot.adapters.slack.manifest import PATH, SCOPES
from bot.doctor.address import door
from bot.doctor.asking import PATIENCE, NoAnswer, ask, said, silence, target, word
from bot.doctor.finding import Finding, fail, ok, skip, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.doctor.case import Case
    from bot.settings import Slack

HOW = "docs/install-slack.md says how, step by step"
GOV = "https://slack-gov.com/api/"
LIMITED = "ratelimited"
AT_ONCE = 4  # channels asked for at the same time; Slack takes about one a second
# Asked for by no part of the product; with them the doctor can see into channels.
SEEING = frozenset({"channels:read", "groups:read"})


@dataclass(frozen=True)
class Told:
    """What a method answered: its error, or the data, and the scopes of the token."""

    error: str
    data: Mapping[str, Any] = field(default_factory=dict)
    scopes: frozenset[str] | None = None


async def look(case: Case) -> list[Finding]:
    """Look at everything that Slack can tell about our app, by reading alone."""
    given = case.settings.slack
    if given is None:
        return [skip("slack", "is not set up", HOW)]
    way_in = asyncio.ensure_future(_way_in(case, given))
    try:
        told = await call(case, "auth.test")
    except NoAnswer as silent:
        return [fail("slack token", silent.why, silent.mend), await way_in]
    if told.error:
        return [_refused(given, told.error), await way_in]
    names = case.channels("slack")
    channels = await channel_lines(case, "slack channels", names) if names else []
    return [_whose(told), _scopes(given, told), await way_in, _workspace(case, told), *channels]


async def call(case: Case, method: str, *, token: str = "", **form: str) -> Told:
    """Call a method of Slack's that only reads; `NoAnswer` where it says nothing."""
    given = case.settings.slack
    if given is None:
        raise NoAnswer("Slack is not set up", HOW)
    bearer = token or given.bot_token.get_secret_value()
    request = case.http.build_request(
        "POST", given.api_url + method, data=form, headers={"Authorization": f"Bearer {bearer}"}
    )
    answer = await ask(case.http, request)
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Told(LIMITED)
    data = said(answer)
    if "ok" not in data:
        mend = f"slack.api_url should be https://slack.com/api/ (GovSlack: {GOV}); a proxy's page?"
        raise NoAnswer(f"{given.api_url} is not Slack's API (HTTP {answer.status_code})", mend)
    listed = answer.headers.get("x-oauth-scopes")
    scopes = None if listed is None else frozenset(part.strip() for part in listed.split(","))
    return Told("" if data["ok"] is True else word(data.get("error"), "unknown"), data, scopes)


def _app(given: Slack) -> str:
    """Return where our app's pages are."""
    return f"{'api.slack-gov.com' if 'slack-gov' in given.api_url else 'api.slack.com'}/apps > ours"


def _refused(given: Slack, error: str) -> Finding:
    pages = _app(given)
    copy = f"copy it again: {pages} > OAuth & Permissions > Bot User OAuth Token (xoxb-...), into "
    copy += "slack.bot_token_file"
    again = f"{pages} > Install App > Reinstall; then {copy}"
    mends = {
        "account_inactive": again,
        "token_revoked": again,
        "token_expired": f"token rotation is on: {pages} > OAuth & Permissions; then {copy}",
        "not_allowed_token_type": f"this is another kind of token; {copy}",
        "team_access_not_granted": "an Org Admin adds the app to the workspace",
        "access_denied": f"{pages} > OAuth & Permissions > Restrict API Token Usage: let us in",
        LIMITED: "ask again in a minute",
    }
    mend = mends.get(error, f"{copy} (GovSlack: slack.api_url: {GOV})")
    line = warn if error == LIMITED else fail
    return line("slack token", f"Slack does not take the bot token ({error})", mend)


def _whose(told: Told) -> Finding:
    team, url = told.data.get("team"), told.data.get("url")
    named = f"{team} " if isinstance(team, str) and team else ""
    shown = f", {url}" if isinstance(url, str) and url else ""
    return ok("slack token", f"is of {named}({_home(told)}){shown}")


def _home(told: Told) -> str:
    """Return the tenant of people here, as the Slack door has it: organisation, or workspace."""
    is_org = told.data.get("is_enterprise_install") is True
    return str(told.data.get("enterprise_id" if is_org else "team_id") or "")


def _scopes(given: Slack, told: Told) -> Finding:
    name, asked = "slack scopes", frozenset(SCOPES)
    if told.scopes is None:
        mend = f"compare {_app(given)} > OAuth & Permissions > Scopes with: wardroom manifest slack"
        return skip(name, "Slack did not say what was granted", mend)
    missing, more = sorted(asked - told.scopes), sorted(told.scopes - asked - SEEING)
    paste = (
        f"{_app(given)} > App Manifest: paste what `wardroom manifest slack` prints, Save; then "
    )
    paste += "Install App > Reinstall (an admin may have to approve)"
    if missing:
        why = "; ".join(f"{scope} (to {SCOPES[scope]})" for scope in missing)
        return fail(name, f"not granted: {why}", paste)
    if more:
        return warn(name, f"granted and used by nothing here: {', '.join(more)}", paste)
    return ok(name, f"all {len(asked)} that the manifest asks for are granted")


def _workspace(case: Case, told: Told) -> Finding:
    name, home = "slack workspace", _home(told)
    known = case.tenants("slack")
    where = f"in {case.settings.people}, as slack: {{team: {home}, user: U...}}"
    if home not in known:
        others = f"; their teams are {', '.join(sorted(known))}" if known else ""
        text = f"nobody in the people file has an account in {home}{others}"
        return fail(name, text, f"name people's accounts {where}")
    strangers = sorted(known - {home})
    if strangers:
        text = f"accounts in {', '.join(strangers)} are not of {home}, so nobody can use them"
        return warn(name, text, f"take them out, or name the accounts {where}")
    return ok(name, f"people's accounts are in {home}, as the token is")


async def _way_in(case: Case, given: Slack) -> Finding:
    """Look at the way that Slack reaches us: the socket that we open, or our address."""
    if given.app_token is None:
        return await door(case, "slack address", PATH, "Slack")
    name, pages = "slack socket", _app(given)
    make = f"{pages} > Basic Information > App-Level Tokens: make one with connections:write"
    make += ", into slack.app_token_file"
    try:
        told = await call(case, "apps.connections.open", token=given.app_token.get_secret_value())
        if told.error == LIMITED:
            return warn(name, "Slack asks to come back later", "ask again in a minute")
        if told.error:
            text = f"Slack opens no socket for the app token ({told.error})"
            return fail(name, text, f"{make}; and Socket Mode: Enable Socket Mode is on")
        return await _reachable(name, str(told.data.get("url") or ""))
    except NoAnswer as silent:
        return fail(name, silent.why, silent.mend)


async def _reachable(name: str, url: str) -> Finding:
    """Look whether the socket's server is reached.

    Not more: a second open socket would be given messages of the running server's.
    """
    host, port = target(url)
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        silent = silence(url, error)
        text = f"Slack offers a socket, and from here {silent.why}"
        return warn(name, text, f"fine behind a proxy that passes WebSockets; else {silent.mend}")
    writer.transport.abort()
    return ok(name, f"Slack offers a socket, and {host}:{port} is reached")


async def channel_lines(case: Case, name: str, channels: list[str]) -> list[Finding]:
    """Look whether we are in channels; what cannot be seen at all is said once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(channel: str) -> Finding | None:
        async with turn:
            return await _channel(case, name, channel)

    found = await asyncio.gather(*(one(channel) for channel in channels))
    seen = [finding for finding in found if finding is not None]
    unseen = [channel for channel, line in zip(channels, found, strict=True) if line is None]
    if unseen:
        text = f"not visible without {' and '.join(sorted(SEEING))}: {', '.join(unseen)}"
        mend = "type `/invite @Wardroom` in each; it answers that it is there already, or joins"
        seen.append(skip(name, text, mend))
    return seen


async def _channel(case: Case, name: str, channel: str) -> Finding | None:
    """Return how it is with one channel; None where the token may not see it."""
    try:
        told = await call(case, "conversations.info", channel=channel)
    except NoAnswer as silent:
        return fail(name, silent.why, silent.mend)
    invite = "open it in Slack and type: /invite @Wardroom"
    match told.error:
        case "missing_scope":
            return None
        case "channel_not_found":
            mend = f"{invite}; its id stands at the end of its About tab"
            return fail(name, f"{channel} is not there, or is private and we are not in it", mend)
        case "":
            return _joined(name, channel, told.data.get("channel"), invite)
        case other if other == LIMITED:
            return skip(name, f"{channel}: Slack asks to come back later", "ask again in a minute")
        case other:
            return fail(name, f"{channel}: Slack says {other}", invite)


def _joined(name: str, channel: str, data: object, invite: str) -> Finding:
    about = data if isinstance(data, dict) else {}
    called = f"{channel} (#{about['name']})" if isinstance(about.get("name"), str) else channel
    if about.get("is_archived") is True:
        return fail(name, f"{called} is archived", "name another channel, or bring it back")
    if about.get("is_member") is not True:
        return fail(name, f"we are not in {called}", invite)
    return ok(name, f"we are in {called}")
