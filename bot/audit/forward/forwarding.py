"""Every receiver of the log that the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from bot.audit.export import atna, cef, fhir, ocsf, syslog
from bot.audit.forward.cursor import Cursor
from bot.audit.forward.forwarder import LOOK, Forwarder
from bot.audit.forward.splunk import SplunkTarget
from bot.audit.forward.syslog import PORT, SyslogTarget
from bot.audit.forward.target import Target
from bot.audit.forward.web import client
from bot.audit.forward.webhook import WebhookTarget
from bot.forward_settings import Forward
from bot.model import Event
from bot.ports import Clock
from bot.storage.database import Database


def _stored(event: Event) -> bytes:
    return event.body + b"\n"


_LINES: Final[Mapping[str, Callable[[Event], bytes]]] = {
    "jsonl": _stored,
    "cef": cef.line,
    "fhir": fhir.line,
    "ocsf": ocsf.line,
}


def target_of(given: Forward) -> Target:
    """Return the receiver that the settings describe."""
    context = given.context()
    token = given.token.get_secret_value() if given.token else ""
    if given.kind == "syslog":
        host, port = given.address
        return SyslogTarget(host, port or PORT, _message(given.format), context)
    if given.kind == "webhook":
        return WebhookTarget(client(context), given.url, token, _LINES[given.format])
    shown = ocsf.activity if given.format == "ocsf" else _shown
    url = given.url.rstrip("/") + "/"
    return SplunkTarget(client(context), url, token, shown, given.index, given.acknowledged)


def _message(form: str) -> Callable[[Event], bytes]:
    if form == "atna":
        return atna.message

    def message(event: Event) -> bytes:
        content = _LINES[form](event).decode("utf-8", "replace").rstrip("\n")
        return syslog.message(event, str(event.data.get("kind", "")), content)

    return message


def _shown(event: Event) -> dict[str, Any]:
    return dict(event.data)


@dataclass(frozen=True)
class Forwarding:
    """All of them, each with a place of its own in the log."""

    forwarders: tuple[Forwarder, ...] = ()

    @classmethod
    def made(
        cls, given: Mapping[str, Forward], database: Database, clock: Clock, replica: str
    ) -> Self:
        """Return those of the settings; nothing is sent before `start`."""
        return cls(
            tuple(
                Forwarder(
                    name=name,
                    target=target_of(each),
                    database=database,
                    cursor=Cursor(database, name, replica),
                    clock=clock,
                    batch=each.batch,
                    patience=timedelta(minutes=each.alert_minutes),
                    look=LOOK,
                )
                for name, each in given.items()
            )
        )

    def start(self) -> None:
        """Begin to send."""
        for each in self.forwarders:
            each.start()

    async def close(self) -> None:
        """Stop, each after the batch that is under way."""
        await asyncio.gather(*(each.close() for each in self.forwarders))

    def trouble(self) -> Mapping[str, str]:
        """Return the receivers that have taken nothing for too long, with one sentence each."""
        found = {f"forward {each.name}": each.trouble() for each in self.forwarders}
        return {name: said for name, said in found.items() if said}
