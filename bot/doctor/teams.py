"""Microsoft Teams: the keys, our token, the way in, the package, people and channels."""

from __future__ import annotations

import asyncio
import json
import re
import zipfile
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot import __version__
from bot.adapters.teams import package
from bot.adapters.teams.credentials import by_identity, by_password
from bot.adapters.teams.graph import PERMISSION
from bot.doctor.address import door
from bot.doctor.asking import NoAnswer, ask, said, word
from bot.doctor.database import UNREADABLE, reference
from bot.doctor.finding import Finding, State, fail, ok, skip, warn
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

    from bot.doctor.case import Case
    from bot.settings import Teams

HOW = "docs/install-teams.md says how, step by step"
PATH = "/api/messages"
PACKAGE = "wardroom-teams.zip"
CHANNEL = "msteams"
CODE = re.compile(r"AADSTS(\d+)")
APP = "portal.azure.com > App registrations > ours"
IDS = f"compare teams.app_id and teams.tenant_id with {APP} > Overview"
SECRET = f"{APP} > Certificates & secrets > New client secret; copy its Value (not its Secret ID) "
SECRET += "into teams.app_password_file"
# What Microsoft's sign-in service says, in words (its own are longer), and the mend.
CODES = {
    "7000215": ("the app's password is wrong", SECRET),
    "7000222": ("the app's password has expired", SECRET),
    "700016": ("the app is not in this tenant", IDS),
    "7000229": (
        "the app has no service principal in this tenant",
        f"make one: {APP} > Overview > Managed application in local directory > Create",
    ),
    "7000112": ("the app is disabled", "Entra ID > Enterprise applications > ours > Properties"),
    "90002": (
        "there is no such tenant",
        f"{IDS}; in a government cloud teams.login_url: https://login.microsoftonline.us/",
    ),
    "500011": (
        "the tenant does not know the service that the token is for",
        "set teams.issuer and teams.graph_url as docs/install-teams.md has them for your cloud",
    ),
    "900023": ("the tenant's id is no id", IDS),
    "53003": (
        "Conditional Access keeps the app out",
        "let this machine's address in: Entra ID > Conditional Access, for workload identities",
    ),
}


async def look(case: Case) -> list[Finding]:
    """Look at everything that Microsoft can tell about our app, by reading alone."""
    given = case.settings.teams
    if given is None:
        return [skip("teams", "is not set up", HOW)]
    way_in = door(case, "teams address", PATH, "Teams")
    keys, token, rooms, address, zipped, channels = await asyncio.gather(
        _keys(case, given),
        _token(case, given, "teams token", given.issuer),
        _rooms(case, given),
        way_in,
        asyncio.to_thread(_package, case, given),
        channel_lines(case, "teams channels", case.channels("teams")),
    )
    return [keys, token, *rooms, address, zipped, _people(case, given), *channels]


