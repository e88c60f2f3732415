"""Joins one more account to a person, with proof on both sides; implements `bot.api.Linking`.

A code is made by an account that is known and typed by one that is not: whoever does both has
both. It is good for ten minutes and once, and is kept as a hash only. What the people file says of
an account wins, and a link is worth nothing once its person is not in the file or not active.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.api import Caller, Done, Known
from bot.errors import BadInput, Conflict, NotAuthorised, NotIdentified
from bot.model import Account, AccountKind, Principal, Reason, Reply, Visibility
from bot.moments import written
from bot.ports import Clock, Transaction
from bot.stores import Link, LinkCode, Links

ADMINISTRATOR: Final = "administrator"
LASTS: Final = timedelta(minutes=10)
TRIES: Final = 5  # wrong codes of one account within that time
REMEMBERED: Final = timedelta(days=1)  # how long a code is told from one that never was
# No vowels: no code is a word. No digits: none looks like somebody's number.
LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
GROUPS, GROUP = 4, 4  # 69 bits, so that not even its hash can be guessed in ten minutes
OURS: Final = frozenset({"web", "terminal"})

STRANGER = (
    "I do not know you in this chat, so there is nobody to link to. In a chat that knows you type "
    "`link`, then type `link CODE` here. If none knows you, ask your Wardroom administrator."
)
OUTSIDER = "Guest, bot and external accounts cannot be linked; ask from a member's account."
AGAIN = "Type `link` in the chat that knows you for a new one."


class Members(Protocol):
    """What a link needs to know of the people."""

    def identify(self, account: Account) -> Principal | None:
        """Return whose account this is, or None."""
        ...

    def person(self, person_id: str) -> Principal | None:
        """Return a person who is active, by id."""
        ...

    def accounts(self, person_id: str) -> Sequence[Account]:
        """Return a person's accounts, as the people file has them."""
        ...

    def use(self, links: Mapping[Account, str]) -> None:
        """Take these as all the links there are."""
        ...


