"""A C2SP witness on loopback, which checks by a library of other people what it is shown.

async with served(Witness("witness.example/w1", log_key).app) as url: ...
"""

from __future__ import annotations

import base64
import hashlib
import struct
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request, Response
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint, ConsistencyProof, ConsistencyProofInvalid

OK, CONFLICT = 200, 409
EMPTY = hashlib.sha256(b"").digest()


class Witness:
    """One that knows one log; `size` and `root` are what it cosigned last."""

    def __init__(self, name: str, log_key: str) -> None:
        self.name = name
        self.size, self.root = 0, EMPTY
        self.is_silent = False
        self.shown: list[str] = []
        self._log = Vkey.from_string(log_key)
        self._private = Ed25519PrivateKey.generate()
        self.app = FastAPI()
        self.app.add_api_route("/add-checkpoint", self._add, methods=["POST"])

    @property
    def key(self) -> str:
        """Its public key, as a vkey of type 4."""
        return str(self._vkey.serialize())  # type: ignore[no-untyped-call] # theirs

    @property
    def _vkey(self) -> Vkey:
        return Vkey(self.name, None, 4, self._private.public_key().public_bytes_raw())

    async def _add(self, request: Request) -> Response:
        body = (await request.body()).decode()
        self.shown.append(body)
        if self.is_silent:
            return Response(status_code=503)
        head, _, note = body.partition("\n\n")
        first, *lines = head.split("\n")
        old, checkpoint = int(first.removeprefix("old ")), Checkpoint.from_text(note)
        status = self._status(old, checkpoint, [base64.b64decode(line) for line in lines])
        if status == CONFLICT:
            return Response(f"{self.size}\n", status, headers={"Content-Type": "text/x.tlog.size"})
        if status != OK:
            return Response(status_code=status)
        self.size, self.root = checkpoint.size, checkpoint.root_hash
        return Response(self._cosigned(checkpoint))

    def _status(self, old: int, checkpoint: Checkpoint, path: list[bytes]) -> int:
        if checkpoint.origin != self._log.name:
            return 404
        try:
            checkpoint.verify(self._log)
            if old > checkpoint.size:
                return 400
            if old != self.size or (old == checkpoint.size and self.root != checkpoint.root_hash):
                return CONFLICT
            if old and old != checkpoint.size:
                ConsistencyProof(old, checkpoint.size, path).check(self.root, checkpoint.root_hash)
        except (RuntimeError, InvalidSignature):
            return 403
        except ConsistencyProofInvalid:
            return 422
        return OK

    def _cosigned(self, checkpoint: Checkpoint) -> str:
        now = int(time.time())
        message = f"cosignature/v1\ntime {now}\n{checkpoint.serialize_body()}".encode()
        signature = struct.pack(">Q", now) + self._private.sign(message)
        payload = struct.pack(">I", self._vkey.key_id) + signature
        return f"\u2014 {self.name} {base64.b64encode(payload).decode()}\n"
