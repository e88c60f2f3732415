"""The people, the services, and the systems of others that are asked about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import (
        Account,
        Alerts,
        Build,
        Change,
        ChangeList,
        ChangeResult,
        Endpoint,
        EngineChannel,
        Finding,
        NewChange,
        Principal,
        Probe,
        Service,
    )
    from bot.ports.ledger import Effect


class Directory(Protocol):
    """The people: accounts join into one Principal per human, only as the people file says."""

    def identify(self, account: Account) -> Principal | None:
        """Return whose account this is, or None; e-mail equality alone never links."""
        ...

    def person(self, person_id: str) -> Principal | None:
        """Return a person by id, with the roles they hold now."""
        ...

    def people(self) -> Sequence[Principal]:
        """Return everybody, by id."""
        ...


class Catalogue(Protocol):
    """The services and their environments, as the estate file declares them."""

    def service(self, service_id: str) -> Service | None:
        """Return a service by its exact id."""
        ...

    def services(self) -> Sequence[Service]:
        """Return every service, by id."""
        ...

    def channel(self, name: str) -> EngineChannel | None:
        """Return the channel of an interface engine that an endpoint of that name stands for."""
        ...

    def environments(self) -> Sequence[str]:
        """Return the names of all environments."""
        ...


class Ci(Protocol):
    """A CI server. Every call ends within its timeout.

    Errors: `Unreachable` (nothing known), `Rejected` (bad credentials, no such thing), both with
    one clear sentence. A malformed answer is `Unreachable`, never green. Only `trigger` and
    `deploy` change anything over there; they are never retried here.
    """

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now.

        `Rejected` where the repository has no such ref.
        """
        ...

    async def authors(self, service: Service, commit: str) -> Sequence[str]:
        """Return the e-mail addresses of who wrote a commit; `Rejected` where that is not told."""
        ...

    async def between(self, service: Service, since: str, until: str) -> ChangeList:
        """Return the commits that are in `until` and not in `since`, both 40 hex digits.

        A list that is cut off says so, and so does one that is not known to be whole. `Rejected`
        where the repository does not tell, or has one of them no more.
        """
        ...

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first."""
        ...

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        ...

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages and failing tests."""
        ...

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log of the stage that matters (failed, else last)."""
        ...

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`."""
        ...

    async def deploy(
        self,
        service: Service,
        version: str,
        commit: str,
        environment: str,
        *,
        correlation: str,
        sites: Sequence[str] = (),
    ) -> Build:
        """Ask for the deploy job to run; returns it queued, findable by `correlation`.

        Without `sites` it goes to the whole environment.
        """
        ...

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        `Unreachable` when that cannot be said.
        """
        ...


class ChangeTickets(Protocol):
    """A change register (ITIL). Built in, or a vendor's.

    `open`, `link` and `close` return effects where the register is ours, so that the record and
    its audit event are one transaction.
    """

    def open(self, new: NewChange) -> Effect[Change]:
        """Open a change; the window defaults to four hours from now. Idempotent by correlation."""
        ...

    def link(
        self, number: str, *, request: str = "", deploy: str = "", approvers: Sequence[str] = ()
    ) -> Effect[Change]:
        """Add links to the request, the deploy and who approved."""
        ...

    def remark(self, number: str, note: str) -> Effect[Change | None]:
        """Note something on an open change, in place of an earlier note; None where it is closed.

        Closing it replaces the note.
        """
        ...

    def close(self, number: str, result: ChangeResult, note: str) -> Effect[Change]:
        """Close a change with its result; `Conflict` when it is closed already."""
        ...

    async def show(self, number: str) -> Change | None:
        """Return a change by number."""
        ...

    async def list(
        self, *, service: str = "", open_only: bool = True, limit: int = 20
    ) -> Sequence[Change]:
        """Return changes, newest first."""
        ...

    async def overlapping(
        self, start: datetime, end: datetime, *, services: Collection[str] = ()
    ) -> Sequence[Change]:
        """Return the changes, closed ones too, whose window meets another one, by their start."""
        ...


class Prober(Protocol):
    """Asks a service how it is: states, counts and versions, never payload; at most 10 s."""

    async def version(self, probe: Probe) -> str:
        """Return the version that answers; `Unreachable` or `Rejected` with a sentence."""
        ...

    async def look(self, probe: Probe) -> Finding:
        """Ask once and say whether the answer is good; raises nothing of the network's.

        What is unreachable, malformed, a redirect or a login page is UNKNOWN, which is not passed.
        """
        ...

    async def ask(self, endpoint: Endpoint) -> Finding:
        """Ask an endpoint in its own protocol, once; raises nothing of the network's.

        FAILED is whatever a healthy one does not do: refuse, stay silent, answer nonsense. UNKNOWN
        is what could not be asked from here. The figures hold `milliseconds`, and `why` where it
        did not pass; cancelling closes the connection.
        """
        ...


@runtime_checkable
class SecurityAlerts(Protocol):
    """What a CI server's own security scans say; a provider of `Ci` may have it too.

    Errors as `Ci`'s. It is only read.
    """

    def tells(self, service: Service) -> bool:
        """Say whether the alerts of a service can be asked for at all."""
        ...

    async def code_alerts(self, service: Service, version: str, commit: str) -> Alerts:
        """Count the open alerts in the code of that very commit.

        `Alerts.unknown` where the scans did not look at it, or not with everything they have.
        """
        ...

    async def dependency_alerts(self, service: Service) -> Alerts:
        """Count the open alerts about what the service depends on, as of now."""
        ...
