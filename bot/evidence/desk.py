"""Makes the evidence of a change; implements `bot.api.EvidenceDesk`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.audit.disclosure.vault import Vault
from bot.errors import BadInput
from bot.evidence.bundle import exported, zipped
from bot.evidence.gathering import Gathered, gather
from bot.evidence.page import document
from bot.model import Button, Reason, Reply, Visibility
from bot.ports.changes import EvidenceFile
from bot.render.printed import printed
from bot.render.text import text

CHATS: Final = frozenset({"slack", "teams"})

if TYPE_CHECKING:
    from bot.api import Caller
    from bot.model import Principal
    from bot.ports import AuditReader, ChangeTickets, Clock, Disclosures
    from bot.storage.database import Database


@dataclass(frozen=True)
class EvidenceMaker:
    """Gathers from the log, and writes the page and the export beside each other."""

    audit: AuditReader
    changes: ChangeTickets
    database: Database
    vault: Vault | None
    clock: Clock

    async def gathered(self, number: str) -> Gathered:
        """Return the events of a change; BadInput where neither log nor register has it."""
        found = await gather(self.audit, number)
        if not found.events:
            raise BadInput(
                f"There is no change {number} that the log knows. `change list --all` shows them.",
                reason=Reason.NOT_FOUND,
            )
        return found

    async def make(
        self, gathered: Gathered, shown: Gathered, reader: str, *, opened: bool
    ) -> EvidenceFile:
        """Return the bundle; `shown` has the texts that the reader may read, `opened` says all."""
        vault = self.vault if opened else None
        made, files = await self.database.read(lambda c: exported(c, gathered, vault))
        change = await self.changes.show(gathered.change)
        sheets = document(change, shown, at=self.clock.now(), reader=reader, complete=opened)
        page = printed(f"Evidence of {gathered.change}", sheets)
        name = f"evidence-{gathered.change}"
        content = zipped(name, files, page, made)
        return EvidenceFile(f"{name}.zip", content, sheets, len(gathered.events))


@dataclass(frozen=True)
class EvidenceDesk:
    """Says in chat where the evidence is had, and makes it for the console."""

    maker: EvidenceMaker
    disclosures: Disclosures
    address: str

    async def offer(self, number: str, caller: Caller) -> Reply:
        """Return what the bundle will hold, and its address in the console."""
        found = await self.maker.gathered(number)
        opened = self.disclosures.may_read(caller.principal)
        withheld = "" if opened else " What people wrote freely is withheld from you."
        url = f"{self.address}/changes/{number}/evidence"
        what = f"{len(found.events)} events of the log, with the proof of each"
        return Reply(
            f"The evidence of {number}: {what}.{withheld} The page: {url}, the whole as one zip: "
            f"{url}.zip",
            title=f"Evidence of {number}",
            fields=(
                ("Requests", ", ".join(found.requests)),
                ("Deploys", ", ".join(found.deploys)),
                ("Events", f"{found.events[0].seq} to {found.events[-1].seq}"),
            ),
            buttons=(Button("Page to print", url=url), Button("Download", url=f"{url}.zip")),
            code=await self._document(number, found, caller),
            visibility=Visibility.PRIVATE,
            refs={"change": number, "events": str(len(found.events))},
        )

    async def _document(self, number: str, found: Gathered, caller: Caller) -> str:
        """Return the page as text for a chat, which hands over as a file what is long."""
        if caller.place.platform not in CHATS:
            return ""
        shown = found.shown_as(await self.disclosures.shown(caller.principal, found.events))
        opened = self.disclosures.may_read(caller.principal)
        sheets = document(
            await self.maker.changes.show(number),
            shown,
            at=self.maker.clock.now(),
            reader=caller.principal.id,
            complete=opened,
        )
        return "\n\n".join(map(text, sheets))

    async def made(self, number: str, reader: Principal) -> EvidenceFile:
        """Return the bundle as somebody may read it; that it is made is on the record already."""
        found = await self.maker.gathered(number)
        shown = found.shown_as(await self.disclosures.shown(reader, found.events))
        opened = self.disclosures.may_read(reader)
        return await self.maker.make(found, shown, reader.id, opened=opened)
