"""A witness: a process of other people that signs a checkpoint only where the log grew to it.

It speaks C2SP tlog-witness and answers with a C2SP tlog-cosignature (v1, Ed25519).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self

import httpx

from bot.audit.anchors.anchor import FORK, ROLLBACK, Disagrees
from bot.audit.note import VerifierKey, unverified
from bot.errors import Conflict, Rejected, Unreachable

if TYPE_CHECKING:
    from bot.audit.anchors.anchor import Grown

_COSIGNER: Final = b"\x04"  # the format's mark for an Ed25519 key that cosigns
_SIZE_TYPE: Final = "text/x.tlog.size"
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,15})\n")
_TIMEOUT: Final = 10.0
_DASH: Final = "\N{EM DASH} "
_STAMP: Final = 8  # bytes of a cosignature's time


@dataclass(frozen=True)
class CosignerKey:
    """A witness's public key under its name, as a vkey of type 0x04 writes it."""

    key: VerifierKey

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+id+key`; ValueError where it is no witness's Ed25519 key."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            marked = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError(f"{text[:80]!r} is not a witness's key: name+id+key") from error
        key = VerifierKey(name, cls.id_of(name, marked[1:]), marked[1:])
        if marked[:1] != _COSIGNER or len(key.public) != 32 or key_id != key.key_id.hex():  # noqa: PLR2004 - an Ed25519 key's bytes
            raise ValueError(f"{text[:80]!r} is not a witness's Ed25519 key: name+id+key")
        return cls(key)

    @staticmethod
    def id_of(name: str, public: bytes) -> bytes:
        """Return the id that the format gives such a key."""
        return hashlib.sha256(name.encode() + b"\n" + _COSIGNER + public).digest()[:4]

    def time_of(self, line: str, note: str) -> int | None:
        """Return when this witness cosigned the note, seconds since 1970; None where it did not."""
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        try:
            payload = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None
        if not line.startswith(_DASH) or name != self.key.name or payload[:4] != self.key.key_id:
            return None
        stamp, signature = payload[4 : 4 + _STAMP], payload[4 + _STAMP :]
        at = int.from_bytes(stamp)
        body = note.partition("\n\n")[0] + "\n"
        message = f"cosignature/v1\ntime {at}\n{body}".encode()
        return at if self.key.verifies(message, signature) else None


class Witness:
    """One witness. It cannot be asked what it holds: it says so when it is shown something else."""

    is_asked = False

    def __init__(
        self, name: str, url: str, key: CosignerKey, every: float, client: httpx.AsyncClient
    ) -> None:
        self.name, self.every = name, every
        self.cosigned = ""  # the newest checkpoint with the witness's own signature below
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._key, self._client = key, client
        self._size = 0  # what we believe it has; where that is wrong, it says what is right

    async def held(self) -> str | None:
        """Return None: see the class."""
        return None

    async def keep(self, note: str, *, after: str | None, log: Grown) -> None:  # noqa: ARG002 - it says itself what it has
        """Have a checkpoint cosigned; `Disagrees` where the witness saw another log."""
        size = unverified(note).size
        answer = await self._show(note, log)
        if _size(answer) not in {None, self._size}:
            self._size = _size(answer) or 0
            answer = await self._show(note, log)
        self._judge(answer, size)
        line = next((x for x in answer.text.splitlines() if self._key.time_of(x, note)), None)
        if line is None:
            raise Rejected(f"{self.name} answered without a signature of its key")
        self.cosigned, self._size = f"{note}{line}\n", size

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _show(self, note: str, log: Grown) -> httpx.Response:
        size = unverified(note).size
        if self._size > size:
            had = f"that one had {self._size} events, ours has {size}"
            raise Disagrees(ROLLBACK, self.name, had)
        body = await log.growth(self._size, note)
        try:
            return await self._client.post(
                self._url,
                content=body.encode(),
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=_TIMEOUT,
            )
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__} at {self._url}") from error

    def _judge(self, answer: httpx.Response, size: int) -> None:
        status = answer.status_code
        if status == HTTPStatus.OK:
            return
        if status == HTTPStatus.UNPROCESSABLE_ENTITY:
            why = f"ours, of {size} events, does not begin with its {self._size}"
            raise Disagrees(FORK, self.name, why)
        if _size(answer) == self._size:
            raise Disagrees(FORK, self.name, f"its {self._size} events are others than ours")
        if status == HTTPStatus.CONFLICT:
            raise Conflict(f"{self.name} moved on while it was asked")
        said = {
            HTTPStatus.NOT_FOUND: "it does not know this log: its people have to add it",
            HTTPStatus.FORBIDDEN: "it does not know this log's key: `wardroom audit keys` has it",
        }.get(HTTPStatus(status), f"it answered {status}")
        raise Rejected(f"{self.name}: {said}")


def _size(answer: httpx.Response) -> int | None:
    """Return the size that a witness says it has instead of the one we thought it had."""
    if answer.status_code != HTTPStatus.CONFLICT:
        return None
    if not answer.headers.get("content-type", "").startswith(_SIZE_TYPE):
        return None
    found = _SIZE.fullmatch(answer.content)
    return int(found[1]) if found else None
