"""The people: which accounts are the same human, and the roles that human holds.

The file is read again while we run, so that who leaves loses everything at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Annotated, TypeAlias

import structlog
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from bot import documents
from bot.documents import Block, matching
from bot.errors import ConfigurationError
from bot.model import Account, AccountKind, Membership, Principal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

LOG = structlog.get_logger(__name__)
OWN_DOORS = frozenset({"web", "terminal"})

SlackTeam: TypeAlias = Annotated[
    str, matching(r"[TE][A-Z0-9]+", "must be the workspace's id, such as T012AB3CD, not its name")
]
SlackUser: TypeAlias = Annotated[
    str,
    matching(
        r"[UW][A-Z0-9]+", "must be a member id, such as U012AB3CD (profile, then Copy member ID)"
    ),
]
EntraId: TypeAlias = Annotated[
    str,
    StringConstraints(to_lower=True),
    matching(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "must be an id like 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
    ),
]
Subject: TypeAlias = Annotated[
    str,
    matching(
        r"[\x21-\x3f\x41-\x7e]{1,255}",
        "must be the sign-in provider's own id of the account (sub, or oid), not an e-mail address",
    ),
]
PersonId: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9.-]{0,63}", "must be lower-case letters, digits, . and -")
]


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class SlackAccount(Block):
    """A member of a Slack workspace."""

    team: SlackTeam
    user: SlackUser


class TeamsAccount(Block):
    """A user of a Teams tenant, by Entra object id."""

    tenant: EntraId
    object_id: EntraId


class OidcAccount(Block):
    """An account at the hospital's sign-in provider, by its subject."""

    subject: Subject


class Person(Block):
    """One human in the people file; `slack` and `teams` hold one account or a list of them.

    `oidc` is the account that they sign approvals with; nobody types from it.

    Who is not `active` is nobody, from every account, and keeps their id for the record.
    """

    id: PersonId
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    email: Annotated[str, matching(r"([^@\s]+@[^@\s]+)?", "must be an e-mail address")] = ""
    active: bool = True
    roles: tuple[str, ...] = Field(default=())
    slack: Annotated[tuple[SlackAccount, ...], BeforeValidator(_listed)] = ()
    teams: Annotated[tuple[TeamsAccount, ...], BeforeValidator(_listed)] = ()
    oidc: OidcAccount | None = None

    def accounts(self) -> list[Account]:
        """Return every account of this human that is not on our own doors."""
        signing = [Account("oidc", self.oidc.subject)] if self.oidc else []
        return self.chats() + signing

    def chats(self) -> list[Account]:
        """Return the accounts that this human types from."""
        slack = [Account("slack", one.user, one.team) for one in self.slack]
        return slack + [Account("teams", one.object_id, one.tenant) for one in self.teams]


@dataclass(frozen=True)
class People:
    """The people file in memory; a `bot.ports.Directory`.

    `by_id` has those who are active, `by_account` the ids of everybody.
    """

    by_id: Mapping[str, Principal]
    by_account: Mapping[Account, str]
    sandbox: bool = False

    def identify(self, account: Account) -> Principal | None:
        """Return whose account this is, or None; guests, bots and externals are nobody."""
        if account.kind is not AccountKind.MEMBER:
            return None
        if account.platform in OWN_DOORS:
            # Personas instead of logins: only the sandbox, which listens on loopback alone.
            known = self.sandbox and not account.tenant
            return self.by_id.get(account.user) if known else None
        return self.by_id.get(self.by_account.get(account.key(), ""))

    def has(self, account: Account) -> bool:
        """Say whether the file says whose account this is, active or not."""
        return account.key() in self.by_account

    def accounts(self, person_id: str) -> Sequence[Account]:
        """Return a person's accounts, as the file has them."""
        return [account for account, owner in self.by_account.items() if owner == person_id]

    def person(self, person_id: str) -> Principal | None:
        """Return a person by id, with the roles they hold now."""
        return self.by_id.get(person_id)

    def people(self) -> Sequence[Principal]:
        """Return everybody, by id."""
        return [self.by_id[name] for name in sorted(self.by_id)]