async def _keys(case: Case, given: Teams) -> Finding:
    name = "teams keys"
    mend = "set teams.openid_metadata_url as wardroom.example.yaml has it, or as your cloud does"
    try:
        metadata = await _get(case.http, given.openid_metadata_url)
        where = metadata.get("jwks_uri")
        if not isinstance(where, str):
            return fail(name, f"{given.openid_metadata_url} names no keys", mend)
        listed = (await _get(case.http, where)).get("keys")
    except NoAnswer as silent:
        return fail(name, silent.why, silent.mend)
    keys = [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
    ours = [key for key in keys if CHANNEL in (key.get("endorsements") or [])]
    if not ours:
        return fail(name, f"none of the {len(keys)} keys at {where} may speak for Teams", mend)
    if metadata.get("issuer") != given.issuer:
        text = f"the keys are of {metadata.get('issuer')}, and teams.issuer is {given.issuer}"
        return fail(name, text, f"set teams.issuer: {metadata.get('issuer')}")
    return ok(name, f"{len(ours)} keys may speak for Teams, at {where}")


async def _get(http: httpx.AsyncClient, url: str) -> dict[str, object]:
    answer = await ask(http, http.build_request("GET", url))
    if answer.status_code != HTTPStatus.OK:
        raise NoAnswer(f"{url} answers {answer.status_code}", f"look with: curl -sv {url}")
    return dict(said(answer))


async def _rooms(case: Case, given: Teams) -> list[Finding]:
    """Look whether channels can be made, where rooms are channels; what owners said is not seen."""
    if given.rooms == "thread":
        return []
    name, graph = "teams rooms", given.graph_url.rstrip("/")
    found = await _token(case, given, name, graph)
    if found.state is not State.OK:
        return [found]
    text = f"channels by {graph}, in each team whose owner granted {PERMISSION} by adding the app"
    return [ok(name, text)]


async def _token(case: Case, given: Teams, name: str, resource: str) -> Finding:
    """Look whether Microsoft gives us a token for one of its services; it is thrown away."""
    try:
        answer = await ask(case.http, _grant(case, given, resource))
    except NoAnswer as silent:
        return fail(name, silent.why, silent.mend)
    data = said(answer)
    if answer.is_success and isinstance(data.get("access_token"), str):
        return ok(name, f"granted to {given.app_id}, for {resource}")
    found = CODE.search(answer.text)
    code = found[1] if found else ""
    if code in CODES:
        why, mend = CODES[code]
        return fail(name, f"{why} (AADSTS{code})", mend)
    error = f"AADSTS{code}" if code else word(data.get("error"), f"HTTP {answer.status_code}")
    if given.managed_identity_url:
        mend = "give the identity to this machine: portal.azure.com > the machine > Identity > User"
        return fail(name, f"this machine is given no token ({error})", f"{mend} assigned > Add")
    more = f"; what the code means: login.microsoftonline.com/error?code={code}" if code else ""
    return fail(name, f"Microsoft gives no token ({error})", f"{IDS}; else {SECRET}{more}")


def _grant(case: Case, given: Teams, resource: str) -> httpx.Request:
    """Return the same request that the Teams door asks with."""
    if given.managed_identity_url:
        url, app = given.managed_identity_url, given.app_id
        return by_identity(case.http, url=url, app_id=app, resource=resource)()
    return by_password(
        case.http,
        login_url=given.login_url,
        tenant=given.tenant_id,
        app_id=given.app_id,
        password=given.app_password.get_secret_value() if given.app_password else "",
        scope=f"{resource}/.default",
    )()


def _package(case: Case, given: Teams) -> Finding:
    """Look whether the package beside the settings is of this app and of these commands."""
    name, file = "teams package", case.folder / PACKAGE
    make = f"wardroom manifest teams --out {file}, then upload it: Teams admin center > Manage apps"
    if not file.exists():
        return skip(name, f"there is no {file} to compare with", make)
    try:
        with zipfile.ZipFile(file) as opened:
            made = json.loads(opened.read("manifest.json"))
        ids = {str(made["id"]).lower(), *(str(bot["botId"]).lower() for bot in made["bots"])}
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError):
        return fail(name, f"{file} is no package of a Teams app", make)
    if ids != {given.app_id.lower()}:
        text = f"{file} is of {', '.join(sorted(ids))}, and teams.app_id is {given.app_id}"
        return fail(name, text, make)
    if made not in _current(case, given):
        return warn(name, f"{file} was made from other commands or settings", make)
    return ok(name, f"{file} is of this app and of these commands")


def _current(case: Case, given: Teams) -> list[object]:
    """Return the manifests that would be made now, without and with commands under `/`."""
    try:
        return [
            package.manifest(
                case.commands,
                app_id=given.app_id,
                version=__version__,
                public_url=case.settings.server.address,
                has_slash=has_slash,
                has_channel_rooms=given.rooms == "channel",
            )
            for has_slash in (False, True)
        ]
    except ConfigurationError:
        return []


def _people(case: Case, given: Teams) -> Finding:
    name, known, home = "teams people", case.tenants("teams"), given.tenant_id.lower()
    where = f"in {case.settings.people}, as teams: {{tenant: {home}, object_id: ...}}"
    if home not in known:
        text = f"nobody in the people file has an account in the tenant {home}"
        return fail(name, text, f"name people's accounts {where}")
    others = sorted(known - {home})
    if others:
        text = f"accounts in {', '.join(others)} are of other tenants, so nobody can use them"
        return warn(name, text, f"take them out, or name the accounts {where}")
    return ok(name, f"people's accounts are in {home}, as teams.tenant_id says")


async def channel_lines(case: Case, name: str, channels: list[str]) -> list[Finding]:
    """Look whether the app was added where we are to write: Teams told us, or has not yet."""
    found = []
    for channel in channels:
        try:
            known = await reference(case, channel)
        except UNREADABLE:
            mend = "ask again once the server has run: wardroom doctor --only database"
            return [skip(name, "the database does not say yet where the app is", mend)]
        found.append(_written(name, channel, known is not None, bool(known and known.is_blocked)))
    return found


def _written(name: str, channel: str, is_known: bool, is_blocked: bool) -> Finding:  # noqa: FBT001 - two facts about one channel
    add = "in Teams: Apps > Built for your org > Wardroom > Add to a team, and choose the channel"
    if is_blocked:
        return fail(name, f"Teams lets us write nothing in {channel}: removed or blocked", add)
    if not is_known:
        mend = f"{add}; while the server runs, for Teams tells it then"
        return fail(name, f"we have not heard of {channel}", mend)
    return ok(name, f"the app is in {channel}")
