"""Signed approvals: a link for one person, a fresh sign-in, and a signature that counts once.

A link has no authority: whoever has it still has to sign in as its person. Everything from the
asking to the button happens within five minutes, so no sign-in that counts is older.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from bot.api import Done
from bot.dispatch import cards
from bot.dispatch.outbound import is_clean, masked_value
from bot.errors import Conflict, NotAuthorised, Refused
from bot.model import (
    Account,
    Approval,
    Button,
    Draft,
    Kind,
    Place,
    Reason,
    Reply,
    Request,
    RequestState,
    Signing,
    SigningStage,
    Style,
    Visibility,
)
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import Caller
    from bot.model import Principal
    from bot.ports import Clock, Directory, Ledger, Transaction
    from bot.stores import Requests, Signings

OIDC: Final = "oidc"  # the platform of the accounts at the sign-in provider
PLACE: Final = Place("web", "signing")
VERB: Final = "approve"
PATH: Final = "sign"
LASTS: Final = timedelta(minutes=5)
AHEAD: Final = timedelta(seconds=60)  # how much the provider's clock may be ahead of ours
REMEMBERED: Final = timedelta(days=1)  # how long a used link is told from one that never was
# No vowels: no link holds a word. No digits: none looks like somebody's number.
LETTERS: Final = "bcdfghjklmnpqrstvwxz"
LENGTH: Final = 40  # 172 bits

UNKNOWN: Final = "There is no such link, or a newer one took its place. {again}"
ELSEWHERE: Final = (
    "This sign-in was begun in another browser, or in no way of ours, so nothing is signed."
)
NOT_SET_UP: Final = (
    "{request} needs a signed approval, and no sign-in provider is set up here, so it cannot be "
    "approved. Your Wardroom administrator finds the mend in docs/signed-approvals.md."
)


@dataclass(frozen=True)
class SigningDesk:
    """Offers links and takes what comes of them; implements `bot.ports.signatures.Signatures`.

    `url` is where people reach us; "" where no sign-in provider is set up.
    """

    signings: Signings
    requests: Requests
    directory: Directory
    ledger: Ledger
    clock: Clock
    url: str

    def offer(self, caller: Caller, request: Request, roles: Sequence[str]) -> Done:
        """Make a link; it is added to the answer after the record, which never holds it."""
        if not self.url:
            raise Refused(Reason.UNAVAILABLE, NOT_SET_UP.format(request=request.id))
        now, secret = self.clock.now(), _new_secret()
        who, shown = caller.principal, " and ".join(role.replace("_", " ") for role in roles)
        signing = Signing(
            link=hashed(secret),
            person=who.id,
            name=who.name,
            meaning=f"approved as {shown}: {request.proposal.summary}",
            request=request.id,
            digest=request.digest,
            asked=now,
            expires=now + LASTS,
            correlation=caller.correlation,
        )
        until = written(signing.expires, to_the_second=True)

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            address = f"{self.url}/{PATH}/{secret}"
            said = (
                f"{request.id} needs your signature: open {address} and sign in afresh before "
                f"{until}. It works once and for you alone. Your approval has not counted yet."
            )
            button = Button("Sign in to sign", style=Style.PRIMARY, url=address)
            return replace(reply, text=said, buttons=(button,))

        reply = Reply(
            f"{request.id} needs a signature: a link to sign it was made, good until {until}.",
            reason=Reason.PENDING_APPROVAL,
            visibility=Visibility.PRIVATE,
            request=request.id,
        )
        forget = now - REMEMBERED
        return Done((self.signings.offer(signing, forget=forget),), lambda _results: reply, tell)

    async def brought(self, caller: Caller, request: Request) -> Signing | None:
        """Return the signing that a caller comes from the signing page with; None from a chat."""
        if caller.account.platform != OIDC:
            return None
        signing = await self.signings.proved(caller.principal.id, request.id)
        if signing is None or signing.subject != caller.account.user:
            raise NotAuthorised(f"There is nothing to sign. {_again(request.id)}")
        if signing.digest != request.digest:
            raise Refused(Reason.SUPERSEDED, _outdated(signing))
        return signing

    def sign(self, tx: Transaction, signing: Signing, mine: Approval) -> Approval:
        """Return the approval with its signature, and use that up."""
        if mine.at >= signing.expires:
            raise Conflict(_late(signing), reason=Reason.EXPIRED)
        if not self.signings.move(signing, replace(signing, stage=SigningStage.SIGNED))(tx):
            raise Conflict(_used(signing), reason=Reason.DUPLICATE)
        return replace(mine, signed_name=signing.name, signed_at=mine.at, meaning=signing.meaning)

    async def offered(self, link: str) -> Signing:
        """Return what a link is for, without using it up."""
        signing = await self.signings.by_link(hashed(link))
        if signing is None:
            raise Refused(Reason.NOT_FOUND, UNKNOWN.format(again=_again("REQ-n")))
        if signing.stage is not SigningStage.OFFERED:
            raise Refused(Reason.DUPLICATE, _used(signing))
        if self.clock.now() >= signing.expires:
            raise Refused(Reason.EXPIRED, _late(signing))
        return signing

    async def sent(self, link: str, browser: str) -> Signing:
        """Use a link up: its person goes to sign in, in the browser that `browser` stands for."""
        signing = await self.signings.by_link(hashed(link))
        if signing is None:
            raise Refused(Reason.NOT_FOUND, UNKNOWN.format(again=_again("REQ-n")))
        await self._require(signing, SigningStage.OFFERED)
        after = replace(signing, stage=SigningStage.SENT, browser=hashed(browser))
        await self._move(signing, after, f"{signing.request}: to the sign-in provider, to sign")
        return after

    async def elsewhere(self, browser: str) -> NoReturn:
        """Refuse what comes back in another browser than it was begun in; that one may go on."""
        signing = await self.signings.by_browser(hashed(browser))
        if signing is None:
            raise NotAuthorised(ELSEWHERE)
        await self._refuse_only(signing, Reason.NOT_AUTHORISED, ELSEWHERE, "another browser")

    async def returned(self, browser: str) -> Signing:
        """Take somebody who comes back from the provider, once."""
        signing = await self._in(browser)
        await self._require(signing, SigningStage.SENT)
        after = replace(signing, stage=SigningStage.RETURNED)
        await self._move(signing, after, f"{signing.request}: back from the sign-in provider")
        return after

    async def proved(self, signing: Signing, subject: str, signed_in: datetime | None) -> Signing:
        """Believe who they are: whose account it is, and whether they signed in for this."""
        why, error = self._doubt(signing, signed_in)
        if why:
            await self.refuse(signing, Reason.NOT_AUTHORISED, why, error=error, subject=subject)
        who = self.directory.identify(Account(OIDC, subject))
        if who is None or who.id != signing.person:
            why = f"That sign-in is not {signing.person}'s, whose link this is: nothing is signed."
            reason = Reason.NOT_IDENTIFIED if who is None else Reason.NOT_AUTHORISED
            await self.refuse(signing, reason, why, error="wrong subject", subject=subject)
        after = replace(signing, stage=SigningStage.PROVED, subject=subject, signed_in=signed_in)
        at = written(signed_in, to_the_second=True) if signed_in else ""
        said = f"{signing.request}: {signing.person} signed in at {at}, to sign"
        await self._move(signing, after, said)
        return after

    async def ready(self, browser: str) -> tuple[Signing, Request]:
        """Return what a browser's person is about to sign."""
        signing = await self._in(browser)
        request = await self._require(signing, SigningStage.PROVED)
        return signing, request

    async def refuse(
        self, signing: Signing, reason: Reason, text: str, *, error: str, subject: str = ""
    ) -> NoReturn:
        """Record that a signing came to nothing, and raise that as `Refused`."""
        said = f"{text} {_again(signing.request)}"
        who = self.directory.identify(Account(OIDC, subject)) if subject else None
        draft = self._draft(signing, Kind.REFUSED, said, subject)
        draft = _unproved(draft, signing, reason, error, who)
        ended = replace(signing, stage=SigningStage.REFUSED)
        # One that was signed stays so, whatever is tried with its link afterwards.
        is_over = signing.stage in (SigningStage.SIGNED, SigningStage.REFUSED)
        await self.ledger.append(draft, *(() if is_over else (self.signings.move(signing, ended),)))
        raise Refused(reason, said)

    async def _in(self, browser: str) -> Signing:
        signing = await self.signings.by_browser(hashed(browser))
        if signing is None:
            raise Refused(Reason.NOT_FOUND, UNKNOWN.format(again=_again("REQ-n")))
        return signing

    async def _require(self, signing: Signing, stage: SigningStage) -> Request:
        """Return the request that waits for a signing, or refuse: each step is taken once."""
        if signing.stage is not stage:
            await self._refuse_again(signing)
        if self.clock.now() >= signing.expires:
            await self.refuse(signing, Reason.EXPIRED, _over(signing), error="too late")
        request = await self.requests.show(signing.request)
        if request is None or request.digest != signing.digest:
            why = _outdated(signing)
            await self.refuse(signing, Reason.SUPERSEDED, why, error="another proposal")
            raise AssertionError(why)  # for the type checker: `refuse` never returns
        if request.state is not RequestState.PENDING:
            ended = cards.ENDINGS[request.state]
            reason = Reason.DUPLICATE if ended is Reason.OK else ended
            await self.refuse(signing, reason, cards.ended(request).text, error="request ended")
        return request

    async def _refuse_again(self, signing: Signing) -> NoReturn:
        """Refuse a step that was taken already."""
        error = f"used again when {signing.stage.value}"
        await self._refuse_only(signing, Reason.DUPLICATE, _used(signing), error)

    async def _refuse_only(
        self, signing: Signing, reason: Reason, text: str, error: str
    ) -> NoReturn:
        """Record a refusal and leave the signing as it is."""
        draft = self._draft(signing, Kind.REFUSED, text, "")
        await self.ledger.append(_unproved(draft, signing, reason, error))
        raise Refused(reason, text)

    async def _move(self, before: Signing, after: Signing, said: str) -> None:
        move, draft = self.signings.move(before, after), self._draft(after, Kind.SYSTEM, said, "")

        def effect(tx: Transaction) -> None:
            if not move(tx):
                raise Conflict(_used(before), reason=Reason.DUPLICATE)

        try:
            await self.ledger.append(draft, effect)
        except Conflict:
            await self._refuse_again(before)

    def _doubt(self, signing: Signing, signed_in: datetime | None) -> tuple[str, str]:
        """Return why a sign-in is not believed to be one for this, and the same for the record."""
        if signed_in is None:
            why = "The sign-in provider does not say when you signed in (auth_time), so nothing is "
            return why + "signed; your Wardroom administrator can mend that.", "no auth_time"
        now = self.clock.now()
        if signed_in > now + AHEAD:
            return "The sign-in provider's clock is ahead of ours, so nothing is signed.", "ahead"
        # The provider says whole seconds.
        if signed_in < signing.asked.replace(microsecond=0) or now - signed_in > LASTS:
            why = "You were signed in already: a signature needs a sign-in of its own."
            return why, "stale auth_time"
        return "", ""

    def _draft(self, signing: Signing, kind: Kind, said: str, subject: str) -> Draft:
        account = Account(OIDC, subject or signing.subject)
        who = self.directory.person(signing.person)
        return Draft(
            kind=kind,
            verb=VERB,
            correlation=signing.correlation,
            person=signing.person,
            roles=tuple(sorted(who.roles)) if who else (),
            account=account if is_clean(account.user) else masked_value(account),
            place=PLACE,
            request=signing.request,
            text=said,
        )


def _unproved(
    draft: Draft, signing: Signing, reason: Reason, error: str, who: Principal | None = None
) -> Draft:
    """Return a refusal's record, in the name of who signed in, if anybody we know did."""
    return replace(
        draft,
        person=who.id if who else "",
        roles=tuple(sorted(who.roles)) if who else (),
        params={"link_of": signing.person},
        reason=reason,
        error=f"signing: {error}",
    )


def hashed(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _new_secret() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def _again(request: str) -> str:
    return f"Type `approve {request}` for a new link."


def _used(signing: Signing) -> str:
    return f"This link was used already; each works once. {_again(signing.request)}"


def _over(signing: Signing) -> str:
    return f"The five minutes to sign {signing.request} are over, and nothing is signed."


def _late(signing: Signing) -> str:
    return f"{_over(signing)} {_again(signing.request)}"


def _outdated(signing: Signing) -> str:
    return f"{signing.request} is not what this link was for any more, so nothing is signed."