@dataclass
class LinkDesk:
    """Makes codes, takes them, and ends links."""

    links: Links
    members: Members
    holds: Callable[[Principal, str], bool]
    clock: Clock
    _known: Sequence[Link] = ()
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        """Read the links again: another process may have made or ended some."""
        async with self._reading:  # so that an older reading never replaces a newer one
            self._known = await self.links.list()
            self.members.use({link.account: link.person for link in self._known})

    def accounts(self, person: str) -> Sequence[Known]:
        """Return a person's accounts, those of the people file first."""
        stated = [Known(account) for account in self.members.accounts(person)]
        linked = [Known(one.account, one.at, one.by) for one in self._known if one.person == person]
        return [*stated, *(one for one in linked if self._counts(one.account, person))]

    async def offer(self, caller: Caller) -> Done:
        """Make a code; it is added to the answer after the record, which never holds it."""
        _refuse_outsider(caller.account)
        if not caller.principal.id:
            raise NotIdentified(STRANGER)
        code, until = _new_code(), self.clock.now() + LASTS
        kept = LinkCode(_hash(code), caller.principal.id, caller.account.key(), until)
        effect = self.links.offer(kept, forget=self.clock.now() - REMEMBERED)

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            said = (
                f"Your code is {code}. In the chat that does not know you yet, type "
                f"`link {code}` before {written(until)}. It works once. Show it to nobody: "
                "whoever types it is you from then on."
            )
            return replace(reply, text=said, code=f"link {code}")

        return Done((effect,), lambda _results: _private(_made(until)), tell)

    async def redeem(self, caller: Caller, code: str) -> Done:
        """Join the caller's account to the person who made the code."""
        _refuse_outsider(caller.account)
        account = caller.account.key()
        if account.platform in OURS:
            raise BadInput("Accounts of chat platforms are linked; here you choose who you are.")
        if caller.principal.id:
            raise BadInput(
                f"This account is {caller.principal.id}'s already. A code is typed in the chat "
                "that does not know you yet, not in the one that made it.",
                reason=Reason.DUPLICATE,
            )
        if caller.dry_run:
            # It would be undone, and so would the count of wrong codes.
            return Done(
                (),
                lambda _results: Reply(
                    "whether the code is right, which I only look at when it counts."
                ),
            )
        hashed = _hash(code)
        return Done((lambda tx: self._redeem(tx, account, hashed),), _said, self._after)

    async def unlink(self, caller: Caller, account: str, person: str, reason: str) -> Done:
        """End a link, and the codes that the account made."""
        target = self._target(caller, person, reason)
        mine = [link for link in await self.links.list() if link.person == target]
        found = [link for link in mine if account.lower() in _names(link.account)]
        if not found:
            raise BadInput(_none(target, mine), reason=Reason.NOT_FOUND)
        if len(found) > 1:
            listed = " or ".join(f"`unlink {_names(link.account)[-1]}`" for link in found)
            raise BadInput(
                f"{target} has several of those: type {listed}.", reason=Reason.AMBIGUOUS
            )
        gone = found[0].account

        def effect(tx: Transaction) -> Reply:
            if not self.links.remove(gone)(tx):
                raise Conflict("That link has ended already.", reason=Reason.NOT_FOUND)
            return Reply(f"{shown(gone)} is not {target}'s any more; it can only ask for help now.")

        return Done((effect,), _said, self._after)

    def _redeem(self, tx: Transaction, account: Account, hashed: str) -> Reply:
        now = self.clock.now()
        tries = self.links.tries(account, now - LASTS)(tx)
        if len(tries) >= TRIES:
            until = tries[0] + LASTS
            text = f"Too many wrong codes from this account. Wait until {written(until)}. {AGAIN}"
            return Reply(text, Reason.LOCKED)
        code = self.links.find(hashed)(tx)
        if code is None:
            self.links.add_try(account, now)(tx)
            left = TRIES - len(tries) - 1
            return Reply(
                f"That is no code of mine. Look again ({left} tries left). {AGAIN}",
                Reason.BAD_INPUT,
            )
        refusal = self._refusal(code, account)
        if refusal is not None:
            return refusal
        if not self.links.add(Link(account, code.person, now, code.person))(tx):
            return Reply("This account is linked already. `whoami` says to whom.", Reason.DUPLICATE)
        self.links.use(hashed)(tx)
        return Reply(
            f"Linked: {shown(account)} is {code.person}'s now. `whoami` shows all of yours."
        )

    def _refusal(self, code: LinkCode, account: Account) -> Reply | None:
        """Return why a code that was made here is not taken; it costs no try."""
        if code.is_used:
            return Reply(f"That code was used already; each works once. {AGAIN}", Reason.DUPLICATE)
        if code.expires <= self.clock.now():
            return Reply(f"That code has expired; each lasts 10 minutes. {AGAIN}", Reason.EXPIRED)
        if code.maker == account:
            text = "That code was made by this account. Type it in your other chat."
            return Reply(text, Reason.DUPLICATE)
        owner = self.members.identify(code.maker)
        if owner is None or owner.id != code.person:
            text = "Whoever made that code is not known any more; ask your Wardroom administrator."
            return Reply(text, Reason.NOT_IDENTIFIED)
        return None

    def _target(self, caller: Caller, person: str, reason: str) -> str:
        """Return whose link is to end; somebody else's only for an administrator, who says why."""
        named = self._named(caller, person)
        if named in ("", caller.principal.id):
            return caller.principal.id
        if not self.holds(caller.principal, ADMINISTRATOR):
            raise NotAuthorised(
                f"Ending somebody else's link needs the role {ADMINISTRATOR}; "
                "`unlink ACCOUNT` ends one of yours."
            )
        if not reason.strip():
            raise BadInput(f"Say why you end a link of {named}: add `--reason ...`.")
        return named

    def _named(self, caller: Caller, person: str) -> str:
        """Return the id of who is named or mentioned, in the people file or not any more."""
        name = person.strip().removeprefix("@")
        mentioned = Account(caller.account.platform, name, caller.account.tenant)
        found = self.members.person(name.lower()) or self.members.identify(mentioned)
        return found.id if found else name.lower()

    def _counts(self, account: Account, person: str) -> bool:
        owner = self.members.identify(account)
        return owner is not None and owner.id == person

    async def _after(self, reply: Reply, _results: tuple[object, ...]) -> Reply:
        await self.refresh()  # refused, too: another process may know more
        return reply


def shown(account: Account) -> str:
    """Return an account as people read it: platform, id, and whose."""
    of = f" of {account.tenant}" if account.tenant else ""
    return f"{account.platform} {account.user}{of}"


def _refuse_outsider(account: Account) -> None:
    if account.kind is not AccountKind.MEMBER:
        raise NotAuthorised(OUTSIDER)


def _new_code() -> str:
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def _hash(code: str) -> str:
    """Return a code's hash, whatever somebody put between its letters."""
    return hashlib.sha256(re.sub("[^A-Z]", "", code.upper()).encode()).hexdigest()


def _made(until: datetime) -> str:
    return (
        f"A code to link another chat was made, good until {written(until)}. It was shown once; "
        "type `link` for another."
    )


def _private(text: str) -> Reply:
    return Reply(text, visibility=Visibility.PRIVATE)


def _said(results: tuple[object, ...]) -> Reply:
    reply = results[0]
    if not isinstance(reply, Reply):
        raise TypeError(f"not a reply: {type(reply).__name__}")
    return replace(reply, visibility=Visibility.PRIVATE)


def _names(account: Account) -> tuple[str, ...]:
    """Return what an account may be called; the last one fits no other."""
    names = (account.platform, account.user, f"{account.platform}:{account.user}")
    return tuple(name.lower() for name in names)


def _none(person: str, mine: Sequence[Link]) -> str:
    if not mine:
        return (
            f"{person} has no linked account. What the people file says of an account is ended "
            "there, by your Wardroom administrator."
        )
    return f"{person} has no such link. There is: {', '.join(shown(one.account) for one in mine)}."
