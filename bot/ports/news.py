"""What other systems tell us by themselves, so that we need not ask again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class News(Protocol):
    """Word from CI servers that something about a build has changed.

    It is a reason to look, and is never believed: what the build is now is read from the CI
    server, with our credentials. So a forged, repeated or late one does no harm.
    """

    async def wait(self, build_id: str, seconds: float) -> bool:
        """Return after that time, or at once when there is word of the build; say whether."""
        ...


class Hook(Protocol):
    """How one vendor's webhooks are read: a module `integrations/VENDOR/hook.py`.

    Header names are in lower case.
    """

    def is_genuine(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
        """Say whether whoever sent it knows one of the secrets, as the vendor proves that."""
        ...

    def builds(self, headers: Mapping[str, str], told: Mapping[str, object]) -> Sequence[str]:
        """Return the ids, or their last part, of the builds that it is about; none is no fault.

        At a ticket system these are the numbers of tickets.
        """
        ...