class LiveDirectory:
    """The people as they are now: the file as it last was whole, and the links."""

    def __init__(
        self, path: Path, *, sandbox: bool, roles: Callable[[], Collection[str]] | None = None
    ) -> None:
        """Read the file; `ConfigurationError` lists every problem."""
        self._path, self._sandbox = path, sandbox
        self._roles = roles or shipped_roles
        self._stamp = _stamp(path)
        self._people = load(path, sandbox=sandbox, roles=self._roles())
        self._links: Mapping[Account, str] = {}
        self.trouble = ""

    def identify(self, account: Account) -> Principal | None:
        """Return whose account this is, or None; what the file says of it wins over a link."""
        people = self._people
        found = people.identify(account)
        if found is not None or account.kind is not AccountKind.MEMBER or people.has(account):
            return found
        return people.person(self._links.get(account.key(), ""))

    def person(self, person_id: str) -> Principal | None:
        """Return a person by id, with the roles they hold now."""
        return self._people.person(person_id)

    def people(self) -> Sequence[Principal]:
        """Return everybody, by id."""
        return self._people.people()

    def accounts(self, person_id: str) -> Sequence[Account]:
        """Return a person's accounts, as the file has them."""
        return self._people.accounts(person_id)

    def members(self) -> Mapping[str, Membership]:
        """Return what the file gives everybody who is active."""
        people = self._people
        accounts: dict[str, set[str]] = {person: set() for person in people.by_id}
        for account, owner in people.by_account.items():
            if owner in accounts:
                accounts[owner].add(f"{account.platform}:{account.user}@{account.tenant}")
        return {
            person: Membership(people.by_id[person].roles, frozenset(named))
            for person, named in accounts.items()
        }

    def use(self, links: Mapping[Account, str]) -> None:
        """Take these as all the links there are."""
        self._links = dict(links)

    def read(self, roles: Collection[str] | None = None) -> People:
        """Return what the file holds now; `ConfigurationError` lists every problem."""
        known = self._roles() if roles is None else roles
        return load(self._path, sandbox=self._sandbox, roles=known)

    def read_again(self) -> None:
        """Have the next look read the file: the roles that there are may have changed."""
        self._stamp = None

    async def look(self) -> None:
        """Read the file again if it changed; a broken one changes nobody, and is said once."""
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            people = await asyncio.to_thread(self.read)
        except ConfigurationError as error:
            self.trouble = (
                "the people file is broken, so the people are those it last held; "
                "`wardroom doctor` says what to mend"
            )
            LOG.error("the people file is broken, nobody is changed", why=str(error))  # noqa: TRY400 - its text says all there is to say
            return
        self._people, self.trouble = people, ""
        LOG.info("the people file was read again", people=len(people.by_id))


def shipped_roles() -> frozenset[str]:
    """Return the names of the roles that the shipped policies know."""
    text = (resources.files("bot.policy") / "hierarchy.json").read_text("utf-8")
    return frozenset(json.loads(text)["roles"])


def load(path: Path, *, sandbox: bool, roles: Collection[str] | None = None) -> People:
    """Return the people of a file, checked whole; `ConfigurationError` lists every problem."""
    known = shipped_roles() if roles is None else roles
    rows = documents.read(path)
    if not isinstance(rows, list) or not rows:
        raise documents.refuse(path, ["must be a list of people, one `- id: ...` each"])
    people: list[Person] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        label = documents.label(row, number)
        try:
            people.append(Person.model_validate(row))
        except ValidationError as error:
            problems += documents.sentences(error, Person, (label,))
    for person in people:
        problems += _wrong_roles(person, known)
        if not sandbox and person.active and not person.chats():
            problems.append(
                f"{person.id}: has no slack or teams account, so nobody can be identified as "
                "them; add one (personas without an account work in sandbox mode only)"
            )
    problems += _twice(people)
    if problems:
        raise documents.refuse(path, problems)
    return _join(people, sandbox=sandbox)


def _wrong_roles(person: Person, known: Collection[str]) -> list[str]:
    return [
        f"{person.id}.roles: there is no role {role}{documents.nearest(role, known)}"
        for role in person.roles
        if role not in known
    ]


def _twice(people: Sequence[Person]) -> list[str]:
    """Return a sentence for every id or account that would stand for two people."""
    problems: list[str] = []
    ids: set[str] = set()
    owners: dict[Account, str] = {}
    for person in people:
        if person.id in ids:
            problems.append(f"{person.id}: is there twice; one human is one entry")
        ids.add(person.id)
        for account in person.accounts():
            owner = owners.setdefault(account, person.id)
            if owner != person.id:
                problems.append(
                    f"{person.id}.{account.platform}: {account.user} is {owner}'s account already; "
                    "an account belongs to one human"
                )
    return problems


def _join(people: Sequence[Person], *, sandbox: bool) -> People:
    by_id = {
        one.id: Principal(one.id, one.name, frozenset(one.roles), one.email)
        for one in people
        if one.active
    }
    by_account = {account: one.id for one in people for account in one.accounts()}
    return People(by_id, by_account, sandbox)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what tells one state of a file from another; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
