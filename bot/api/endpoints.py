"""Finding the endpoint that somebody means: by its name, or by its service; never by a guess."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from bot.errors import BadInput
from bot.model import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Endpoint, EndpointKind
    from bot.ports import Catalogue

USUAL: Final = "production"
SHOWN: Final = 40


def endpoints(catalogue: Catalogue, service: str = "", environment: str = "") -> Sequence[Endpoint]:
    """Return the endpoints of a service, of an environment, or of all, as they are declared."""
    return [
        endpoint
        for one in catalogue.services()
        if service in ("", one.id)
        for place in one.environments
        if environment in ("", place.name)
        for endpoint in place.endpoints
    ]


def endpoint_meant(
    catalogue: Catalogue, kind: EndpointKind, target: str, environment: str = ""
) -> Endpoint:
    """Return the endpoint of a kind that a name means, or a service in an environment.

    `BadInput` where there is none (it says what is near) or more than one (it names them).
    """
    wanted = target.strip().lower()
    known = endpoints(catalogue)
    named = next((one for one in known if one.name == wanted), None)
    if named is not None:
        return _fitting(named, kind, environment)
    if catalogue.service(wanted) is None:
        raise BadInput(_nobody(wanted, known), reason=Reason.NOT_FOUND)
    place = environment or USUAL
    candidates = [one for one in endpoints(catalogue, wanted, place) if one.kind is kind]
    if not candidates:
        raise BadInput(
            f"{wanted} declares no endpoint of the kind {kind.value} in {place}. "
            f"`probe list {wanted}` shows what it has.",
            reason=Reason.NOT_FOUND,
        )
    if len(candidates) > 1:
        names = ", ".join(f"`probe {kind.value} {one.name}`" for one in candidates)
        raise BadInput(
            f"{wanted} has {len(candidates)} of the kind {kind.value} in {place}: which one? "
            f"Type {names}.",
            reason=Reason.AMBIGUOUS,
        )
    return candidates[0]


def endpoint_named(catalogue: Catalogue, name: str) -> Endpoint:
    """Return the endpoint of a name; `BadInput` says what is near where there is none."""
    wanted, known = name.strip().lower(), endpoints(catalogue)
    found = next((one for one in known if one.name == wanted), None)
    if found is None:
        raise BadInput(_nobody(wanted, known), reason=Reason.NOT_FOUND)
    return found


def _fitting(named: Endpoint, kind: EndpointKind, environment: str) -> Endpoint:
    if named.kind is not kind:
        raise BadInput(
            f"{named.name} is of the kind {named.kind.value}, not {kind.value}. "
            f"Type `probe {named.kind.value} {named.name}`."
        )
    if environment not in ("", named.environment):
        raise BadInput(
            f"{named.name} is in {named.environment}, not in {environment}. "
            f"Type `probe {named.kind.value} {named.name}`."
        )
    return named


def _nobody(wanted: str, known: Sequence[Endpoint]) -> str:
    names = {one.name for one in known} | {one.service for one in known}
    near = difflib.get_close_matches(wanted, sorted(names), n=3, cutoff=0.6)
    hint = f" Did you mean {', '.join(near)}?" if near else " `probe list` shows what there is."
    return f"There is no endpoint or service `{wanted[:SHOWN]}` to ask.{hint}"
