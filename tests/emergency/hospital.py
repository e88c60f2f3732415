"""A hospital with a security channel, one for each service, and a commander who may break glass."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from bot.model import Place, Reply
from tests.house import Chat, write_site

SECURITY = "slack:C0SECURITY"
OWNERS = {"lab-results": "slack:C0LAB", "portal": "teams:19:portal", "pacs": "slack:C0PACS"}
OFFICER = "security-officer"
BREAK = 'break-glass INC-3 --service lab-results --reason "no results reach the wards"'


def write_hospital(folder: Path, url: str, **over: object) -> Path:
    """Write its settings; returns the settings file."""
    file = write_site(folder, url, channels={"security": SECURITY}, **over)
    people = json.loads((folder / "people.yaml").read_text())
    for person in people:
        if person["id"] == "commander":
            person["roles"].append("break_glass")
    services = json.loads((folder / "services.yaml").read_text())
    for service in services:
        service["channels"] = [OWNERS[service["id"]]]
    (folder / "people.yaml").write_text(json.dumps(people))
    (folder / "services.yaml").write_text(json.dumps(services))
    return file


@dataclass
class Channels:
    """A platform that shows everything, and remembers where."""

    platform: str
    spacing: float = 0.0
    shown: dict[str, list[str]] = field(default_factory=dict)

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:
        self.shown.setdefault(f"{self.platform}:{place.channel}", []).append(reply.text)
        return f"{len(self.shown)}.{key[:4]}"

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:  # noqa: ARG002 - it shows one list
        self.shown.setdefault(f"{self.platform}:{place.channel}", []).append(reply.text)

    def said(self, channel: str) -> str:
        """Return all that was shown in a channel."""
        return "\n".join(self.shown.get(channel, []))


def listen(chat: Chat) -> tuple[Channels, Channels]:
    """Have what is told in Slack and in Teams remembered."""
    slack, teams = Channels("slack"), Channels("teams")
    chat.house.outbox.messengers["slack"] = slack
    chat.house.outbox.messengers["teams"] = teams
    return slack, teams
