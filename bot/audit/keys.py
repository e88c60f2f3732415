"""The keys that sign the log: in a file of their own, readable by nobody else.

The file holds one line, the private key in the form of Go's signed notes. Its name is the log's
origin, so that the log keeps its name whatever the settings call it later. Beside it lies, between
a rotation's beginning and its end, the key that is to follow.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
import shlex
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.audit.note import VerifierKey
from bot.errors import AuditUnavailable

_MARK: Final = "PRIVATE+KEY+"
_ED25519: Final = b"\x01"
_SEED: Final = 32
_MODE: Final = 0o600
_NEXT: Final = ".next"


@dataclass(frozen=True)
class PrivateKey:
    """An Ed25519 key that signs under a name: a `Signer` on this machine."""

    key: VerifierKey
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    @classmethod
    def new(cls, name: str) -> Self:
        """Return a fresh key; ValueError for what cannot be a name."""
        return cls.of(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def of(cls, name: str, seed: bytes) -> Self:
        """Return the key that a seed of 32 bytes makes."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(VerifierKey.of(name, private.public_key().public_bytes_raw()), private)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `secret` returned; ValueError, without a word of it, for anything else."""
        try:
            name, _, encoded = text.removeprefix(_MARK).split("+", 2)
            marked = base64.b64decode(encoded, validate=True)
            key = cls.of(name, marked[len(_ED25519) :])
        except (binascii.Error, ValueError):
            key = None
        if key is None or key.secret != text:
            raise ValueError("this is no private key")
        return key

    @property
    def secret(self) -> str:
        """Return the private key as text."""
        encoded = base64.b64encode(_ED25519 + self._private.private_bytes_raw()).decode("ascii")
        return f"{_MARK}{self.key.name}+{self.key.key_id.hex()}+{encoded}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        return self._private.sign(message)


class KeyStore(Protocol):
    """Where the signing keys are; AuditUnavailable, with the mend, where they cannot be had."""

    def load(self) -> Sequence[PrivateKey]:
        """Return the key in force and, while a rotation is under way, the next; none at first."""
        ...

    def make(self) -> PrivateKey:
        """Make the first key, durably; where another process was faster, return that one's."""
        ...

    def make_next(self) -> PrivateKey:
        """Make the key that is to follow, durably, or return the one that is there already."""
        ...

    def promote(self) -> None:
        """Put the next key in force and destroy the one before."""
        ...


@dataclass(frozen=True)
class KeyFile:
    """The keys of one log in a file; `origin` is the name of a log that has none yet."""

    file: Path
    origin: str

    @property
    def next(self) -> Path:
        """Where the next key lies during a rotation."""
        return self.file.with_name(self.file.name + _NEXT)

    def load(self) -> Sequence[PrivateKey]:
        """Return the keys in the file and beside it."""
        keys = [key for key in (_read(self.file), _read(self.next)) if key is not None]
        if len({key.key.name for key in keys}) > 1:
            raise AuditUnavailable(
                f"{self.next} is the key of another log than {self.file}; move it away"
            )
        return keys

    def make(self) -> PrivateKey:
        """Make the first key in the file."""
        return self._written(self.file, self.origin)

    def make_next(self) -> PrivateKey:
        """Make the key that is to follow, or return the one that is there already."""
        keys = self.load()
        if not keys:
            raise AuditUnavailable(f"there is no key in {self.file} to follow on")
        return self._written(self.next, keys[0].key.name)

    def promote(self) -> None:
        """Rename the next key over the one before; nothing where that was done already."""
        try:
            with contextlib.suppress(FileNotFoundError):
                self.next.replace(self.file)
            _sync(self.file.parent)
        except OSError as error:
            raise _unusable(self.next, error) from error

    def _written(self, file: Path, name: str) -> PrivateKey:
        key = PrivateKey.new(name)
        # Under another name first, so that nobody ever reads half a key.
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                _write(draft, f"{key.secret}\n".encode())
                os.link(draft, file)
            draft.unlink(missing_ok=True)
            _sync(file.parent)
        except OSError as error:
            raise _unusable(file, error) from error
        found = _read(file)
        if found is None:
            raise AuditUnavailable(f"{file} was taken away as it was made")
        return found


def _read(file: Path) -> PrivateKey | None:
    """Return the key in a file, or None where there is no file."""
    try:
        mode = file.stat().st_mode
        text = file.read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(file, error) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuditUnavailable(
            f"others on this machine can read the audit log's key; run: chmod 600 {_named(file)}"
        )
    try:
        return PrivateKey.parse(text.removesuffix("\n"))
    except ValueError as error:
        raise _unusable(file, error) from error


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    """Make the folder's names durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(file: Path, error: Exception) -> AuditUnavailable:
    why = (error.strerror or "error").lower() if isinstance(error, OSError) else "it holds no key"
    mend = (
        f"run as the service's user, or: chown USER {_named(file)}"
        if isinstance(error, PermissionError)
        else "bring the file back from where you keep its copy, or see docs/operations.md"
    )
    return AuditUnavailable(f"cannot use the audit log's key {file}: {why}; {mend}")


def _named(file: Path) -> str:
    return shlex.quote(str(file))
